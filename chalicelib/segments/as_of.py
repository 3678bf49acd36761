"""A person as of an earlier day, from the profile of today alone: what a model is taught with, beside what followed.

A profile keeps day buckets for 90 days and months before that, so the past can be cut where a bucket ends: at any day of
the last 90, and at the first day of a month before. Two things keep what is learned honest. Nobody's past may show what
came later: buckets are first made as coarse for everybody as the moment of the scan makes them, and the times of the
last events are read off buckets, never off what only those have kept who did not come back. And what is known by month
only is spread evenly over the days it can have been on, so that windows of 30 and 90 days read as they do at run time;
where days are known, they are what they were.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from chalicelib.kernel.moments import DAY_MS, Millis, day_of, first_day_of, month_of
from chalicelib.profiles.model import Bucket, Profile, Series
from chalicelib.profiles.series import DAYS_KEPT, prune

_READ_BY_DAY = 90
"""Windows up to so many days are read by day (``profiles.stats``)."""
_MONTH_DAYS = 30
_NOON = DAY_MS // 2


class Window(msgspec.Struct, frozen=True):
    """A cutoff, the end of what is looked at after it (both begin a day, which they exclude before and include after),
    and the moment of the scan.
    """

    cutoff: Millis
    end: Millis
    until: Millis

    @property
    def now(self) -> Millis:
        """The instant that features as of the cutoff are read for: the last one before it."""
        return self.cutoff - 1


def windows(until: Millis, horizon_days: int, earlier: int) -> tuple[Window, ...]:
    """Where a scan can cut: the last ``horizon_days`` (at most 90) before it, and ``earlier`` times as many whole months.

    The latest comes first, and none overlaps another. The earlier ones are as many months as the horizon has thirties of days.
    """
    today = day_of(until)
    cut = today - min(horizon_days, DAYS_KEPT)
    found = [Window(cut * DAY_MS, today * DAY_MS, until)]
    months = max(1, round(horizon_days / _MONTH_DAYS))
    end = month_of(cut)
    for _ in range(earlier):
        found.append(Window(first_day_of(end - months) * DAY_MS, first_day_of(end) * DAY_MS, until))
        end -= months
    return tuple(found)


def as_of(profile: Profile, window: Window) -> Profile | None:
    """The profile as it was known when the window's cutoff began; None for somebody who came later.

    It says the same whatever followed. Of channels it knows those that were not used later, because when one was first
    used is kept nowhere: features of channels must not be learned from. Raises ValueError for a cutoff within a bucket.
    """
    checked(window)
    if profile.first_seen >= window.cutoff:
        return None
    cut = {name: past for name, one in profile.series.items() if (past := before(one, window)) is not None}
    last_seen = max([profile.first_seen, *(one.last_at for one in cut.values())])
    return msgspec.structs.replace(
        profile,
        last_seen=last_seen,
        links={key: one for key, one in profile.links.items() if one.first_seen < window.cutoff},
        traits={name: one for name, one in profile.traits.items() if one.observed_at < window.cutoff},
        series=cut,
        steps=tuple(one for one in profile.steps if one.at < window.cutoff),
        channels={name: at for name, at in profile.channels.items() if at < window.cutoff},
        claims={},
    )


def checked(window: Window) -> Window:
    """The window, if buckets end at its cutoff and end. Raises ValueError."""
    exact = day_of(window.until) - DAYS_KEPT
    for at in (window.cutoff, window.end):
        day = day_of(at)
        if at % DAY_MS or (day < exact and first_day_of(month_of(day)) != day):
            raise ValueError("A cutoff must begin one of the last 90 days, or a month.")
    return window


def before(series: Series, window: Window) -> Series | None:
    """A series as it was before the cutoff; None where nothing had happened."""
    cut, today = day_of(window.cutoff), day_of(window.until)
    coarse = prune(series, window.until)
    days = [one for one in coarse.days if one.period < cut]
    months = []
    for one in coarse.months:
        if first_day_of(one.period) >= cut:
            continue
        if first_day_of(one.period + 1) > cut - _READ_BY_DAY:
            days += _spread(one, series, min(cut, today - DAYS_KEPT))
        else:
            months.append(one)
    if not days and not months:
        return None
    return _of_buckets(series, _added_up(days), tuple(months))


def after(series: Series, window: Window) -> tuple[int, int]:
    """Count and sum of what happened from the cutoff up to the window's end."""
    found = list(buckets_after(series, window))
    return sum(one.count for _, one in found), sum(one.total for _, one in found)


def buckets_after(series: Series, window: Window) -> Iterator[tuple[int, Bucket]]:
    """The buckets from the cutoff up to the window's end, each with its first day, the earliest first."""
    cut, end = day_of(window.cutoff), day_of(window.end)
    coarse = prune(series, window.until)
    for one in coarse.months:
        if cut <= first_day_of(one.period) < end:
            yield first_day_of(one.period), one
    for one in coarse.days:
        if cut <= one.period < end:
            yield one.period, one


def _spread(month: Bucket, series: Series, end: int) -> Iterator[Bucket]:
    """A month's bucket over the days that it can have been on: not before the first event, and before ``end``."""
    began = day_of(series.first_at)
    if month.count == 1 and month_of(began) == month.period:
        yield Bucket(began, 1, month.total)
        return
    first = max(first_day_of(month.period), min(began, end - 1))
    days = max(1, min(first_day_of(month.period + 1), end) - first)
    counted = summed = 0
    for place in range(days):
        # Rounded to the middle, so that a single one stands in the middle of the month.
        so_far = (2 * (place + 1) * month.count + days - 1) // (2 * days)
        total = month.total * so_far // month.count
        if so_far > counted:
            yield Bucket(first + place, so_far - counted, total - summed)
        counted, summed = so_far, total


def _added_up(days: list[Bucket]) -> tuple[Bucket, ...]:
    sums: dict[int, Bucket] = {}
    for one in days:
        known = sums.get(one.period)
        sums[one.period] = (
            one if known is None else Bucket(one.period, known.count + one.count, known.total + one.total)
        )
    return tuple(sums[day] for day in sorted(sums))


def _of_buckets(series: Series, days: tuple[Bucket, ...], months: tuple[Bucket, ...]) -> Series:
    both = (*days, *months)
    count, total = sum([one.count for one in both]), sum([one.total for one in both])
    last_day = (
        days[-1].period if days else list(_spread(months[-1], series, first_day_of(months[-1].period + 1)))[-1].period
    )
    last_at = series.first_at if count == 1 else max(series.first_at, last_day * DAY_MS + _NOON)
    return Series(
        first_at=series.first_at,
        last_at=last_at,
        count=count,
        total=total,
        largest=max([one.total for one in both]),
        days=days,
        months=months,
    )
