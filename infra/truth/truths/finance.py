"""Truths of bank customers."""

from __future__ import annotations

from infra.truth.ledger import Past
from infra.truth.truths.reading import Judge, later, low

_APP = ("transfer", "balance", "statement", "bill_payment")


def _told(name: str, *values: object) -> Judge:
    """What the bank's own records say."""
    return lambda p: p.who.stage != "stranger" and p.who.own["traits"][name] in values


def _overdue(p: Past) -> bool:
    """A bill fell overdue and was not paid since."""
    unpaid = {one.more["ref"] for one in p.of("fell_overdue", 90)} - {one.more["ref"] for one in p.of("paid_bill")}
    return bool(unpaid)


def _short(p: Past) -> bool:
    """Two or more signs of being short of money."""
    signs = (
        p.n("paid_bill", 90, partial=True) >= 2,
        p.n("fell_overdue", 90) >= 1,
        p.n("card_swiped", 60, kind="cash") >= 2,
        p.n("contact", 30, about="repayment") >= 1,
    )
    return sum(signs) >= 2 or _overdue(p)


def _pending(p: Past) -> bool:
    return p.ago("claimed") <= 90 and p.n("claimed") > p.n("claim_settled")


def _after(p: Past, what: str, days: float, least: int, most: int) -> bool:
    """Whether a score between the two was given after the last time that something happened."""
    happened = p.of(what, days)
    return bool(happened) and any(
        least <= one.more["score"] <= most and one.at >= happened[-1].at for one in p.of("rated", days)
    )


def _products(p: Past) -> int:
    return sum(p.n(what, 365) >= 1 for what in ("card_swiped", "invested", "loan_granted", "insured"))


def _invests(p: Past) -> bool:
    return p.n("invested", 365) >= 1


def _full(p: Past) -> bool:
    return p.n("paid_bill", 180) >= 3 and p.n("paid_bill", 180, partial=True) == 0 and p.n("fell_overdue", 180) == 0


def _wants_loan(p: Past) -> bool:
    return p.ago("loan_wanted") <= 60 or (
        p.n("contact", 60, about="loan") >= 2 and p.n("viewed", 60, category="loan") >= 5
    )


def _outflows(p: Past, days: float) -> int:
    return sum(float(one.more["amount"]) >= 50_000 for one in (*p.of("sent_money", days), *p.of("redeemed", days)))


def _prime(p: Past) -> bool:
    good = p.who.own["traits"]["credit_level"] in ("excellent", "good")
    return good and _wants_loan(p) and p.n("paid_bill", 180) >= 3 and p.n("fell_overdue", 365) == 0


def _doubtful_claim(p: Past) -> bool:
    return _pending(p) and p.ago("claimed") <= 60 and p.n("contact", 30, about="insurance") >= 2


FACTS: dict[str, Judge] = {
    "overdue_risk": _short,
    "repayment_overdue": _overdue,
    "repeatedly_overdue": lambda p: p.n("fell_overdue", 365) >= 3,
    "fraud_alerted": lambda p: p.ago("fraud_suspected") <= 14,
    "fraud_worry": lambda p: p.n("contact", 30, about="fraud") >= 1,
    "loan_declined": lambda p: p.ago("loan_refused") <= 30 and later(p, "loan_refused", "loan_granted"),
    "claim_pending": _pending,
    "claim_in_doubt": _doubtful_claim,
    "card_blocked": lambda p: (
        p.ago("card_stopped") <= 30
        and later(p, "card_stopped", "card_given")
        and later(p, "card_stopped", "card_swiped")
    ),
    "investment_questions_surge": lambda p: p.n("contact", 7, about="investment") >= 3,
    "repayment_questions_rise": lambda p: p.n("contact", 30, about="repayment") >= 2,
    "loan_enquiry_burst": lambda p: p.n("contact", 7, about="loan") >= 2,
    "quiet_holder": lambda p: p.n("invested") >= 1 and p.known_days >= 180 and p.n("contact", 180) == 0,
    "advice_lapsed": lambda p: p.n("met_advisor", 365) >= 2 and p.ago("met_advisor") >= 120,
    "young_investor": lambda p: p.who.age_band in ("18_24", "25_29") and _invests(p),
    "senior_investor": lambda p: p.who.age_band == "60_plus" and _invests(p),
    "first_jobber": lambda p: (
        p.who.age_band == "18_24" and p.n("got_salary", 60) >= 1 and p.first_ago("got_salary") <= 365
    ),
    "payroll_customer": lambda p: p.n("got_salary", 90) >= 2,
    "investment_maturing": lambda p: p.ago("investment_matures") <= 14,
    "overseas_spender": lambda p: p.n("card_swiped", 90, abroad=True) >= 3,
    "insured": lambda p: p.n("insured", 365) >= 1,
    "multi_product": lambda p: _products(p) >= 3,
    "early_repayer": lambda p: p.n("loan_repaid", 365) >= 1,
    "limit_seeker": lambda p: p.n("used", 30, feature="limit_increase") >= 1,
    "dormant_card": lambda p: (
        p.ago("card_given") >= 90 and p.ago("card_given") < 10_000 and p.n("card_swiped", 90) == 0
    ),
    "declined_and_unhappy": lambda p: _after(p, "loan_refused", 60, 1, 2) and low(p, 30) >= 1,
    "pleased_borrower": lambda p: _after(p, "loan_granted", 60, 4, 5),
    "values_advice": lambda p: _after(p, "met_advisor", 90, 4, 5),
    "fee_disputer": lambda p: p.n("contact", 60, about="fee") >= 2,
    "phones_about_cards": lambda p: (
        p.n("contact", 90, about="card", by="phone") >= max(2, p.n("contact", 90, about="card") / 2)
    ),
    "credit_seeker": _wants_loan,
    "prime_borrower": _prime,
    "high_credit": lambda p: p.who.own["traits"]["credit_level"] == "excellent" and p.n("fell_overdue", 365) == 0,
}

TRAITS: dict[str, Judge] = {
    "app_banker": lambda p: p.who.own["banks_in_app"] and p.on_days("used", 30, feature=_APP) >= 6,
    "advisor_led": lambda p: p.who.own["advisor"] != "never" and p.n("met_advisor", 180) >= 2,
    "online_investor": lambda p: p.who.own["invests_online"] and p.n("invested", 180) >= 3,
    "asks_before_buying": lambda p: (
        p.who.own["asks_first"]
        and p.n("invested", 90) >= 1
        and p.n("contact", 90, about="investment") >= max(2, p.n("invested", 90))
    ),
    "high_net_worth": _told("asset_band", "private"),
    "affluent": _told("asset_band", "affluent"),
    "steady_investor": _told("risk_level", "conservative", "steady"),
    "balanced_investor": _told("risk_level", "balanced"),
    "bold_investor": _told("risk_level", "growth", "aggressive"),
    "wealth_advice_seeker": lambda p: p.n("contact", 90, about="investment") >= 2,
    "revolver": lambda p: p.who.own["pays"] == "minimum" and p.n("paid_bill", 170, partial=True) >= 3,
    "pays_in_full": lambda p: p.who.own["pays"] == "full" and _full(p),
    "spreads_bills": lambda p: p.who.own["spreads"] and p.n("used", 170, feature="bill_instalment") >= 2,
    "savings_plan_holder": lambda p: p.who.own["invests"] == "monthly" and p.n("invested", 170) >= 3,
    "frequent_trader": lambda p: p.who.own["invests"] == "trades" and p.n("invested", 28) + p.n("redeemed", 28) >= 6,
    "insurance_prospect": lambda p: (
        p.who.own["eyes_insurance"]
        and p.n("contact", 90, about="insurance") >= 2
        and p.n("insured", 365) + p.n("claimed", 365) == 0
    ),
    "active_cardholder": lambda p: p.who.own["card"] == "daily" and p.on_days("card_swiped", 30) >= 12,
    "money_leaving": lambda p: p.who.own["moves_out"] and _outflows(p, 30) >= 3,
}
