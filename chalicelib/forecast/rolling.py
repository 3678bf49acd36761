"""Forecasts as they would have been made in past weeks, and what came: which method errs least, and by how much.

Origins are a week apart (rolling-origin evaluation: Tashman, International Journal of Forecasting 16, 2000). At each origin only
what was known then may choose the method and set the bounds (prequentially: Dawid, JRSS A 147, 1984), so that the error and the coverage
that are told are those of forecasts that were never seen by what made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from chalicelib.forecast.methods import METHODS, USUAL, YARDSTICKS, forecasts
from chalicelib.forecast.pattern import pattern_of
from chalicelib.forecast.series import Series
from chalicelib.forecast.spread import LEVELS, Error, Spread, covered, spread_of

HORIZON_DAYS = 14
LEAST_DAYS = 14
"""Two weeks: below, no weekday was seen twice."""
MOST_ORIGINS = 8
YARDSTICK_HANDICAP = 1.03


class Trial(msgspec.Struct, frozen=True):
    """What every method said at an origin of the half hours after it, as far as they have come. ``day``: the first of them."""

    day: int
    ahead: tuple[int, ...]
    counts: tuple[int, ...]
    means: dict[str, list[float]]
    dispersion: float

    def before(self, day: int) -> int:
        """How many of its half hours were over on a day."""
        return sum(self.day + one - 1 < day for one in self.ahead)


class Checked(msgspec.Struct, frozen=True):
    """How forecasts of past weeks went. Errors are the sum of absolute errors ÷ the sum of counts (WAPE).

    ``own`` is that of the choice, made anew at each origin; ``coverage`` for each of ``LEVELS``; None without a past that is
    long enough to be tried. ``slots``: half hours that were forecast, those of several origins each time.
    """

    origins: int
    slots: int
    own: float | None
    methods: dict[str, float]
    coverage: tuple[float, ...] | None


def trials_of(past: Series) -> list[Trial]:
    """Every method at each origin, the oldest first. The first has two weeks before it."""
    if not past.days:
        return []
    last = past.days[-1].day + 1
    origins = [last - 7 * back for back in range(MOST_ORIGINS, 0, -1)]
    return [_trial(past, one) for one in origins if one - past.days[0].day >= LEAST_DAYS]


def choice(trials: Sequence[Trial], day: int) -> str:
    """The method that erred least in what had come before a day; the usual one before anything had.

    A yardstick follows no level, and is chosen only where it is better by more than chance.
    """
    errors = wapes(trials, day)
    if not errors:
        return USUAL
    return min(METHODS, key=lambda name: errors[name] * (YARDSTICK_HANDICAP if name in YARDSTICKS else 1.0))


def wapes(trials: Iterable[Trial], day: int) -> dict[str, float]:
    """Each method's error in what had come before a day; empty where nothing had."""
    away, whole = dict.fromkeys(METHODS, 0.0), 0
    for one in trials:
        many = one.before(day)
        whole += sum(one.counts[:many])
        for name in METHODS:
            pairs = zip(one.means[name][:many], one.counts[:many], strict=True)
            away[name] += sum(abs(mean - count) for mean, count in pairs)
    return {name: total / whole for name, total in away.items()} if whole else {}


def spread_until(trials: Sequence[Trial], day: int, name: str, dispersion: float) -> Spread:
    """The bounds that errors of what had come before a day set."""
    slots: list[Error] = []
    days: list[Error] = []
    for one in trials:
        many = one.before(day)
        own = _errors(one, one.means[name])[:many]
        slots += own
        days += _by_day(own)
    return spread_of(slots, days, dispersion)


def checked(trials: Sequence[Trial]) -> Checked:
    """Each origin forecast by what was known then, against what came."""
    if not trials:
        return Checked(0, 0, None, {}, None)
    end = trials[-1].day + HORIZON_DAYS
    away, whole, slots = 0.0, 0, 0
    found: list[list[tuple[Error, tuple[float, float]]]] = [[] for _ in LEVELS]
    for number, one in enumerate(trials):
        name = choice(trials[:number], one.day)
        spread = spread_until(trials[:number], one.day, name, one.dispersion)
        for error in _errors(one, one.means[name]):
            away += abs(error.mean - error.count)
            whole += error.count
            slots += 1
            for level, bounds in enumerate(spread.bounds(error.mean, error.ahead)):
                found[level].append((error, bounds))
    own = away / whole if whole else None
    return Checked(len(trials), slots, own, wapes(trials, end), tuple(covered(one) for one in found))


def _trial(past: Series, day: int) -> Trial:
    known = past.until(day)
    begins = len(known.counts)
    ends = next((one.ends for one in reversed(past.days) if one.day < day + HORIZON_DAYS), begins)
    ahead = past.places[begins:ends]
    means = forecasts(known, ahead)
    days = tuple(one.day - day + 1 for one in ahead)
    return Trial(day, days, past.counts[begins:ends], means, pattern_of(known, None).dispersion)


def _errors(trial: Trial, means: Sequence[float]) -> list[Error]:
    return [Error(*one) for one in zip(trial.ahead, means, trial.counts, strict=True)]


def _by_day(errors: Sequence[Error]) -> list[Error]:
    starts = [at for at, one in enumerate(errors) if at == 0 or one.ahead != errors[at - 1].ahead]
    return [
        Error(
            errors[start].ahead, sum(one.mean for one in errors[start:end]), sum(one.count for one in errors[start:end])
        )
        for start, end in pairwise([*starts, len(errors)])
    ]
