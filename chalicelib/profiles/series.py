"""A measure over time, as buckets that join in any order.

Days are kept for ``DAYS_KEPT`` before the facet's watermark and months for ``MONTHS_KEPT``. Which
bucket an event falls into depends on its own time and on the watermark alone, never on when it
arrived, so any order of the same events ends in the same series.
"""

from __future__ import annotations

from chalicelib.kernel.moments import Millis, day_of, month_of
from chalicelib.profiles.model import Bucket, Series

DAYS_KEPT = 90
MONTHS_KEPT = 36
GREATEST = 1 << 62
"""What a total stops at. Past 64 bits a body could not be coded, and its person never be saved again."""


def single(at: Millis, amount: int) -> Series:
    """The series of one occurrence. ``amount`` is in the measure's unit (micros for money)."""
    return Series(
        first_at=at,
        last_at=at,
        count=1,
        total=amount,
        largest=amount,
        days=(Bucket(day_of(at), 1, amount),),
        months=(),
    )


def merge(left: Series, right: Series) -> Series:
    """The series of both sets of occurrences. Commutative and associative."""
    return Series(
        first_at=min(left.first_at, right.first_at),
        last_at=max(left.last_at, right.last_at),
        count=left.count + right.count,
        total=_added(left.total, right.total),
        largest=max(left.largest, right.largest),
        days=_merged(left.days, right.days),
        months=_merged(left.months, right.months),
    )


def prune(series: Series, watermark: Millis) -> Series:
    """Days older than ``DAYS_KEPT`` before the watermark go into months; months past ``MONTHS_KEPT`` go."""
    oldest_day = day_of(watermark) - DAYS_KEPT
    oldest_month = month_of(day_of(watermark)) - MONTHS_KEPT
    days, months = series.days, series.months
    if days and days[0].period < oldest_day:
        old = tuple(Bucket(month_of(one.period), one.count, one.total) for one in days if one.period < oldest_day)
        months = _merged((), months + old)
        days = tuple(one for one in days if one.period >= oldest_day)
    if months and months[0].period < oldest_month:
        months = tuple(one for one in months if one.period >= oldest_month)
    if days is series.days and months is series.months:
        return series
    return Series(series.first_at, series.last_at, series.count, series.total, series.largest, days, months)


def _merged(left: tuple[Bucket, ...], right: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    if not right:
        return left
    sums: dict[int, Bucket] = {}
    for one in (*left, *right):
        before = sums.get(one.period)
        sums[one.period] = one if before is None else _sum(before, one)
    return tuple(sums[period] for period in sorted(sums))


def _sum(left: Bucket, right: Bucket) -> Bucket:
    return Bucket(left.period, left.count + right.count, _added(left.total, right.total))


def _added(left: int, right: int) -> int:
    """The sum, held at ``GREATEST``: in any order of amounts that are not negative, the same."""
    return min(left + right, GREATEST)
