"""Whether a score is less right than it was: what it said at a cutoff beside what followed, then and now.

Both times it was asked about people that it had not learned from, of one cutoff each; figures over several cutoffs are
of other people and are compared with none. A difference counts beyond its own chance alone: four standard errors of
both sides together, and ``WATCHED`` or ``ALARMS`` besides. Of few people, few outcomes, or errors that a few people
make up, nothing is said.

Who is asked about matters as well. Of people who are all alike no score tells one from the other, and of who spends
twice as much it is wrong by twice as much, however right it is. So what is expected of it now is what it was less what
its own answers say of the people: the concordance that they imply if they are true (D. van Klaveren et al., A new
concordance measure for risk prediction models in external validation settings, Statistics in Medicine 35, 2016), and
the size of amounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import hypot, pi, sqrt
from typing import Literal

import msgspec

from chalicelib.segments.accuracy import auc_error, of_amounts, of_figures, of_shares

type Verdict = Literal["ok", "watch", "alarm"]
type Measure = Literal["auc", "ece", "mae"]

LEAST_PEOPLE = 200
"""Of fewer people nothing is said."""
LEAST_OUTCOMES = 30
"""With or without an outcome, then and now: of fewer the AUC says nothing. Of errors of amounts as many must weigh in."""
WATCHED: Mapping[Measure, float] = {"auc": 0.02, "ece": 0.02, "mae": 0.1}
ALARMS: Mapping[Measure, float] = {"auc": 0.05, "ece": 0.05, "mae": 0.25}
"""By how much less right a score is watched and alarms; of a mean error its share."""
SURE = 4.0
"""Standard errors beyond which a difference is no chance: once in thirty thousand. Some nine are compared a week."""
_TENTHS = 10
_NORMAL_MEAN = sqrt(2 / pi)
"""The mean of a standard normal value without its sign: what a calibrated bin misses by on average."""


class Decay(msgspec.Struct, frozen=True):
    """How right a score is now, beside how right it was. ``worse``: by how much more than its people explain."""

    score: str
    measure: Measure
    trained: float
    now: float
    worse: float
    people: int
    verdict: Verdict


class Tenth(msgspec.Struct, frozen=True, array_like=True):
    """One tenth of people, by what was said of them: the mean of it, the mean of what came, and how many they are."""

    said: float
    came: float
    people: int


class Before(msgspec.Struct, frozen=True):
    """How right a score was when it was learned, as its version's report keeps it. ``cutoffs``: of how many its people are."""

    people: int
    figures: Mapping[str, float | None]
    curve: tuple[Tenth, ...] = ()
    cutoffs: int = 1

    @property
    def held(self) -> int:
        """How many had the outcome."""
        return round(sum(one.came * one.people for one in self.curve))


def decay_of_share(score: str, before: Before, said: Sequence[float], followed: Sequence[bool]) -> tuple[Decay, ...]:
    """How right a score that is a probability is now."""
    held, found = sum(followed), of_shares(said, followed)
    lacked = len(followed) - held
    enough = min(held, lacked, before.held, before.people - before.held) >= LEAST_OUTCOMES
    if before.cutoffs != 1 or min(len(said), before.people) < LEAST_PEOPLE or not enough:
        return ()
    was, now, compared = of_figures(before.people, before.figures), tenths(said, followed), list[Decay]()
    if was.auc is not None and found.auc is not None:
        expected = was.auc - max(0.0, concordance(before.curve) - concordance(now))
        # As if both were as right as it is now: the area that is nearer to a coin's varies more.
        sides = ((held, lacked), (before.held, before.people - before.held))
        error = hypot(*(auc_error(found.auc, *one) for one in sides))
        compared.append(_decayed(score, "auc", was.auc, found.auc, expected - found.auc, SURE * error, len(said)))
    if was.ece is not None and found.ece is not None:
        mean, error = _misses(now)
        by_chance = mean + SURE * hypot(error, _misses(before.curve)[1])
        compared.append(_decayed(score, "ece", was.ece, found.ece, found.ece - was.ece, by_chance, len(said)))
    return tuple(compared)


def decay_of_amount(score: str, before: Before, said: Sequence[float], followed: Sequence[float]) -> tuple[Decay, ...]:
    """How right a score that is an amount is now. ``worse`` is the share that its mean error grew by."""
    was, root = of_figures(before.people, before.figures).mae, before.figures.get("rmse")
    if before.cutoffs != 1 or min(len(said), before.people) < LEAST_PEOPLE or not was or not root:
        return ()
    found = of_amounts(said, followed).mae or 0.0
    squares = sum((value - came) ** 2 for value, came in zip(said, followed, strict=True)) / len(said)
    weighing = (before.people * (was / root) ** 2, len(said) * found**2 / squares if squares else len(said))
    if min(weighing) < LEAST_OUTCOMES:
        return ()
    size = _size(before.curve)
    growth = max(1.0, _size(tenths(said, followed)) / size) if size else 1.0
    expected = was * growth
    errors = (squares - found**2) / len(said), growth**2 * (root**2 - was**2) / before.people
    by_chance = SURE * sqrt(sum(max(0.0, one) for one in errors)) / expected
    return (_decayed(score, "mae", was, found, found / expected - 1, by_chance, len(said)),)


def tenths(said: Sequence[float], followed: Sequence[float]) -> tuple[Tenth, ...]:
    """What was said beside what came, in groups of about equal size."""
    ordered = sorted(zip(said, followed, strict=True))
    bounds = [len(ordered) * place // _TENTHS for place in range(_TENTHS + 1)]
    groups = (ordered[begin:end] for begin, end in pairwise(bounds) if begin < end)
    return tuple(
        Tenth(sum(one for one, _ in group) / len(group), sum(came for _, came in group) / len(group), len(group))
        for group in groups
    )


def concordance(curve: Sequence[Tenth]) -> float:
    """The AUC that answers imply if they are true, by tenths; 0.5 where they imply none."""
    below = won = with_it = 0.0
    for one in sorted(curve, key=lambda tenth: tenth.said):
        has = min(max(one.said, 0.0), 1.0) * one.people
        won += has * (below + (one.people - has) / 2)
        below, with_it = below + one.people - has, with_it + has
    return won / (with_it * below) if with_it and below else 0.5


def _misses(curve: Sequence[Tenth]) -> tuple[float, float]:
    """What the calibration error of a calibrated score is on average, of such people, and its standard error."""
    people = sum(one.people for one in curve)
    spreads = [(one.people, max(one.said * (1 - one.said), _spread(one))) for one in curve]
    mean = _NORMAL_MEAN * sum(many * sqrt(spread / many) for many, spread in spreads) / people
    return mean, sqrt(sum(many * spread for many, spread in spreads)) / people


def _spread(one: Tenth) -> float:
    """The variance of an outcome, as if two more had it and two had not: nobody's is certain (Agresti and Coull, 1998)."""
    share = (one.came * one.people + 2) / (one.people + 4)
    return share * (1 - share)


def _size(curve: Sequence[Tenth]) -> float:
    """The mean size of what was said, by tenths."""
    people = sum(one.people for one in curve)
    return sum(abs(one.said) * one.people for one in curve) / people if people else 0.0


def _decayed(
    score: str, measure: Measure, trained: float, found: float, worse: float, by_chance: float, people: int
) -> Decay:
    watched, alarming = WATCHED[measure], ALARMS[measure]
    sure = worse > by_chance
    verdict: Verdict = "alarm" if sure and worse >= alarming else "watch" if sure and worse >= watched else "ok"
    return Decay(score, measure, round(trained, 4), round(found, 4), round(worse, 4), people, verdict)
