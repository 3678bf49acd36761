"""The ways to forecast that are tried on a past: a level times the week's shape, in variants, beside both yardsticks.

The level is smoothed exponentially (Brown 1959); its trend is the median of slopes between days (Theil 1950, Sen, JASA 63, 1968), which
a fifth of odd days does not move, and is damped (Gardner and McKenzie, Management Science 31, 1985): far ahead it adds no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

import msgspec

from chalicelib.forecast.pattern import Pattern, pattern_of, smoothed
from chalicelib.forecast.series import SLOTS_A_DAY, Place, Series
from chalicelib.forecast.yardsticks import seasonal_naive, slot_mean

type Method = Callable[[Series, Sequence[Place]], list[float]]
"""A past and the places to forecast → a mean for each."""

TREND_DAYS = 42
DAMPING = 0.93
"""Of a day's trend to the next: half of it is left after ten days."""
_LEAST_WEIGHT = 0.2
"""A weekday with less of a mean day's contacts says too little of the trend."""


class Variant(msgspec.Struct, frozen=True):
    """How a level is followed: by which gain, with a trend or without, and how fast a week's shape is forgotten."""

    gain: float
    trend: bool
    half_life_weeks: float | None


VARIANTS: Mapping[str, Variant] = {
    "steady": Variant(0.06, trend=False, half_life_weeks=None),
    "level": Variant(0.2, trend=False, half_life_weeks=8.0),
    "level_trend": Variant(0.2, trend=True, half_life_weeks=8.0),
    "quick": Variant(0.45, trend=False, half_life_weeks=4.0),
}
USUAL = "level"
NAIVE, MEAN = "seasonal_naive", "slot_mean"
YARDSTICKS: Mapping[str, Method] = {NAIVE: seasonal_naive, MEAN: slot_mean}
METHODS = (*VARIANTS, *YARDSTICKS)


def forecasts(past: Series, ahead: Sequence[Place]) -> dict[str, list[float]]:
    """Every method's means, none below 0."""
    found = {name: method(past, ahead) for name, method in YARDSTICKS.items()}
    patterns: dict[float | None, Pattern] = {}
    for name, variant in VARIANTS.items():
        if variant.half_life_weeks not in patterns:
            patterns[variant.half_life_weeks] = pattern_of(past, variant.half_life_weeks)
        found[name] = decomposed(past, ahead, patterns[variant.half_life_weeks], variant)
    return found


def decomposed(past: Series, ahead: Sequence[Place], pattern: Pattern, variant: Variant) -> list[float]:
    """Level × weekday × share of the half hour."""
    level = smoothed(past.days, pattern.totals, pattern.weekdays, pattern.usual, variant.gain, pattern.spread)[-1]
    slope = _slope(past, pattern, level) if variant.trend else 0.0
    last = past.days[-1].day
    far = (max((one.day for one in ahead), default=last) - last) + 1
    levels, risen = [level], 0.0
    for day in range(1, far + 1):
        risen += slope * DAMPING**day
        levels.append(max(0.0, level + risen))
    return [
        levels[max(0, one.day - last)] * pattern.weekdays[one.place // SLOTS_A_DAY] * pattern.shares[one.place]
        for one in ahead
    ]


def _slope(past: Series, pattern: Pattern, level: float) -> float:
    """Contacts a day by which the level moves, at most a twentieth of it."""
    points = [
        (day.day, total / pattern.weekdays[day.weekday])
        for day, total, is_usual in zip(past.days, pattern.totals, pattern.usual, strict=True)
        if is_usual and pattern.weekdays[day.weekday] >= _LEAST_WEIGHT
    ][-TREND_DAYS:]
    if len(points) < TREND_DAYS // 2:
        return 0.0
    slopes = [(y - x) / (b - a) for at, (a, x) in enumerate(points) for b, y in points[at + 1 :] if b - a >= _APART]
    slope = median(slopes) if slopes else 0.0
    return max(-level / 20, min(level / 20, slope))


_APART = 7
"""Days between two that a slope is taken of: nearer ones tell of chance."""
