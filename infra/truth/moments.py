"""The time that the invented people live in: 90 days of one time zone, and the years behind them."""

from __future__ import annotations

type Millis = int

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
TIMEZONE = "Asia/Shanghai"
_ZONE_MS = 8 * HOUR_MS
DAYS = 90
FIRST_DAY = 20_689
"""The local day, counted since 1970, on which the 90 days begin: 2026-08-24, a Monday."""


def midnight(day: int) -> Millis:
    """When a day of the story begins for those who live it. Day 0 is the first of the 90; the past is negative."""
    return (FIRST_DAY + day) * DAY_MS - _ZONE_MS


END: Millis = midnight(DAYS)


def weekday(day: int) -> int:
    """1 for Monday to 7 for Sunday."""
    return day % 7 + 1


def local_day(at: Millis) -> int:
    """The local day, counted since 1970, of a moment."""
    return (at + _ZONE_MS) // DAY_MS


def local_hour(at: Millis) -> int:
    """The local hour of a moment, 0 to 23."""
    return (at + _ZONE_MS) // HOUR_MS % 24
