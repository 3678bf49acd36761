"""The plain definition of a profile as of a cutoff, and of what followed: one series, one cutoff, one bucket at a time.

What the product does of several cutoffs at once is held to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import DAY_MS, day_of, first_day_of, month_of
from chalicelib.profiles.model import Bucket, Profile, Series
from chalicelib.profiles.series import DAYS_KEPT, prune
from chalicelib.segments.as_of import Window
from chalicelib.segments.score_specs import Followed, ScoreSpec

_READ_BY_DAY = 90
_NOON = DAY_MS // 2
_USUAL_DAYS = 90
"""What is usual for somebody: the mean of these days before the cutoff."""
_CHANGE_DAYS = 30
"""Contacts are compared by so many days, however long the window is."""


def as_of(profile: Profile, window: Window) -> Profile | None:
    """The profile as it was known when the window's cutoff began; None for somebody who came later.

    It says the same whatever followed. Of channels it knows those that were not used later, because when one was first
    used is kept nowhere: features of channels must not be learned from. Raises ValueError for a cutoff within a bucket.
    """
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


type Reader = Callable[[ScoreSpec, Profile, Window], float | None]


def outcome(spec: ScoreSpec, profile: Profile, window: Window) -> float | None:
    """What followed after one cutoff."""
    if profile.first_seen >= window.cutoff or window.end > window.until or not _is_among(spec, profile, window):
        return None
    return _READERS[spec.outcome](spec, profile, window)


def _is_among(spec: ScoreSpec, profile: Profile, window: Window) -> bool:
    return not spec.among_days or _counted_before(spec.among, profile, window, spec.among_days) > 0


def _counted_before(measures: Iterable[str], profile: Profile, window: Window, days: int) -> int:
    """How often anything of some measures happened in so many days before the cutoff; months count from their first day."""
    first, counted = day_of(window.cutoff) - days, 0
    for name in measures:
        series = profile.series.get(name)
        past = None if series is None else before(series, window)
        if past is not None:
            counted += sum(one.count for one in past.days if one.period >= first)
            counted += sum(one.count for one in past.months if first_day_of(one.period) >= first)
    return counted


def _followed(spec: ScoreSpec, profile: Profile, window: Window) -> tuple[int, int]:
    """Count and sum of all measures within the window."""
    found = [after(profile.series[name], window) for name in spec.measures if name in profile.series]
    return sum(count for count, _ in found), sum(total for _, total in found)


def _change(spec: ScoreSpec, profile: Profile, window: Window) -> float:
    days = day_of(window.end) - day_of(window.cutoff)
    usual = _counted_before(spec.measures, profile, window, _USUAL_DAYS) * _CHANGE_DAYS / _USUAL_DAYS
    return _followed(spec, profile, window)[0] * _CHANGE_DAYS / days - usual


def _topic(spec: ScoreSpec, profile: Profile, window: Window) -> float | None:
    """The topic of the earliest bucket; of one day or month, the most frequent, then the one declared first."""
    firsts = []
    for place, name in enumerate(spec.topics.values()):
        series = profile.series.get(name)
        found = None if series is None else next(buckets_after(series, window), None)
        if found is not None:
            firsts.append((found[0], -found[1].count, place))
    return float(min(firsts)[2]) if firsts else None


_READERS: Mapping[Followed, Reader] = {
    "silent": lambda spec, profile, window: float(_followed(spec, profile, window)[0] == 0),
    "happened": lambda spec, profile, window: float(_followed(spec, profile, window)[0] > 0),
    "amount": lambda spec, profile, window: _followed(spec, profile, window)[1] / MICROS,
    "change": _change,
    "topic": _topic,
}
