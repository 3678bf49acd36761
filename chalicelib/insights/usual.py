"""Now against the usual: how surprising a count is, and what the next day is likely to bring.

``lift`` is (count + k) ÷ (expected + k): the mean of a Gamma–Poisson ratio with a prior of mean 1 worth k events
(DuMouchel, The American Statistician 53, 1999). Rare words move little, and none is infinite.
``p`` is the chance of as many or more if nothing had changed. Two Poisson counts x and y over times s and t have
equal rates: given x + y, x is binomial with share s ÷ (s + t) (Przyborowski and Wilenski, Biometrika 31, 1940). So
the usual's own uncertainty is part of it. ``q`` is p after Benjamini and Hochberg (1995): of the words with q ≤ 0.05
one in twenty is a false alarm, however many words were looked at. People ask in bursts, so that p is optimistic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import fmean, variance

import msgspec

LEAST_SHOWN = 5
"""A count below this is not shown: so few may be somebody."""
PRIOR_EVENTS = 5.0
RISES_FROM_Q = 0.05
RISES_FROM_LIFT = 1.2
_Z_80 = 1.2816
"""Standard deviations around the middle 80% of a normal distribution."""


class Counted(msgspec.Struct, frozen=True):
    """What was counted of one word: in the window, in the same hours before, and per past week in the next day's hours."""

    now: int
    past: int
    next_days: tuple[int, ...] = ()


class Forecast(msgspec.Struct, frozen=True):
    """The next 24 hours: the mean of the same hours of past weeks, with an interval that holds 8 times in 10."""

    expected: float
    low: float
    high: float


class Compared(msgspec.Struct, frozen=True):
    """One word against its usual. ``expected`` is None where the past has fewer than ``LEAST_SHOWN``: ``lift`` is
    then a floor, for it takes the most that the past may have been.
    """

    count: int
    expected: float | None
    lift: float | None
    lift_is_floor: bool
    p: float | None
    q: float | None
    rises: bool
    forecast: Forecast | None


def coarse(count: int) -> int:
    """A count where others of the same whole are told as well: the nearest multiple of five, and 0 below five.

    A difference of two such counts says of nobody whether they are in it.
    """
    return 0 if count < LEAST_SHOWN else (count + LEAST_SHOWN // 2) // LEAST_SHOWN * LEAST_SHOWN


def compare(counted: Mapping[str, Counted], exposure: float) -> dict[str, Compared]:
    """The words that may be shown, each against its usual.

    ``exposure`` is the window's time ÷ the time that the past was counted over; 0: there is no past to compare with.
    """
    shown = {word: one for word, one in counted.items() if one.now >= LEAST_SHOWN}
    chances = {word: at_least(one.now, one.now + _past(one), exposure / (1 + exposure)) for word, one in shown.items()}
    adjusted = dict(zip(chances, benjamini_hochberg(list(chances.values())), strict=True))
    return {
        word: _compared(one, exposure, chances[word], adjusted[word]) if exposure else _alone(one)
        for word, one in shown.items()
    }


def _past(one: Counted) -> int:
    """A hidden past counts as the most that it may be: the figures beside it must not tell it."""
    return max(one.past, LEAST_SHOWN - 1)


def _compared(one: Counted, exposure: float, p: float, q: float) -> Compared:
    hidden = one.past < LEAST_SHOWN
    expected = _past(one) * exposure
    lift = (one.now + PRIOR_EVENTS) / (expected + PRIOR_EVENTS)
    return Compared(
        count=one.now,
        expected=None if hidden else round(expected, 1),
        lift=round(lift, 2),
        lift_is_floor=hidden,
        p=_figures(p),
        q=_figures(q),
        rises=q <= RISES_FROM_Q and lift >= RISES_FROM_LIFT,
        forecast=forecast(one.next_days),
    )


def _alone(one: Counted) -> Compared:
    return Compared(one.now, None, None, False, None, None, False, None)


def _figures(chance: float) -> float:
    return float(f"{chance:.2g}")


def at_least(successes: int, trials: int, share: float) -> float:
    """The chance of so many successes or more: the upper tail of a binomial distribution."""
    if successes <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    if successes <= trials * share:
        return max(0.0, 1.0 - _tail(trials - successes + 1, trials, 1 - share))
    return _tail(successes, trials, share)


def _tail(successes: int, trials: int, share: float) -> float:
    """The tail beyond the mean, where each term is smaller than the one before."""
    if successes > trials:
        return 0.0
    chosen = lgamma(trials + 1) - lgamma(successes + 1) - lgamma(trials - successes + 1)
    term = exp(max(chosen + successes * log(share) + (trials - successes) * log1p(-share), -700.0))
    total, odds = 0.0, share / (1 - share)
    for number in range(successes, trials + 1):
        total += term
        term *= odds * (trials - number) / (number + 1)
        if term < total * 1e-12:
            break
    return min(1.0, total)


def benjamini_hochberg(chances: Sequence[float]) -> list[float]:
    """The least false discovery rate at which each of these would still be called a discovery."""
    adjusted = [0.0] * len(chances)
    least = inf
    for rank, place in sorted(enumerate(sorted(range(len(chances)), key=chances.__getitem__), 1), reverse=True):
        least = min(least, chances[place] * len(chances) / rank, 1.0)
        adjusted[place] = least
    return adjusted


def forecast(weeks: Sequence[int]) -> Forecast | None:
    """The mean of the same hours of past weeks; None with fewer than two weeks, or too few to be shown.

    The interval takes the larger of the weeks' own variance and a Poisson's, and that the mean is an estimate.
    """
    if len(weeks) < 2 or sum(weeks) < LEAST_SHOWN:
        return None
    mean = fmean(weeks)
    spread = _Z_80 * sqrt(max(variance(weeks), mean) * (1 + 1 / len(weeks)))
    return Forecast(round(mean, 1), round(max(0.0, mean - spread), 1), round(mean + spread, 1))
