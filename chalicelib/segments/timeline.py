"""A series as of any day: what had happened before it, and what followed.

Which buckets lie before a cutoff is looked for, and what is made of them is kept: of several cutoffs most have the same
buckets before them. ``tests/unit/segments/plain_as_of.py`` has the plain definition that this is equal to.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from chalicelib.kernel.moments import DAY_MS, Millis, day_of, first_day_of, month_of
from chalicelib.profiles.model import Bucket, Series
from chalicelib.profiles.series import DAYS_KEPT, prune

READ_BY_DAY = 90
"""Windows up to so many days are read by day (``profiles.stats``)."""
_NOON = DAY_MS // 2

type _Place = tuple[int, int, int, int]
"""Of a cutoff: months that stand as such, months begun, days known, and the day before which months are spread."""


class Timeline:
    """One series, as coarse as the moment of a scan makes it. Days are counted from the epoch."""

    __slots__ = ("_begins", "_days", "_ends", "_exact", "_made", "_months", "_on", "_series", "_spreads", "_sums")

    def __init__(self, series: Series, until: Millis) -> None:
        coarse = prune(series, until)
        self._series, self._days, self._months = series, coarse.days, coarse.months
        self._exact = day_of(until) - DAYS_KEPT
        self._on = [one.period for one in coarse.days]
        self._begins = [first_day_of(one.period) for one in coarse.months]
        self._ends = [first_day_of(one.period + 1) for one in coarse.months]
        self._made: dict[_Place, Series] = {}
        self._spreads: dict[tuple[int, int], tuple[Bucket, ...]] = {}
        self._sums: tuple[list[int], list[int], list[int], list[int]] | None = None

    def before(self, cut: int) -> Series | None:
        """The series as it was before a day; None where nothing had happened."""
        place = self._place(cut)
        found = self._made.get(place)
        if found is None and (place[1] or place[2]):
            found = self._made[place] = self._make(place)
        return found

    def last_before(self, cut: int) -> tuple[Millis, ...]:
        """When it happened last before a day, as near as buckets tell; nothing where it had not happened."""
        place = self._place(cut)
        _, begun, known, _ = place
        if not begun and not known:
            return ()
        counted = self._months[0].count if begun else self._days[0].count
        return (self._last_at(place, counted if begun + known == 1 else 2),)

    def counted(self, first: int, cut: int) -> int:
        """How often it happened from a day on, before another; months that are not spread count from their first day."""
        past = self.before(cut)
        if past is None:
            return 0
        days = sum([one.count for one in past.days if one.period >= first])
        return days + sum([one.count for one in past.months if first_day_of(one.period) >= first])

    def followed(self, cut: int, end: int) -> tuple[int, int]:
        """Count and sum of what happened from a day up to another."""
        counts_m, totals_m, counts_d, totals_d = self._summed()
        low_m, high_m = bisect_left(self._begins, cut), bisect_left(self._begins, end)
        low_d, high_d = bisect_left(self._on, cut), bisect_left(self._on, end)
        return (
            counts_m[high_m] - counts_m[low_m] + counts_d[high_d] - counts_d[low_d],
            totals_m[high_m] - totals_m[low_m] + totals_d[high_d] - totals_d[low_d],
        )

    def first_after(self, cut: int, end: int) -> tuple[int, Bucket] | None:
        """The first bucket from a day up to another, with its first day: a month's, if there is one, as it is before the days."""
        for begins, buckets in ((self._begins, self._months), (self._on, self._days)):
            at = bisect_left(begins, cut)
            if at < len(begins) and begins[at] < end:
                return begins[at], buckets[at]
        return None

    def _place(self, cut: int) -> _Place:
        begun = bisect_left(self._begins, cut) if self._begins else 0
        # A month that is near enough to be read by day is spread over its days.
        whole = bisect_right(self._ends, cut - READ_BY_DAY, 0, begun) if begun else 0
        end = min(cut, self._exact, self._ends[begun - 1]) if begun > whole else 0
        return whole, begun, bisect_left(self._on, cut), end

    def _make(self, place: _Place) -> Series:
        whole, begun, known, end = place
        days, months = self._days[:known], self._months[:whole]
        if begun > whole:
            days = self._with_spread(whole, begun, end, days)
        counts_m, totals_m, counts_d, totals_d = self._summed()
        count = counts_m[begun] + counts_d[known]
        return Series(
            first_at=self._series.first_at,
            last_at=self._last_at(place, count),
            count=count,
            total=totals_m[begun] + totals_d[known],
            largest=max([one.total for one in (*days, *months)]),
            days=days,
            months=months,
        )

    def _with_spread(self, whole: int, begun: int, end: int, days: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
        """Some months, spread over their days, and the days behind them."""
        spread = self._spread(whole, end)
        for at in range(whole + 1, begun):
            spread += self._spread(at, end)
        # A month keeps to its own days, so only the last of them can reach into days that are known.
        return _added_up((*spread, *days)) if days and spread[-1].period >= days[0].period else spread + days

    def _last_at(self, place: _Place, count: int) -> Millis:
        whole, begun, known, end = place
        first_at = self._series.first_at
        if count == 1:
            return first_at
        last = self._on[known - 1] if known else -1
        if begun > whole and self._ends[begun - 1] > last:
            last = max(last, _last_day(self._months[begun - 1], day_of(first_at), end))
        elif begun == whole and not known:
            last = _last_day(self._months[begun - 1], day_of(first_at), self._ends[begun - 1])
        return max(first_at, last * DAY_MS + _NOON)

    def _spread(self, at: int, end: int) -> tuple[Bucket, ...]:
        end = min(end, self._ends[at])
        found = self._spreads.get((at, end))
        if found is None:
            found = self._spreads[at, end] = tuple(_spread(self._months[at], day_of(self._series.first_at), end))
        return found

    def _summed(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Counts and totals of so many months, and of so many days. A month that is spread keeps both."""
        if self._sums is None:
            months, days = self._months, self._days
            self._sums = (
                _running([one.count for one in months]),
                _running([one.total for one in months]),
                _running([one.count for one in days]),
                _running([one.total for one in days]),
            )
        return self._sums


def _running(numbers: Iterable[int]) -> list[int]:
    return list(accumulate(numbers, initial=0))


def _spread(month: Bucket, began: int, end: int) -> Iterator[Bucket]:
    """A month's bucket over the days that it can have been on: not before the first event, and before ``end``.

    Rounded to the middle, so that a single one stands in the middle of the month: of ``days`` the first ``n`` hold
    n × count ÷ days, rounded.
    """
    first, days = _span(month, began, end)
    counted = summed = 0
    for place in _places(month.count, days):
        so_far = (2 * (place + 1) * month.count + days - 1) // (2 * days)
        total = month.total * so_far // month.count
        yield Bucket(first + place, so_far - counted, total - summed)
        counted, summed = so_far, total


def _span(month: Bucket, began: int, end: int) -> tuple[int, int]:
    """The first day that a month is spread over, and over how many."""
    begins = first_day_of(month.period)
    if month.count == 1 and month_of(began) == month.period:
        return began, 1
    first = max(begins, min(began, end - 1))
    return first, max(1, min(first_day_of(month.period + 1), end) - first)


def _places(count: int, days: int) -> Iterable[int]:
    """Which of so many days hold any: all of them, where there are as many."""
    return range(days) if count >= days else [_place_of(number, count, days) for number in range(1, count + 1)]


def _place_of(number: int, count: int, days: int) -> int:
    """On which of so many days the ``number``-th of so many stands."""
    return -((days - 1 - 2 * days * number) // (2 * count)) - 1


def _last_day(month: Bucket, began: int, end: int) -> int:
    """The last day that a month is spread over."""
    first, days = _span(month, began, end)
    return first + _place_of(month.count, month.count, days)


def _added_up(days: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """Buckets by day, those of the same day as one."""
    sums: dict[int, Bucket] = {}
    for one in days:
        known = sums.get(one.period)
        sums[one.period] = (
            one if known is None else Bucket(one.period, known.count + one.count, known.total + one.total)
        )
    return tuple(sums[day] for day in sorted(sums))
