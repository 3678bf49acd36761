"""What the judges of several trades look for in a ledger."""

from __future__ import annotations

from collections.abc import Callable

from infra.truth.ledger import Deed, Past

type Judge = Callable[[Past], bool]
AFTER_SALES = ("after_sales", "refund", "return")


def written(p: Past, days: float) -> list[Deed]:
    """The approaches that were written and not spoken: only what is written can be read."""
    return [one for one in p.of("asked", days) if one.by != "phone"]


def said(p: Past, days: float, *words: str) -> int:
    """How often the person wrote words of these kinds."""
    return sum(
        any(word in one.more.get("words", ()) for word in words)
        for one in [*written(p, days), *p.of("complained", days)]
    )


def in_touch(p: Past, least: int, days: float = 90) -> bool:
    """Whether the person was in touch so often."""
    return p.n("contact", days) >= least


def unsettled(p: Past) -> list[list[Deed]]:
    """The complaints that stand open."""
    return p.open("complaint", "complaint_settled")


def open_tickets(p: Past) -> list[list[Deed]]:
    """The tickets that stand open."""
    return p.open("ticket", "ticket_solved")


def open_orders(p: Past, *states: str) -> list[list[Deed]]:
    """The orders that are under way, in one of these states if told."""
    found = p.open("order", "delivered", "refunded", "cancelled")
    return [steps for steps in found if not states or steps[-1].what in states]


def underway_days(p: Past) -> float:
    """How long the oldest open order is under way."""
    return p.oldest_open("order", "delivered", "refunded", "cancelled")


def solved(p: Past, days: float) -> int:
    """Questions that were settled, in a conversation or by ticket."""
    return p.n("asked", days, resolved=True) + p.n("ticket_solved", days) + p.n("complaint_settled", days)


def low(p: Past, days: float, **match: object) -> int:
    """Low scores."""
    return p.n("rated", days, score=(1, 2), **match)


def high(p: Past, days: float, **match: object) -> int:
    """High scores."""
    return p.n("rated", days, score=(4, 5), **match)


def later(p: Past, one: str, other: str) -> bool:
    """Whether the last of one thing is later than the last of another, that may never have been."""
    return p.ago(one) < p.ago(other)
