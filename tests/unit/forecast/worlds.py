"""Small pasts for forecasts: a week's shape, repeated, with what a test does to it."""

from __future__ import annotations

from random import Random

from chalicelib.forecast.draw import poisson
from chalicelib.forecast.series import SLOTS_A_DAY, Series, series_of

MONDAY = 20_465
FIRST = MONDAY * SLOTS_A_DAY
WEEKDAYS = (1.2, 1.1, 1.0, 1.0, 1.1, 0.5, 0.2)


def mean_at(day: int, half: int, volume: float = 20.0) -> float:
    """Open from 8 to 20 o'clock; more before noon, and by weekday."""
    return 0.0 if not 16 <= half < 40 else volume * WEEKDAYS[day % 7] * (1.5 if half < 24 else 1.0)


def counts_of(days: int, volume: float = 20.0, seed: int | None = None) -> dict[int, int]:
    """Counts of so many days: the means themselves, or drawn about them."""
    dice = Random(seed)
    means = {(day, half): mean_at(day, half, volume) for day in range(days) for half in range(SLOTS_A_DAY)}
    return {
        FIRST + day * SLOTS_A_DAY + half: round(mean) if seed is None else poisson(mean, dice)
        for (day, half), mean in means.items()
    }


def past_of(counts: dict[int, int], days: int, timezone: str = "UTC") -> Series:
    """The series of them."""
    return series_of(counts, FIRST, FIRST + days * SLOTS_A_DAY - 1, timezone)
