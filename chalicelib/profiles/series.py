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


def single(at: Millis, amount: int) -> Series:
    """The series of one occurrence. ``amount`` is in the measure's unit (micros for money)."""
    return Series(
        first_at=at,
        last_at=at,
        count=1,
        total=amount,
        largest=amount,
        days={day_of(at): Bucket(1, amount)},
        months={},
    )


def merge(left: Series, right: Series) -> Series:
    """The series of both sets of occurrences. Commutative and associative."""
    return Series(
        first_at=min(left.first_at, right.first_at),
        last_at=max(left.last_at, right.last_at),
        count=left.count + right.count,
        total=left.total + right.total,
        largest=max(left.largest, right.largest),
        days=_merge_buckets(left.days, right.days),
        months=_merge_buckets(left.months, right.months),
    )


def prune(series: Series, watermark: Millis) -> Series:
    """Days older than ``DAYS_KEPT`` before the watermark go into months; months past ``MONTHS_KEPT`` go."""
    oldest_day = day_of(watermark) - DAYS_KEPT
    oldest_month = month_of(day_of(watermark)) - MONTHS_KEPT
    if min(series.days, default=oldest_day) >= oldest_day and (
        min(series.months, default=oldest_month) >= oldest_month
    ):
        return series
    days: dict[int, Bucket] = {}
    months = dict(series.months)
    for day, bucket in series.days.items():
        if day >= oldest_day:
            days[day] = bucket
        else:
            month = month_of(day)
            months[month] = _sum(months.get(month), bucket)
    kept = {month: bucket for month, bucket in months.items() if month >= oldest_month}
    return Series(series.first_at, series.last_at, series.count, series.total, series.largest, days, kept)


def _sum(left: Bucket | None, right: Bucket) -> Bucket:
    return right if left is None else Bucket(left.count + right.count, left.total + right.total)


def _merge_buckets(left: dict[int, Bucket], right: dict[int, Bucket]) -> dict[int, Bucket]:
    merged = dict(left)
    for key, bucket in right.items():
        merged[key] = _sum(merged.get(key), bucket)
    return merged
