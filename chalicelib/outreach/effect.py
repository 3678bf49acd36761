"""Whether approaching people helps: what became of those who were approached beside those who were held back.

Shares have Wilson's interval, and the difference of two the one of Newcombe (Interval estimation for the difference
between independent proportions, Statistics in Medicine 17, 1998, method 10), each right 95 times in 100. The groups
were drawn by chance before anybody was approached, so what differs is the effect of approaching; who was approached
and never answered belongs to the approached.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import msgspec

from chalicelib.insights.rates import Share, share_of
from chalicelib.kernel.moments import Millis, day_of
from chalicelib.outreach.model import Arm
from chalicelib.profiles.model import Profile

LEAST = 30
"""People of an arm below which nothing is said of it."""
AFTER_DAYS = 30
"""What happened in so many days after is what is compared."""
OUTCOMES = ("silent", "complained", "bought")
_MEASURES = {"complained": "complaints", "bought": "orders_paid"}


class Difference(msgspec.Struct, frozen=True):
    """The share of the treated less that of the held back, and the interval of it."""

    difference: float
    low: float
    high: float


class Effect(msgspec.Struct, frozen=True):
    """One outcome in both arms. None where an arm has too few people to tell."""

    outcome: str
    treated: Share | None
    held: Share | None
    difference: Difference | None


class Followed(msgspec.Struct, frozen=True):
    """What followed upon one risk that was raised: its arm, and which outcomes came."""

    arm: Arm
    outcomes: frozenset[str]


def followed(profile: Profile, arm: Arm, at: Millis) -> Followed:
    """What a person did in the days after the one on which a risk was raised. Whole days by UTC, by their own time."""
    first = day_of(at) + 1
    last = first + AFTER_DAYS - 1

    def happened(measure: str) -> bool:
        series = profile.series.get(measure)
        return series is not None and any(first <= one.period <= last for one in series.days)

    found = {outcome for outcome, measure in _MEASURES.items() if happened(measure)}
    if not any(happened(one) for one in profile.series):
        found.add("silent")
    return Followed(arm, frozenset(found))


def effects(people: Iterable[Followed]) -> tuple[Effect, ...]:
    """Each outcome, treated beside held back."""
    known = list(people)
    treated = [one.outcomes for one in known if one.arm == "treated"]
    held = [one.outcomes for one in known if one.arm == "held"]
    return tuple(_effect(outcome, treated, held) for outcome in OUTCOMES)


def difference(one: Share, other: Share) -> Difference:
    """The first share less the second, with its interval."""
    gap = one.share - other.share
    low = gap - sqrt((one.share - one.low) ** 2 + (other.high - other.share) ** 2)
    high = gap + sqrt((one.high - one.share) ** 2 + (other.share - other.low) ** 2)
    return Difference(round(gap, 4), round(low, 4), round(high, 4))


def _effect(outcome: str, treated: list[frozenset[str]], held: list[frozenset[str]]) -> Effect:
    first, second = _share(outcome, treated), _share(outcome, held)
    both = None if first is None or second is None else difference(first, second)
    return Effect(outcome, first, second, both)


def _share(outcome: str, people: list[frozenset[str]]) -> Share | None:
    return share_of(sum(outcome in one for one in people), len(people)) if len(people) >= LEAST else None
