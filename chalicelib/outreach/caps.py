"""How often somebody may be approached: limits over sliding windows, by what was raised of them, whichever order it came in."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.outreach.model import Caps, Ledger, Raised, RiskRule

KEPT_DAYS = 120
"""How long what was raised is remembered: longer than any window, and until its effect was measured."""


def capped(rule: RiskRule, ledger: Ledger, caps: Caps, now: Millis) -> str:
    """Why one more may not be: ``again`` (the same risk), ``kind`` or ``person``; '' where it may.

    Writers' clocks differ a little, so what lies ahead counts as what lies behind: no window holds more than the limit.
    """
    same = (one for one in ledger if one.risk == rule.id)
    if _within(same, rule.again_days, now):
        return "again"
    of_kind = (one for one in ledger if one.suggestion == rule.suggestion)
    if _within(of_kind, caps.kind_days, now) >= caps.kind:
        return "kind"
    return "person" if _within(ledger, caps.person_days, now) >= caps.person else ""


def joined(ledgers: Iterable[Ledger], now: Millis) -> Ledger:
    """What was raised of people who are one now, each once, without what is too old to count."""
    known = {(one.id, one.suggestion, one.at): one for ledger in ledgers for one in ledger}
    return tuple(sorted((one for one in known.values() if _counts(one, now)), key=lambda one: (one.at, one.id)))


def forgotten(ledger: Ledger) -> Ledger:
    """Of who is not profiled any more nothing is said; only that they were approached still counts."""
    return tuple(Raised("", "", one.suggestion, "", "", one.at, 0) for one in ledger)


def _within(raised: Iterable[Raised], days: int, now: Millis) -> int:
    return sum(abs(now - one.at) < days * DAY_MS for one in raised)


def _counts(one: Raised, now: Millis) -> bool:
    return now - one.at < KEPT_DAYS * DAY_MS
