"""Subscribers of a network: what they use, what they pay, and what fails them."""

from __future__ import annotations

from random import Random
from typing import Any

from infra.truth.life import HOURS, Life, minutes
from infra.truth.moments import DAYS, HOUR_MS
from infra.truth.persona import chance, drawn


def own(rng: Random) -> dict[str, Any]:
    """What only a network's customers have."""
    lines = rng.choice((1, 1, 1, 2, 3, 4, 14))
    broadband = chance(rng, 0.4)
    billing = drawn(rng, ("prepaid", 40), ("postpaid", 60))
    return {
        "traits": {
            "plan_tier": drawn(rng, ("basic", 30), ("standard", 45), ("premium", 25)),
            "billing_kind": billing,
            "account_kind": "company" if lines > 10 else "family" if lines > 2 else "personal",
            "lines": lines,
            "tenure_years": rng.randint(0, 14),
            "has_broadband": broadband,
            "network_kind": drawn(rng, ("5g", 50), ("4g", 40), ("3g", 10)),
        },
        "data": drawn(rng, ("heavy", 26), ("usual", 48), ("light", 26)),
        "voice": drawn(rng, ("heavy", 20), ("usual", 50), ("light", 30)),
        "voice_falls": chance(rng, 0.1),
        "data_bursts": chance(rng, 0.1),
        "stops_day": rng.randint(50, DAYS - 2) if chance(rng, 0.1) else DAYS + 9,
        "surfs_at_night": chance(rng, 0.2),
        "roams": chance(rng, 0.14),
        "trip_day": rng.randint(40, DAYS + 12) if chance(rng, 0.18) else -1,
        "checks_usage": chance(rng, 0.2),
        "by_sms": chance(rng, 0.15),
        "autopay": chance(rng, 0.4),
        "tops_up": drawn(rng, ("online", 55), ("shop", 30), ("either", 15)),
        "little_by_little": chance(rng, 0.25),
        "late_payer": chance(rng, 0.16),
        "shock_day": rng.randint(50, DAYS - 1) if chance(rng, 0.15) else -1,
        "leaves_network": chance(rng, 0.12),
        "move_day": rng.randint(20, DAYS - 1),
        "moves_plan": drawn(rng, ("stays", 60), ("up", 20), ("down", 20)),
        "contract_day": rng.randint(60, DAYS + 25) if chance(rng, 0.25) else -1,
        "exceeds": chance(rng, 0.2),
        "wants_handset": chance(rng, 0.14),
        "wants_broadband": not broadband and chance(rng, 0.25),
        "bad_signal": chance(rng, 0.14),
        "bad_line": chance(rng, 0.14),
        "tests_line": broadband and chance(rng, 0.35),
        "spam": chance(rng, 0.14),
        "puzzled": chance(rng, 0.14),
        "disputes": chance(rng, 0.14),
        "ported_in": chance(rng, 0.2),
        "interests": (),
        "ends_day": rng.randint(30, DAYS - 1),
        "waits": chance(rng, 0.12),
        "bill_day": rng.randint(1, 28),
    }


def daily(life: Life, day: int) -> None:
    """A day of a subscriber."""
    if day == max(life.who.first_day, -300) + 1 and life.who.own["ported_in"]:
        life.did("ported", life.moment(day, HOURS["day"]), "shop", direction="in")
    if day < -65:
        return
    _use(life, day)
    _pay(life, day)
    if day >= 0:
        _fail(life, day)
        _change(life, day)
        _wonder(life, day)


def _use(life: Life, day: int) -> None:
    own, rng = life.who.own, life.rng
    if day >= own["stops_day"]:
        return
    megabytes = {"heavy": rng.randint(1_900, 3_200), "usual": rng.randint(150, 900), "light": rng.randint(5, 45)}
    if rng.random() < (0.97 if own["data"] == "heavy" else 0.75):
        burst = own["data_bursts"] and day >= DAYS - 6 and own["data"] != "light"
        quantity = megabytes[own["data"]] * (8 if burst else 1)
        hour = rng.choice((23, 0, 1, 3)) if own["surfs_at_night"] and life.chance(0.75) else rng.choice((9, 13, 18, 21))
        life.did("used_data", life.moment(day, (hour,)), "api", kind="data", quantity=quantity, roaming=False)
    spoken = {"heavy": rng.randint(28, 60), "usual": rng.randint(6, 22), "light": rng.randint(1, 3)}[own["voice"]]
    if own["voice_falls"] and day >= life.who.change_day:
        spoken //= 6
    if spoken and rng.random() < 0.8:
        life.did("spoke", life.moment(day, (10, 15, 19, 20)), "api", kind="voice", quantity=spoken, roaming=False)
    if (own["roams"] and day % 30 < 6) or (own["trip_day"] <= day < own["trip_day"] + 4 and own["trip_day"] >= 0):
        if life.chance(0.8):
            life.did("used_data", life.moment(day, (12,)), "api", kind="data", quantity=30, roaming=True)
    elif own["trip_day"] > day >= own["trip_day"] - 10 and life.chance(0.25):
        if life.chance(0.5):
            life.ask(life.moment(day), "roaming")
        life.viewed(life.moment(day), life.web(), "roaming")


def _pay(life: Life, day: int) -> None:
    own = life.who.own
    if own["traits"]["billing_kind"] == "prepaid":
        little = own["little_by_little"]
        if life.chance(1 / 7 if little else 1 / 24):
            online = own["tops_up"] == "online" or (own["tops_up"] == "either" and life.chance(0.5))
            by = life.rng.choice(("app", "wechat", "web")) if online else "shop"
            amount = "20.00" if little else life.rng.choice(("50.00", "100.00"))
            life.did("topped_up", life.moment(day), by, amount=amount, currency="CNY")
    elif day % 30 == own["bill_day"]:
        _bill(life, day)


def _bill(life: Life, day: int) -> None:
    own, rng = life.who.own, life.rng
    shock = 0 <= own["shock_day"] <= day
    amount = rng.uniform(250, 400) if shock else rng.uniform(85, 99)
    fields: dict[str, Any] = {"ref": life.ref("b"), "product": "mobile", "amount": f"{amount:.2f}", "currency": "CNY"}
    at = life.did("billed", life.moment(day, HOURS["day"]), "api", **fields)
    if shock and life.chance(0.8):
        life.ask(life.after(at, 4, 60), "bill")
    if own["late_payer"] and life.chance(0.7):
        late = life.did("fell_overdue", life.after(at, 240, 260), "api", **fields)
        if life.chance(0.6):
            life.did("paid_bill", life.after(late, 40, 700), "app", **fields, automatic=False)
    else:
        life.did("paid_bill", life.after(at, 30, 200), "app", **fields, automatic=own["autopay"])


def _fail(life: Life, day: int) -> None:
    """What the network does to its customers."""
    own, rng = life.who.own, life.rng
    broadband = own["traits"]["has_broadband"]
    if life.chance(1 / 12 if own["bad_signal"] else 1 / 160):
        ref = life.ref("x")
        at = life.did("network_went", life.moment(day), "api", ref=ref, kind=rng.choice(("mobile", "broadband")))
        life.did("network_back", life.after(at, 2, 90), "api", ref=ref, kind="mobile")
        for step in range(rng.choice((0, 1, 3))):
            life.ask(at + minutes(30 + 90 * step), "signal")
    if own["bad_signal"] and life.chance(0.03):
        life.ask(life.moment(day), "signal")
    if broadband and life.chance(1 / 9 if own["bad_line"] else 1 / 140):
        at = life.moment(day)
        life.ticket(at, "broadband", kind="fault", slow=0.1)
        _technician(life, at)
    if own["tests_line"] and life.chance(0.12):
        for _ in range(2):
            life.used(day, rng.choice(("line_check", "speed_test", "router_restart")))
        if life.chance(0.4):
            life.ask(life.moment(day), "broadband")
    if own["spam"] and life.chance(0.14):
        life.used(day, "report_spam", "app")


def _technician(life: Life, at: int) -> None:
    if not life.chance(0.55):
        return
    visit = life.after(at, 20, 50)
    if life.chance(0.3):
        life.did("technician_missed", visit, "api", kind="technician", missed_by="company")
        if life.chance(0.5):
            life.did("technician_came", visit + 30 * HOUR_MS, "api", kind="technician")
        return
    life.did("technician_came", visit, "api", kind="technician")
    if life.chance(0.7):
        life.rated(life.after(visit, 1, 20), life.score(visit))


def _change(life: Life, day: int) -> None:
    own = life.who.own
    at = life.moment(day)
    if day == own["move_day"] and own["moves_plan"] != "stays":
        life.did("changed_plan", at, "app", plan="m", direction=own["moves_plan"])
    if day == own["move_day"] and own["leaves_network"]:
        if life.chance(0.7):
            life.ask(at - minutes(2_000), "porting")
        life.did("ported", at, "shop", direction="out")
    if day == own["contract_day"] - 30 and own["contract_day"] > 0:
        life.did("contract_ends_soon", life.moment(day, HOURS["day"]), "api", plan="m")
    if own["exceeds"] and life.chance(0.05):
        life.did("exceeded", at, "api", kind="data")
        if life.chance(0.7):
            for _ in range(2):
                life.viewed(life.after(at, 1, 30), life.web(), "tariff")
        if life.chance(0.3):
            life.ask(life.after(at, 1, 30), "tariff")


def _wonder(life: Life, day: int) -> None:
    own, at, by = life.who.own, life.moment(day), life.web()
    if own["checks_usage"] and life.chance(0.35):
        life.used(day, "usage_check")
    if own["by_sms"] and life.chance(0.1):
        life.used(day, "balance_check", "sms")
    if own["wants_handset"] and day >= DAYS - 20 and life.chance(0.25):
        for step in range(3):
            life.viewed(at + minutes(step), by, "handset")
    if own["wants_broadband"] and day >= DAYS - 35 and life.chance(0.16):
        life.viewed(at, by, "broadband")
        if life.chance(0.3):
            life.ask(at, "broadband")
    if own["puzzled"] and life.chance(0.08):
        life.ask(at, life.rng.choice(("tariff", "bill")))
    if own["disputes"] and life.chance(1 / 50):
        life.complain(at, life.rng.choice(("bill", "tariff", "signal")))
