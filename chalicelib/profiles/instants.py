"""When the values that rules read change of themselves: nothing happens, and yet a day is over or a window has moved.

A value moves by itself for two reasons only. It counts whole days or minutes since something: then it moves at
that something's time of day. Or it looks back over a window of days: then it moves at UTC midnights, when a bucket
leaves. So the instants at which a value may move can be told without evaluating anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis, day_of, first_day_of
from chalicelib.profiles.cases import standing
from chalicelib.profiles.model import Profile, Series
from chalicelib.profiles.stats import TRENDS
from chalicelib.profiles.values import CASE_KINDS

type Look = Literal[
    "last", "first", "known", "silent", "minutes", "opened", "delivered", "exit", "count", "sum", "active"
]
_PAST_DAYS = 90
"""What a trend compares with ends so many days ago."""


class Watch(msgspec.Struct, frozen=True, order=True):
    """One way in which time alone may turn a condition.

    ``exit``: a bucket leaves the window of so many ``days``. ``count``, ``sum`` and ``active``: what is left of the
    window falls below ``least``. All others count whole days or minutes since something: the moment at which there
    are ``least`` of them, or each of them where it is 0.
    """

    stem: str
    look: Look
    days: int = 0
    least: int = 0


def watches(path: str) -> tuple[Watch, ...]:
    """What to watch so that no change of the value at ``path`` is missed; nothing where it never moves by itself."""
    head, _, rest = path.partition(".")
    if head != "m":
        look = _COUNTED.get(path)
        return () if look is None else (Watch(head, look),)
    name, _, stat = rest.partition(".")
    stem = f"m.{name}"
    if stat in _SINCE:
        return (Watch(stem, _SINCE[stat]),)
    kind, _, window = stat.rpartition("_")
    if not kind or not window.endswith("d") or not window[:-1].isdigit():
        return ()
    days = int(window[:-1])
    past = (Watch(stem, "exit", _PAST_DAYS),) if kind == "trend" and window in TRENDS else ()
    return (Watch(stem, "exit", days), *past)


def watch_below(path: str, least: int) -> tuple[Watch, ...] | None:
    """What to watch for the value at ``path`` to pass ``least``, in the units that are stored; None: all its changes."""
    stat = path.rpartition(".")[2]
    found: list[Watch] = []
    for one in watches(path):
        if one.look != "exit":
            found.append(msgspec.structs.replace(one, least=least))
            continue
        look = _FALLING.get(stat.rpartition("_")[0])
        if look is None:
            return None
        found.append(Watch(one.stem, look, one.days, least))
    # What is never below nothing does not pass it either.
    return tuple(found) if least > 0 else ()


class Watched(msgspec.Struct, frozen=True):
    """What is watched of one stem: what counts up from something, and windows, which move at midnights only."""

    counting: tuple[Watch, ...]
    windows: tuple[Watch, ...]


def by_stem(found: Iterable[Watch]) -> dict[str, Watched]:
    """Watches as ``next_instant`` takes them."""
    sorted_out: dict[str, list[Watch]] = {}
    for one in sorted(set(found)):
        sorted_out.setdefault(one.stem, []).append(one)
    return {
        stem: Watched(tuple(one for one in of_stem if not one.days), tuple(one for one in of_stem if one.days))
        for stem, of_stem in sorted_out.items()
    }


def next_instant(
    profile: Profile, watched: Mapping[str, Watched], after: Millis, before: Millis | None = None
) -> Millis | None:
    """The first instant after ``after`` at which one of these may turn something; with ``before``, if it is earlier."""
    midnight = (day_of(after) + 1) * DAY_MS
    earliest = before
    for stem, of_stem in watched.items():
        series = profile.series.get(stem[2:]) if stem[:2] == "m." else None
        for at in _counting(profile, series, stem, of_stem.counting, after):
            if at > after and (earliest is None or at < earliest):
                earliest = at
        if series is None or (earliest is not None and earliest <= midnight):
            continue
        for at in _windows(series, of_stem.windows, after):
            if at > after and (earliest is None or at < earliest):
                earliest = at
    return None if earliest == before else earliest


def _counting(
    profile: Profile, series: Series | None, stem: str, watched: Collection[Watch], after: Millis
) -> Iterator[Millis]:
    if not watched:
        return
    if series is not None:
        origins: Mapping[str, Millis] = {"last": series.last_at, "first": series.first_at}
    else:
        origins = _person_origins(profile) if stem == "p" else _case_origins(profile, stem)
    for one in watched:
        origin = origins.get(one.look)
        if origin is not None:
            yield _counted(origin, MINUTE_MS if one.look == "minutes" else DAY_MS, one.least, after)


def _windows(series: Series, watched: Collection[Watch], after: Millis) -> Iterator[Millis]:
    if not watched:
        return
    buckets = _buckets(series)
    ahead = bool(buckets) and buckets[0][0] > day_of(after)
    for one in watched:
        if one.look == "exit" or ahead:
            # Of a clock that is ahead there may be a bucket of tomorrow: it enters at midnight.
            yield from (day * DAY_MS for begins, *_ in buckets for day in (begins, begins + one.days))
        else:
            yield _fallen(buckets, one)


type _Sized = tuple[int, int, int, int]
"""Of a bucket: the day it begins, its count, its sum, and 1 where it is a day."""


def _buckets(series: Series) -> list[_Sized]:
    """Newest first, by the day on which each begins."""
    found = [(one.period, one.count, one.total, 1) for one in reversed(series.days)]
    if series.months:
        found += [(first_day_of(one.period), one.count, one.total, 0) for one in series.months]
        found.sort(reverse=True)
    return found


def _fallen(buckets: list[_Sized], watch: Watch) -> Millis:
    """The midnight at which a window that began full holds less than ``least`` for the first time; 0: it never held it."""
    held, place = 0, _PLACES[watch.look]
    for one in buckets:
        held += one[place]
        if held >= watch.least:
            return (one[0] + watch.days) * DAY_MS
    return 0


def _counted(origin: Millis, unit: int, least: int, after: Millis) -> Millis:
    """When so many whole units have passed; the next one where any will do."""
    return origin + unit * (least or max(0, after - origin) // unit + 1)


def _person_origins(profile: Profile) -> Mapping[str, Millis]:
    return {"known": profile.first_seen, "silent": profile.last_seen, "minutes": profile.last_seen}


def _case_origins(profile: Profile, stem: str) -> Mapping[str, Millis]:
    of_kind = standing(profile.steps).get(CASE_KINDS.get(stem, ""))
    if of_kind is None:
        return {}
    origins = {"opened": of_kind.opened_at, "delivered": of_kind.delivered_at}
    return {look: at for look, at in origins.items() if at is not None}


_SINCE: Mapping[str, Look] = {"days_since_last": "last", "days_since_first": "first"}
_COUNTED: Mapping[str, Look] = {
    "p.days_known": "known",
    "p.days_silent": "silent",
    "p.minutes_silent": "minutes",
    "orders.undelivered_days": "opened",
    "orders.delivered_days": "delivered",
    **{f"{name}.oldest_open_days": "opened" for name in CASE_KINDS},
}
_FALLING: Mapping[str, Look] = {"count": "count", "sum": "sum", "active_days": "active"}
_PLACES: Mapping[str, int] = {"count": 1, "sum": 2, "active": 3}
