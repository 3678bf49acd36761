"""What a past says of the week's shape: how much each weekday has, and how that is spread over its half hours.

A count is taken as level(day) × weekday × share(half hour of that weekday). Days that are far from what the level before and
their weekday make likely (holidays, outages, storms) say nothing of the shape, and half hours that are far out count only as
far as chance may go. A weekday's shares are drawn to those of all days as far as they differ from them by chance alone: the
posterior mean of a Dirichlet-multinomial model whose concentration is told by its chi-square (method of moments: Mosimann, Biometrika 49, 1962).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from statistics import fmean, median

import msgspec

from chalicelib.forecast.series import SLOTS_A_DAY, SLOTS_A_WEEK, Day, Series

FAR_OUT = 4.0
"""Spreads from what was likely: beyond that a day or half hour is an outlier."""
RUN = 3
"""So many days far out to the same side one after another are no outliers: the level has moved."""
MOVES, MOVED, MOST_OF_A_RUN = 2.0, 14.0, 7
"""A day so many spreads away belongs to a run; a run of so many together moves the level, to the median of its last days."""
_GAIN = 0.15
"""Of the level by which the shape is told; forwards and backwards, so that it lags behind nothing."""
_PASSES = 3
_FIRST_SPREAD, _LEAST_SPREAD = 0.15, 0.03
_MAD = 1.4826


class Pattern(msgspec.Struct, frozen=True):
    """A week's shape. ``weekdays``: factors with a mean of 1. ``shares``: of each place, which add to 1 by weekday.

    ``totals``: each day's count without what is far out. ``usual``: days that are no outliers. ``spread``: of a day's
    logarithm about its level. ``dispersion``: variance ÷ mean of half hours about their share of the day.
    """

    weekdays: tuple[float, ...]
    shares: tuple[float, ...]
    totals: tuple[float, ...]
    usual: tuple[bool, ...]
    spread: float
    dispersion: float


def pattern_of(past: Series, half_life_weeks: float | None) -> Pattern:
    """The shape of a past of a week or more; younger weeks weigh more where a half-life is given."""
    days = past.days
    counts: list[float] = [float(one) for one in past.counts]
    weights = [_weight(days[-1].day - one.day, half_life_weeks) for one in days]
    usual = [True] * len(days)
    totals = [sum(counts[one.begins : one.ends]) for one in days]
    weekdays = _medians(days, totals)
    shares: tuple[float, ...] = ()
    spread, dispersion = _FIRST_SPREAD, 1.0
    for _ in range(_PASSES):
        levels = _levels(days, totals, weekdays, usual, spread)
        usual, spread = _judged(days, totals, weekdays, levels)
        weekdays = _factors(days, totals, levels, usual, weights)
        shares = _shares(past, counts, usual, weights, dispersion)
        dispersion = _dispersion(past, shares, totals, usual)
        counts = _trimmed(past, shares, totals, dispersion)
        totals = [sum(counts[one.begins : one.ends]) for one in days]
    return Pattern(tuple(weekdays), shares, tuple(totals), tuple(usual), spread, dispersion)


def smoothed(
    days: Sequence[Day],
    totals: Sequence[float],
    weekdays: Sequence[float],
    usual: Sequence[bool],
    gain: float,
    spread: float,
) -> list[float]:
    """The level at the end of each day by exponential smoothing (Brown 1959), beginning at the median of the first week.

    A weekday of little weight moves it little: its count says little. Where days go on being away to one side, the level has moved, and
    begins anew at the median of those days.
    """
    level = _first_level(days, totals, weekdays)
    found: list[float] = []
    away: list[tuple[float, float]] = []
    for one, total, is_usual in zip(days, totals, usual, strict=True):
        factor = weekdays[one.weekday]
        if is_usual and factor > 0:
            scale = max(spread, sqrt(1 / (level * factor + 1)))
            far = log((total + 1) / (level * factor + 1)) / scale
            is_same = abs(far) > MOVES and (not away or (away[-1][0] > 0) == (far > 0))
            away = [*away, (far, total / factor)] if is_same else []
            level += gain * min(1.0, factor) * (total / factor - level)
            if len(away) >= RUN and sum(abs(one) for one, _ in away) >= MOVED:
                level = median([value for _, value in away[-MOST_OF_A_RUN:]])
        found.append(level)
    return found


def _first_level(days: Sequence[Day], totals: Sequence[float], weekdays: Sequence[float]) -> float:
    pairs = zip(days[:7], totals[:7], strict=True)
    return median([total / weekdays[one.weekday] for one, total in pairs if weekdays[one.weekday] > 0] or [0.0])


def _weight(age_days: int, half_life_weeks: float | None) -> float:
    return 1.0 if half_life_weeks is None else 0.5 ** (age_days / 7 / half_life_weeks)


def _medians(days: Sequence[Day], totals: Sequence[float]) -> list[float]:
    """Factors to begin with: medians are moved by no holiday."""
    found = [median([t for d, t in zip(days, totals, strict=True) if d.weekday == one] or [0.0]) for one in range(7)]
    return _scaled(found)


def _scaled(factors: Sequence[float]) -> list[float]:
    mean = fmean(factors)
    return [one / mean for one in factors] if mean > 0 else [1.0] * 7


def _levels(
    days: Sequence[Day], totals: Sequence[float], weekdays: Sequence[float], usual: Sequence[bool], spread: float
) -> list[float]:
    """Both ways, so that days after a day speak for its level as those before it do."""
    forwards = smoothed(days, totals, weekdays, usual, _GAIN, spread)
    backwards = smoothed(days[::-1], totals[::-1], weekdays, usual[::-1], _GAIN, spread)[::-1]
    return [(one + other) / 2 for one, other in zip(forwards, backwards, strict=True)]


def _judged(
    days: Sequence[Day], totals: Sequence[float], weekdays: Sequence[float], levels: Sequence[float]
) -> tuple[list[bool], float]:
    """Which days are usual, and the spread of the logarithms of those."""
    likely = [level * weekdays[one.weekday] for one, level in zip(days, levels, strict=True)]
    away = [log((total + 1) / (most + 1)) for total, most in zip(totals, likely, strict=True)]
    spread = max(_LEAST_SPREAD, _MAD * median([abs(one) for one in away]))
    sides = [
        0 if abs(one) <= FAR_OUT * max(spread, sqrt(1 / (most + 1))) else 1 if one > 0 else -1
        for one, most in zip(away, likely, strict=True)
    ]
    return [side == 0 or _in_run(sides, at) for at, side in enumerate(sides)], spread


def _in_run(sides: Sequence[int], at: int) -> bool:
    first = last = at
    while first > 0 and sides[first - 1] == sides[at]:
        first -= 1
    while last + 1 < len(sides) and sides[last + 1] == sides[at]:
        last += 1
    return last - first + 1 >= RUN


def _factors(
    days: Sequence[Day],
    totals: Sequence[float],
    levels: Sequence[float],
    usual: Sequence[bool],
    weights: Sequence[float],
) -> list[float]:
    """Ratios of sums: each day weighs as much as it has contacts."""
    above, below = [0.0] * 7, [0.0] * 7
    for one, total, level, is_usual, weight in zip(days, totals, levels, usual, weights, strict=True):
        if is_usual:
            above[one.weekday] += weight * total
            below[one.weekday] += weight * level
    return _scaled([one / other if other > 0 else 0.0 for one, other in zip(above, below, strict=True)])


def _shares(
    past: Series, counts: Sequence[float], usual: Sequence[bool], weights: Sequence[float], dispersion: float
) -> tuple[float, ...]:
    sums = [0.0] * SLOTS_A_WEEK
    for one, is_usual, weight in zip(past.days, usual, weights, strict=True):
        for at in range(one.begins, one.ends) if is_usual else ():
            sums[past.places[at].place] += weight * counts[at]
    by_day = [sums[start : start + SLOTS_A_DAY] for start in range(0, SLOTS_A_WEEK, SLOTS_A_DAY)]
    wholes = [sum(one) for one in by_day]
    pooled = [sum(one[half] for one in by_day) for half in range(SLOTS_A_DAY)]
    whole = sum(pooled)
    if not whole:
        return (1 / SLOTS_A_DAY,) * SLOTS_A_WEEK
    usually = [one / whole for one in pooled]
    found: list[float] = []
    for own, many in zip(by_day, wholes, strict=True):
        prior = _concentration(own, many, usually, dispersion)
        found += [(count + prior * share) / (many + prior) for count, share in zip(own, usually, strict=True)]
    return tuple(found)


def _concentration(own: Sequence[float], many: float, usually: Sequence[float], dispersion: float) -> float:
    """How many contacts of all days a weekday's own are drawn by. Without any of its own: all of it."""
    open_ = [(count, share) for count, share in zip(own, usually, strict=True) if share > 0]
    if many <= 0 or len(open_) < 2:
        return 1.0
    chi_square = sum((count - many * share) ** 2 / (many * share) for count, share in open_)
    ratio = chi_square / (len(open_) - 1) / max(dispersion, 1.0)
    # Ratio = (n + k) / (1 + k) of the Dirichlet-multinomial; by chance alone it is 1, and k has no bound.
    return max(0.0, (many - ratio) / (ratio - 1)) if ratio > 1 + many / _MOST_PRIOR else _MOST_PRIOR


_MOST_PRIOR = 1e6


def _dispersion(past: Series, shares: Sequence[float], totals: Sequence[float], usual: Sequence[bool]) -> float:
    """Variance ÷ mean, far outliers cut; never below a Poisson's 1."""
    ratios = []
    for one, total, is_usual in zip(past.days, totals, usual, strict=True):
        for at in range(one.begins, one.ends) if is_usual else ():
            likely = total * shares[past.places[at].place]
            if likely > 0.5:
                ratios.append(min((past.counts[at] - likely) ** 2 / likely, FAR_OUT**2))
    return max(1.0, fmean(ratios)) if ratios else 1.0


def _trimmed(past: Series, shares: Sequence[float], totals: Sequence[float], dispersion: float) -> list[float]:
    """Counts no farther from what is likely than chance may go."""
    found: list[float] = []
    for one, total in zip(past.days, totals, strict=True):
        for at in range(one.begins, one.ends):
            likely = total * shares[past.places[at].place]
            reach = FAR_OUT * sqrt(dispersion * likely + 1)
            found.append(min(max(past.counts[at], likely - reach), likely + reach))
    return found
