"""The statistics of one measure: what is asked of it together is read of its series together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import DAY_MS, Millis, month_of
from chalicelib.profiles.model import Bucket, Series

type Value = float | int | None
type Counts = dict[str, int]
"""What was counted in windows, by the name of the statistic (``count_30d``)."""
type Sums = dict[int, int]
"""What that came to, by the window's days."""
type Buckets = tuple[Bucket, ...]
type Edges = tuple[tuple[int, str], ...]
"""The last period before a window, and the name of its count; the shortest window first."""

WINDOWS: Mapping[str, int] = {f"{days}d": days for days in (1, 3, 7, 14, 30, 60, 90, 180, 365, 730)}
"""Exact days up to ``DAYS_KEPT``; before that, whole months."""
TRENDS: Mapping[str, int] = {"7d": 7, "30d": 30}
ACTIVE: Mapping[str, int] = {"7d": 7, "30d": 30, "90d": 90}
_PAST_DAYS = 90
"""What a person's own past is: the days before the window, back to here."""
_PAST = f"count_{_PAST_DAYS}d"
_PERIOD = attrgetter("period")


class _OfWindows(msgspec.Struct, frozen=True):
    """What a statistic of a window needs: counts by name, the sum of so many days; and what reads it of these."""

    counts: tuple[str, ...]
    summed: int = 0
    read: Callable[[Counts, Sums], Value] | None = None


class _Layout(msgspec.Struct, frozen=True):
    """Where windows that end on a day begin, by days and by months. ``summed``: those whose sums are asked for."""

    today: int
    days: Edges
    months: Edges
    summed: tuple[tuple[int, int, int], ...]


class Reader:
    """Reads statistics of one measure: a call asks for dozens, and the days are gone through once for all windows.

    Sums, means and maxima of ``money`` read in units. Raises KeyError for what is no statistic.
    """

    __slots__ = ("_beside", "_counted", "_in_units", "_layout", "_of_series", "_of_windows", "_summed", "order")

    def __init__(self, stats: Collection[str], *, money: bool) -> None:
        self._of_series = tuple((stat, _OF_SERIES[stat]) for stat in stats if stat in _OF_SERIES)
        windowed = {stat: _OF_WINDOWS[stat] for stat in stats if stat not in _OF_SERIES}
        counted = {name for one in windowed.values() for name in one.counts}
        self._counted = tuple(sorted((_COUNTS[name], name) for name in counted))
        self._beside = tuple(counted.difference(stats))
        self._of_windows = tuple((stat, one.read) for stat, one in windowed.items() if one.read is not None)
        self._summed = tuple({one.summed for one in windowed.values() if one.summed})
        self._in_units = tuple(stat for stat in stats if money and stat.startswith(("sum", "mean", "max")))
        self._layout = self._laid_out(0)
        windows = [name for _, name in self._counted if name not in self._beside]
        of_windows = [stat for stat, _ in self._of_windows]
        self.order: tuple[str, ...] = (*windows, *of_windows, *(stat for stat, _ in self._of_series))
        """The statistics in the order in which ``read`` tells them."""

    def read(self, series: Series, now: Millis) -> dict[str, Value]:
        """Statistic → its value at an instant, in their ``order``."""
        found: dict[str, Any] = {}
        if self._counted:
            today, layout = now // DAY_MS, self._layout
            if layout.today != today:
                # Nearly always everybody is asked about on the same day.
                layout = self._layout = self._laid_out(today)
            days, months = series.days, series.months
            if days and days[-1].period > today:
                days = _begun(days, today)
            if months and months[-1].period <= layout.months[-1][0]:
                # Most windows are shorter than the days that are kept.
                months = ()
            found = _counted(days, layout.days)
            if months or self._of_windows:
                self._add(found, days, months, layout)
        for stat, of_series in self._of_series:
            found[stat] = of_series(series, now)
        for stat in self._in_units:
            micros = found[stat]
            found[stat] = None if micros is None else micros / MICROS
        return found

    def _add(self, found: dict[str, Any], days: Buckets, months: Buckets, layout: _Layout) -> None:
        """Adds the months to the counts of windows, and what is made of counts and sums."""
        if months:
            months = _begun(months, month_of(layout.today))
            for name, count in _counted(months, layout.months).items():
                found[name] += count
        sums = {window: _sum(days, day) + _sum(months, month) for window, day, month in layout.summed}
        for stat, read in self._of_windows:
            found[stat] = read(found, sums)
        for name in self._beside:
            del found[name]

    def _laid_out(self, today: int) -> _Layout:
        return _Layout(
            today,
            tuple((today - window, name) for window, name in self._counted),
            tuple((month_of(today - window), name) for window, name in self._counted),
            tuple((window, today - window, month_of(today - window)) for window in self._summed),
        )


def never(stat: str) -> Value:
    """What a statistic is of something that never happened: it was counted 0 times, and has no mean."""
    return 0 if stat.startswith(("count", "sum", "active")) else None


def _begun(buckets: Buckets, current: int) -> Buckets:
    """The buckets without those that are still to come, as a clock that is ahead tells them."""
    if not buckets or buckets[-1].period <= current:
        return buckets
    return buckets[: bisect_right(buckets, current, key=_PERIOD)]


def _counted(buckets: Buckets, edges: Edges) -> Counts:
    """The counts of windows, in one go from the newest on."""
    counts: Counts = {}
    count = place = 0
    last = len(edges) - 1
    before, name = edges[0]
    for one in reversed(buckets):
        while one.period <= before:
            counts[name] = count
            if place == last:
                return counts
            place += 1
            before, name = edges[place]
        count += one.count
    for _, name in edges[place:]:
        counts[name] = count
    return counts


def _sum(buckets: Buckets, before: int) -> int:
    total = 0
    for one in reversed(buckets):
        if one.period <= before:
            break
        total += one.total
    return total


def _sum_of(days: int) -> Callable[[Counts, Sums], Value]:
    return lambda counts, sums: sums[days]


def _mean(days: int) -> Callable[[Counts, Sums], Value]:
    name = f"count_{days}d"
    return lambda counts, sums: sums[days] / counts[name] if counts[name] else None


def _trend(days: int) -> Callable[[Counts, Sums], Value]:
    """The count of the window over the mean of such windows in the person's own past."""
    name = f"count_{days}d"

    def read(counts: Counts, sums: Sums) -> float | None:
        before = (counts[_PAST] - counts[name]) * days / (_PAST_DAYS - days)
        return counts[name] / before if before else None

    return read


def _active_days(window: int) -> Callable[[Series, Millis], Value]:
    def read(series: Series, now: Millis) -> int:
        today = now // DAY_MS
        days = _begun(series.days, today)
        return len(days) - bisect_right(days, today - window, key=_PERIOD)

    return read


def _gap_days(series: Series, now: Millis) -> float | None:
    """Mean days between one and the next, of at least two."""
    return (series.last_at - series.first_at) / DAY_MS / (series.count - 1) if series.count > 1 else None


_OF_SERIES: Mapping[str, Callable[[Series, Millis], Value]] = {
    "count": lambda series, now: series.count,
    "sum": lambda series, now: series.total,
    "mean": lambda series, now: series.total / series.count,
    "max": lambda series, now: series.largest,
    "days_since_first": lambda series, now: max(0, now - series.first_at) // DAY_MS,
    "days_since_last": lambda series, now: max(0, now - series.last_at) // DAY_MS,
    "gap_days": _gap_days,
    **{f"active_days_{window}": _active_days(days) for window, days in ACTIVE.items()},
}
_COUNTS: Mapping[str, int] = {f"count_{window}": days for window, days in WINDOWS.items()}
_OF_WINDOWS: Mapping[str, _OfWindows] = {
    **{name: _OfWindows((name,)) for name in _COUNTS},
    **{f"sum_{one}": _OfWindows((f"count_{one}",), days, _sum_of(days)) for one, days in WINDOWS.items()},
    **{f"mean_{one}": _OfWindows((f"count_{one}",), days, _mean(days)) for one, days in WINDOWS.items()},
    **{f"trend_{one}": _OfWindows((f"count_{one}", _PAST), 0, _trend(days)) for one, days in TRENDS.items()},
}
STATS: frozenset[str] = frozenset(_OF_SERIES) | frozenset(_OF_WINDOWS)
_LONG_DAYS = 30
LONG: frozenset[str] = frozenset(
    f"{kind}_{window}"
    for kind, windows in (("count", WINDOWS), ("sum", WINDOWS), ("mean", WINDOWS), ("active_days", ACTIVE))
    for window, days in windows.items()
    if days >= _LONG_DAYS
)
"""Windows that say what somebody is like, and not what just happened."""
