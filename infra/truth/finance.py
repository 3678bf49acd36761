"""Bank customers: money that comes and goes, what is borrowed, invested and insured."""

from __future__ import annotations

from random import Random
from typing import Any

from infra.truth.life import HOURS, Life, minutes
from infra.truth.moments import DAYS, Millis
from infra.truth.persona import chance, drawn


def own(rng: Random) -> dict[str, Any]:
    """What only a bank's customers have."""
    band = drawn(rng, ("basic", 34), ("core", 30), ("affluent", 20), ("private", 16))
    by_phone = chance(rng, 0.14)
    risk = drawn(rng, ("conservative", 20), ("steady", 24), ("balanced", 22), ("growth", 20), ("aggressive", 14))
    return {
        "traits": {
            "asset_band": band,
            "credit_level": drawn(rng, ("excellent", 35), ("good", 30), ("fair", 20), ("watch", 15)),
            "risk_level": risk,
            "has_advisor": band == "private" or chance(rng, 0.1),
        },
        "banks_in_app": chance(rng, 0.3),
        "advisor": drawn(rng, ("never", 60), ("meets", 24), ("met", 16)),
        "invests": drawn(rng, ("no", 36), ("holds", 18), ("monthly", 24), ("trades", 22)),
        "invests_online": chance(rng, 0.65),
        "asks_first": chance(rng, 0.3),
        "salary": chance(rng, 0.4),
        "card": drawn(rng, ("none", 22), ("dormant", 14), ("some", 34), ("daily", 30)),
        "pays": drawn(rng, ("full", 58), ("minimum", 22), ("late", 20)),
        "travels": chance(rng, 0.14),
        "spreads": chance(rng, 0.12),
        "short_of_money": chance(rng, 0.14),
        "borrows": chance(rng, 0.28),
        "insured": chance(rng, 0.2),
        "eyes_insurance": chance(rng, 0.15),
        "phones_about_cards": by_phone,
        "ways": {"channel": "phone"} if by_phone else {},
        "hit_by_fraud": chance(rng, 0.2),
        "wants_limit": chance(rng, 0.1),
        "minds_fees": chance(rng, 0.12),
        "moves_out": chance(rng, 0.1),
        "interests": (),
        "ends_day": rng.randint(30, DAYS - 1),
        "waits": chance(rng, 0.12),
        "bill_day": rng.randint(1, 28),
        "claim_day": rng.randint(20, DAYS + 60),
        "loan_day": rng.randint(5, DAYS + 10),
    }


def daily(life: Life, day: int) -> None:
    """A day of a bank customer."""
    own = life.who.own
    month_day = day % 30
    if own["salary"] and month_day == 9:
        life.did("got_salary", life.moment(day, HOURS["day"]), "api", kind="salary", amount="9800.00", currency="CNY")
    _card(life, day, month_day)
    _invest(life, day)
    if day >= 0:
        _bank(life, day)
        _borrow(life, day)
        _insure(life, day)
        _worry(life, day)
    elif day == life.who.first_day + 20 and own["insured"]:
        _buy_insurance(life, day)


def _card(life: Life, day: int, month_day: int) -> None:
    own = life.who.own
    if own["card"] == "none":
        return
    if day == life.who.first_day + 5:
        life.did("card_given", life.moment(day, HOURS["day"]), "api", kind="credit")
    if own["card"] == "dormant":
        if day == life.who.first_day + 12 and life.chance(0.6):
            life.did(
                "card_swiped", life.moment(day), "app", amount="40.00", currency="CNY", kind="purchase", abroad=False
            )
        return
    often = 0.75 if own["card"] == "daily" else 0.2
    if day >= -20 and life.chance(often):
        abroad = own["travels"] and life.chance(0.3)
        cash = own["short_of_money"] and life.chance(0.12)
        kind = "cash" if cash else "purchase"
        life.did("card_swiped", life.moment(day), "app", amount="120.00", currency="CNY", kind=kind, abroad=abroad)
    if day > life.who.first_day + 25 and month_day == own["bill_day"]:
        _bill(life, day)
    if day >= 0 and life.chance(1 / 320):
        at = life.did("card_stopped", life.moment(day), "app", kind="credit")
        if life.chance(0.6):
            life.did("card_given", life.after(at, 60, 200), "api", kind="credit")


def _bill(life: Life, day: int) -> None:
    own, ref = life.who.own, life.ref("b")
    fields: dict[str, Any] = {"ref": ref, "product": "card", "amount": "2400.00", "currency": "CNY"}
    at = life.did("billed", life.moment(day, HOURS["day"]), "api", **fields)
    if own["spreads"] and life.chance(0.75):
        life.did("used", life.after(at, 5, 100), "app", feature="bill_instalment")
    due = life.after(at, 15 * 24, 17 * 24)
    if own["pays"] == "late" and life.chance(0.7):
        late = life.did("fell_overdue", due, "api", **fields)
        if life.chance(0.75):
            life.did("paid_bill", life.after(late, 30, 900), "app", **fields, partial=own["short_of_money"])
        if life.chance(0.3):
            life.ask(life.after(late, 2, 60), "repayment")
        return
    partial = own["pays"] == "minimum" and life.chance(0.95)
    life.did("paid_bill", due - 3 * 24 * minutes(60), "app", **fields, partial=partial)


def _invest(life: Life, day: int) -> None:
    own = life.who.own
    if own["invests"] == "no":
        return
    risks = {"conservative": ("r1", "r2"), "steady": ("r1", "r2"), "balanced": ("r2", "r3", "r4")}
    risk = life.rng.choice(risks.get(own["traits"]["risk_level"], ("r3", "r4", "r5")))
    by = life.rng.choice(("app", "web")) if own["invests_online"] and life.chance(0.97) else "desk"
    fields: dict[str, Any] = {"product": "fund", "amount": "3000.00", "currency": "CNY", "risk": risk}
    age = day - life.who.first_day
    if own["invests"] == "holds":
        if age == 8:
            life.did("invested", life.moment(day), by, **fields, recurring=False)
        if day == own["loan_day"]:
            life.did("investment_matures", life.moment(day, HOURS["day"]), "api", **fields)
        return
    if own["invests"] == "monthly" and age > 5 and age % 30 == 6:
        _asks_first(life, life.did("invested", life.moment(day), by, **fields, recurring=True))
    if own["invests"] == "trades" and day >= -20 and life.chance(0.3):
        if life.chance(0.6):
            _asks_first(life, life.did("invested", life.moment(day), by, **fields, recurring=False), 0.3)
        else:
            life.did("redeemed", life.moment(day), by, **fields)


def _asks_first(life: Life, at: Millis, often: float = 0.9) -> None:
    if life.who.own["asks_first"] and life.chance(often):
        for step in range(life.rng.randint(1, 2)):
            life.ask(at - minutes(200 + 900 * step), "investment")
        for step in range(3):
            life.viewed(at - minutes(300 + step), life.web(), "fund")


def _bank(life: Life, day: int) -> None:
    own = life.who.own
    if own["banks_in_app"] and life.chance(0.5):
        for _ in range(life.rng.randint(1, 2)):
            life.used(day, life.rng.choice(("transfer", "balance", "statement", "bill_payment")), "app")
    elif life.chance(0.03):
        life.used(day, "balance", "app")
    if own["advisor"] == "meets" and life.chance(1 / 28):
        at = life.did("met_advisor", life.moment(day, HOURS["day"]), "desk", kind="advisor")
        if life.chance(0.7):
            life.rated(life.after(at, 2, 60), life.score(at))
    if own["moves_out"] and life.chance(0.11):
        life.did("sent_money", life.moment(day), "app", kind="own", amount="60000.00", currency="CNY", abroad=False)
    if own["travels"] and life.chance(0.03):
        life.did("sent_money", life.moment(day), "app", kind="person", amount="900.00", currency="CNY", abroad=True)


def past_of_advice(life: Life) -> None:
    """Meetings with an advisor that lie behind the story."""
    who = life.who
    if who.own["advisor"] != "never" and who.first_day < -60:
        for day in range(who.first_day + 20, -25, 50):
            life.did("met_advisor", life.moment(day, HOURS["day"]), "desk", kind="advisor")


def _borrow(life: Life, day: int) -> None:
    own = life.who.own
    if not own["borrows"] or day != own["loan_day"]:
        return
    at = life.moment(day)
    for step in range(life.rng.randint(1, 3)):
        life.ask(at - minutes(1_000 * step + 200), "loan")
    for step in range(life.rng.randint(2, 8)):
        life.viewed(at - minutes(9 * step + 20), life.web(), "loan")
    fields: dict[str, Any] = {"product": "consumer", "amount": "50000.00", "currency": "CNY"}
    life.did("loan_wanted", at, "app", **fields)
    answer = life.after(at, 24, 120)
    granted = own["traits"]["credit_level"] in ("excellent", "good") or life.chance(0.25)
    life.did("loan_granted" if granted else "loan_refused", answer, "api", **fields)
    if life.chance(0.6):
        life.rated(life.after(answer, 2, 40), 5 if granted else 1)
    if granted and life.chance(0.35):
        life.did("loan_repaid", life.after(answer, 200, 700), "app", **fields, early=True)


def _buy_insurance(life: Life, day: int) -> None:
    life.did("insured", life.moment(day), "app", product="health", amount="600.00", currency="CNY")


def _insure(life: Life, day: int) -> None:
    own = life.who.own
    if own["insured"] and day == max(1, life.who.first_day + 20):
        _buy_insurance(life, day)
    if own["insured"] and day == own["claim_day"]:
        at = life.did("claimed", life.moment(day), "app", product="health", amount="900.00", currency="CNY")
        if life.chance(0.5):
            life.did(
                "claim_settled", life.after(at, 100, 600), "api", product="health", amount="900.00", currency="CNY"
            )
        elif life.chance(0.7):
            for step in range(2):
                life.ask(life.after(at, 200 + 60 * step, 400 + 60 * step), "insurance")
    if own["eyes_insurance"] and life.chance(0.06):
        life.ask(life.moment(day), "insurance")
        life.viewed(life.moment(day), life.web(), "insurance")


def _worry(life: Life, day: int) -> None:
    own, at = life.who.own, life.moment(day)
    if own["hit_by_fraud"] and life.chance(1 / 60):
        life.did("fraud_suspected", at, "api", kind="fraud")
        if life.chance(0.5):
            life.ask(life.after(at, 0.5, 9), "fraud")
    if own["short_of_money"] and life.chance(0.06):
        life.ask(at, "repayment")
    if own["phones_about_cards"] and life.chance(0.05):
        life.ask(at, "card", by="phone")
    if own["minds_fees"] and life.chance(0.05):
        life.ask(at, "fee")
    if own["wants_limit"] and life.chance(0.04):
        life.used(day, "limit_increase", "app")
    if life.chance(1 / 150):
        for step in range(life.rng.randint(2, 4)):
            life.ask(life.after(at, step * 20, step * 20 + 15), "investment")
