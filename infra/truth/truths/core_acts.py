"""Truths of every trade: complaints, service, and how contacts go up and down."""

from __future__ import annotations

from infra.truth.ledger import Past
from infra.truth.moments import DAY_MS, local_day
from infra.truth.truths.reading import (
    AFTER_SALES,
    Judge,
    high,
    in_touch,
    later,
    low,
    open_tickets,
    said,
    solved,
    underway_days,
    unsettled,
)  # fmt: skip


def _annoyances(p: Past) -> int:
    """How many of the things that annoy people happened in the last month."""
    return sum(
        (
            low(p, 30) >= 1,
            p.n("asked", 30, resolved=False) >= 1,
            underway_days(p) >= 5,
            p.n("contact", 7) >= 3,
        )
    )


def _mean_turn(p: Past) -> float:
    """How much higher the scores of the last month are than those before."""
    before = p.before("rated", 30)
    if not before or not p.n("rated", 30):
        return 0.0
    return p.mean("rated", "score", 30) - sum(float(one.more["score"]) for one in before) / len(before)


def _high_risk(p: Past) -> bool:
    stuck = p.oldest_open("ticket", "ticket_solved") >= 2 and p.n("contact", 7) >= 3
    return (low(p, 14) >= 1 and p.n("asked", 14, resolved=False) >= 1) or stuck or _critical(p)


def _critical(p: Past) -> bool:
    return said(p, 7, "threat", "public") >= 1 and bool(unsettled(p) or open_tickets(p))


def _bought(p: Past, days: float) -> float:
    return p.total("paid", "amount", days)


def _churn(p: Past) -> bool:
    silent_buyer = p.n("paid") >= 1 and p.silent_days >= 60
    annoyed = (p.n("complained", 90) >= 1 or low(p, 90) >= 1) and p.silent_days >= 14
    fading = p.n("visited", 90) >= 4 and p.rise("visited", 30) <= 0.5
    return silent_buyer or (annoyed and fading)


def _back(p: Past) -> bool:
    """In touch again, after two months or more without."""
    lately, before = p.of("contact", 30), p.before("contact", 30)
    return bool(lately and before) and lately[0].at - before[-1].at >= 60 * DAY_MS


def _same_day(p: Past) -> bool:
    today = [one for one in p.of("contact", 1) if local_day(one.at) == local_day(p.now - 1)]
    return len(today) >= 2


FACTS: dict[str, Judge] = {
    "open_complaint": lambda p: bool(unsettled(p)),
    "complaint_overdue": lambda p: p.oldest_open("complaint", "complaint_settled") >= 2,
    "complaint_settled": lambda p: p.n("complained", 30) >= 1 and not unsettled(p),
    "repeat_complainer": lambda p: p.n("complained", 365) >= 2,
    "complaint_repeated_soon": lambda p: p.n("complained", 14) >= 2,
    "payment_trouble": lambda p: p.n("pay_failed", 7) >= 1,
    "payment_anomaly": lambda p: p.n("pay_failed", 1) >= 3,
    "likely_to_complain": lambda p: _annoyances(p) >= 2 or _high_risk(p) or said(p, 30, "threat", "public") >= 1,
    "high_complaint_risk": _high_risk,
    "critical_complaint_risk": _critical,
    "threatens_complaint": lambda p: said(p, 30, "threat", "public") >= 1,
    "threatens_publicity": lambda p: said(p, 30, "public") >= 1,
    "wants_compensation": lambda p: said(p, 30, "compensation") >= 1,
    "ticket_overdue": lambda p: p.oldest_open("ticket", "ticket_solved") >= 2,
    "ticket_reopened": lambda p: p.n("ticket_reopened", 14) >= 1,
    "never_complains": lambda p: p.known_days >= 180 and in_touch(p, 5, 365) and p.n("complained") == 0,
    "contact_surge": lambda p: (
        p.n("contact", 1) >= 3 or (p.n("contact", 30) >= 4 and p.rise("contact", 30) >= 2 and p.ago("contact") <= 6)
    ),
    "contact_drop": lambda p: p.n("contact", 90) >= 4 and 0 <= p.rise("contact", 30) <= 0.5,
    "steady_contact": lambda p: p.n("contact", 90) >= 6 and 0.7 <= p.rise("contact", 30) <= 1.3,
    "frequent_contact": lambda p: p.n("contact", 30) >= 5,
    "first_contact": lambda p: p.n("contact") == 1 and p.ago("contact") <= 30,
    "contacted_again_today": _same_day,
    "back_after_silence": _back,
    "urgent_now": lambda p: said(p, 1, "urgent") >= 1,
    "after_sales_need": lambda p: p.n("contact", 30, about=AFTER_SALES) >= 1,
    "experienced_after_sales": lambda p: p.known_days >= 180 and p.n("contact", 30, about=AFTER_SALES) >= 1,
    "common_question_prone": lambda p: any(
        p.n("contact", 90, about=about) >= 2 for about in ("logistics", "account", "usage", ("payment", "invoice"))
    ),
    "satisfied": lambda p: p.n("rated", 60) >= 1 and p.mean("rated", "score", 90) >= 4,
    "dissatisfied": lambda p: p.n("rated", 45) >= 1 and p.mean("rated", "score", 90) <= 2.5,
    "praise_giver": lambda p: high(p, 365) >= 2,
    "recent_low_score": lambda p: low(p, 7) >= 1,
    "unresolved_repeat": lambda p: p.n("asked", 30, resolved=False) >= 1 and p.n("contact", 30) >= 2 and _came_back(p),
    "transferred_often": lambda p: p.n("asked", 30, passed_on=True) >= 2,
    "easily_resolved": lambda p: solved(p, 90) >= 2 and p.n("asked", 90, resolved=False) == 0,
    "survey_responder": lambda p: p.n("rated", 90) >= 3,
    "turned_dissatisfied": lambda p: _mean_turn(p) <= -1.3,
    "turned_satisfied": lambda p: _mean_turn(p) >= 1.3,
    "waits_long": lambda p: (
        (waits := [one.more["waited"] for one in p.of("asked", 30) if one.more.get("waited")]) != []
        and sum(waits) / len(waits) >= 120
    ),
    "no_longer_rates": lambda p: p.n("rated") >= 1 and p.n("rated", 180) == 0 and solved(p, 90) >= 2,
    "follow_up_due": lambda p: solved(p, 3) >= 1 and p.n("rated", 3) == 0,
    "presses_for_progress": lambda p: bool(open_tickets(p)) and p.n("contact", 3) >= 2,
    "leaves_comments": lambda p: (
        (n := sum(bool(one.more["text"]) for one in p.of("rated", 180))) >= 2 and n >= p.n("rated", 180) / 2
    ),
    "high_purchasing_power": lambda p: _bought(p, 90) >= 3_000 or p.mean("paid", "amount", 365) >= 500,
    "high_value": lambda p: (
        p.n("paid", 365) >= 5 and (p.mean("paid", "amount", 365) >= 300 or p.n("complained", 365) == 0)
    ),
    "churn_risk": _churn,
    "high_value_at_risk": lambda p: p.n("paid", 365) >= 5 and p.silent_days >= 60,
}

TRAITS: dict[str, Judge] = {}


def _came_back(p: Past) -> bool:
    """Whether the person was in touch again after a question had not been resolved."""
    first = p.of("asked", 30, resolved=False)[0]
    return later(p, "contact", "none") and p.of("contact", 30)[-1].at > first.at
