"""The statistics of one measure, each as a reader of its series at an instant."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from operator import attrgetter

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import DAY_MS, Millis, day_of, first_day_of
from chalicelib.profiles.model import Bucket, Series

type Reader = Callable[[Series, Millis], float | int | None]

WINDOWS: Mapping[str, int] = {f"{days}d": days for days in (1, 3, 7, 14, 30, 60, 90, 180, 365, 730)}
"""Exact days up to ``DAYS_KEPT``; before that, whole months."""
TRENDS: Mapping[str, int] = {"7d": 7, "30d": 30}
ACTIVE: Mapping[str, int] = {"7d": 7, "30d": 30, "90d": 90}
_PAST_DAYS = 90
"""What a person's own past is: the days before the window, back to here."""


def reader(stat: str, *, money: bool) -> Reader:
    """What reads a statistic; sums, means and maxima of ``money`` in units. Raises KeyError for no statistic."""
    read = _READERS[stat]
    if not (money and stat.startswith(("sum", "mean", "max"))):
        return read

    def in_units(series: Series, now: Millis) -> float | int | None:
        micros = read(series, now)
        return None if micros is None else micros / MICROS

    return in_units


def never(stat: str) -> float | int | None:
    """What a statistic is of something that never happened: it was counted 0 times, and has no mean."""
    return 0 if stat.startswith(("count", "sum", "active")) else None


_PERIOD, _COUNT, _TOTAL = attrgetter("period"), attrgetter("count"), attrgetter("total")


def _days(series: Series, first_day: int, last_day: int) -> tuple[Bucket, ...]:
    """The buckets of these days. They are in order, and looked for instead of gone through: a call asks for dozens."""
    days = series.days
    if not days or days[-1].period < first_day:
        return ()
    first = 0 if days[0].period >= first_day else bisect_left(days, first_day, key=_PERIOD)
    return days[first:] if days[-1].period <= last_day else days[first : bisect_right(days, last_day, key=_PERIOD)]


def _between(series: Series, first_day: int, last_day: int) -> tuple[Bucket, ...]:
    """The buckets that begin on these days."""
    days, months = _days(series, first_day, last_day), series.months
    begun = len(months)
    while begun and first_day_of(months[begun - 1].period) >= first_day:
        begun -= 1
    if begun == len(months):
        # Most windows are short.
        return days
    return (*(one for one in months[begun:] if first_day_of(one.period) <= last_day), *days)


def _count(days: int) -> Reader:
    return _added(days, _COUNT)


def _sum(days: int) -> Reader:
    return _added(days, _TOTAL)


def _added(days: int, part: attrgetter[int]) -> Reader:
    before = days - 1

    def read(series: Series, now: Millis) -> int:
        today = now // DAY_MS
        first = today - before
        # A call asks for dozens of windows: that one is empty, or of days alone, is seen here.
        if series.last_at < first * DAY_MS:
            return 0
        days, months = series.days, series.months
        if days and days[-1].period <= today and (not months or first_day_of(months[-1].period) < first):
            return sum(map(part, days[bisect_left(days, first, key=_PERIOD) :]))
        return sum(map(part, _between(series, first, today)))

    return read


def _mean(days: int) -> Reader:
    def read(series: Series, now: Millis) -> float | None:
        today = day_of(now)
        buckets = _between(series, today - days + 1, today)
        count = sum(map(_COUNT, buckets))
        return sum(map(_TOTAL, buckets)) / count if count else None

    return read


def _trend(days: int) -> Reader:
    """The count of the window over the mean of such windows in the person's own past."""

    def read(series: Series, now: Millis) -> float | None:
        today = day_of(now)
        past = sum(map(_COUNT, _between(series, today - _PAST_DAYS + 1, today - days)))
        before = past * days / (_PAST_DAYS - days)
        return sum(map(_COUNT, _between(series, today - days + 1, today))) / before if before else None

    return read


def _active_days(days: int) -> Reader:
    def read(series: Series, now: Millis) -> int:
        today = day_of(now)
        return len(_days(series, today - days + 1, today))

    return read


def _gap_days(series: Series, now: Millis) -> float | None:
    """Mean days between one and the next, of at least two."""
    return (series.last_at - series.first_at) / DAY_MS / (series.count - 1) if series.count > 1 else None


_READERS: Mapping[str, Reader] = {
    "count": lambda series, now: series.count,
    "sum": lambda series, now: series.total,
    "mean": lambda series, now: series.total / series.count,
    "max": lambda series, now: series.largest,
    "days_since_first": lambda series, now: max(0, now - series.first_at) // DAY_MS,
    "days_since_last": lambda series, now: max(0, now - series.last_at) // DAY_MS,
    "gap_days": _gap_days,
    **{f"count_{window}": _count(days) for window, days in WINDOWS.items()},
    **{f"sum_{window}": _sum(days) for window, days in WINDOWS.items()},
    **{f"mean_{window}": _mean(days) for window, days in WINDOWS.items()},
    **{f"trend_{window}": _trend(days) for window, days in TRENDS.items()},
    **{f"active_days_{window}": _active_days(days) for window, days in ACTIVE.items()},
}
STATS: frozenset[str] = frozenset(_READERS)
_LONG_DAYS = 30
LONG: frozenset[str] = frozenset(
    f"{kind}_{window}"
    for kind, windows in (("count", WINDOWS), ("sum", WINDOWS), ("mean", WINDOWS), ("active_days", ACTIVE))
    for window, days in windows.items()
    if days >= _LONG_DAYS
)
"""Windows that say what somebody is like, and not what just happened."""
