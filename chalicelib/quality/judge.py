"""From what was counted of a tenant's sources to their health: who is silent, changed or drifting, since when, and why.

A source that is not well is compared with what was usual before, for two weeks; then what it is becomes the usual. It
is well again by itself, and a little later than it would fall ill, so that nothing flaps.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import msgspec

from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.kernel.texts import Text
from chalicelib.quality.drift import Drift, drift, summed
from chalicelib.quality.says import says
from chalicelib.quality.shape import LEAST_RECENT, Missing, events_in, missing_fields, missing_types
from chalicelib.quality.silence import USUAL_HOURS, Silence, silence
from chalicelib.tags.health import State

USUAL_DAYS = 28
ACCEPTED_DAYS = 14
"""After so long a change is the usual."""
RECENT_DAYS = 2
"""Today and yesterday."""
ENOUGH_TODAY = 100
"""Events of a type from which on today alone shows whether a field is there."""
WEIGHTS: Mapping[State, float] = {"healthy": 1.0, "silent": 0.7, "changed": 0.6, "drifting": 0.4}
"""What a source's evidence counts. What a silent one said last was right then; where values drift they may be wrong."""

type Days = Mapping[int, Mapping[str, int]]
"""Day since the epoch → name → count."""


class Material(msgspec.Struct, frozen=True):
    """What was counted of one source, as ``quality.counters`` counts it."""

    arrivals: dict[int, int] = {}
    shape: dict[int, dict[str, int]] = {}
    values: dict[int, dict[str, int]] = {}
    feeds: dict[int, dict[str, int]] = {}


class FieldDrift(msgspec.Struct, frozen=True):
    """The drift of one field, named ``type|field``."""

    name: str
    drift: Drift


class SourceReport(msgspec.Struct, frozen=True):
    """One source: its state, and all that it was judged by.

    ``silences`` are its earlier ones, as hours; ``spells`` the days on which it was changed or drifted: neither is usual.
    """

    source: str
    state: State
    weight: float
    since: Millis | None
    says: Text
    silence: Silence
    missing: tuple[Missing, ...] = ()
    drifts: tuple[FieldDrift, ...] = ()
    silences: tuple[tuple[int, int], ...] = ()
    spells: tuple[tuple[int, int], ...] = ()
    feeds: dict[str, float] = {}
    """Measure → events a day that it usually adds to it."""

    @property
    def last_event_at(self) -> Millis:
        """The end of the last hour in which anything came from it."""
        return (self.silence.last_hour + 1) * HOUR_MS


def judge(source: str, material: Material, before: SourceReport | None, now: Millis) -> SourceReport | None:
    """How one source is; None where too little is known of it. ``before``: how it was found last."""
    hour = now // HOUR_MS - 1
    silent_from = _silent_from(before)
    past = () if before is None else before.silences
    heard = silence(material.arrivals, hour, [range(*one) for one in past], was_silent_from=silent_from)
    if heard is None:
        return None
    usual = _usual_days(before, now // DAY_MS)
    gone, drifts = _missing(material, before, usual, now), _drifts(material, before, usual, now)
    state: State = (
        "silent"
        if heard.silent
        else "changed"
        if gone
        else "drifting"
        if any(one.drift.drifts for one in drifts)
        else "healthy"
    )
    since = _since(state, before, heard, now)
    return SourceReport(
        source=source,
        state=state,
        weight=WEIGHTS[state],
        since=since,
        says=says(source, state, since, gone, [(one.name, one.drift.psi) for one in drifts if one.drift.drifts]),
        silence=heard,
        missing=gone,
        drifts=drifts,
        silences=_silences(past, silent_from, heard, hour),
        spells=_spells(before, state, now // DAY_MS),
        feeds=_rates(material.feeds, usual) or _young(material, now),
    )


def _silent_from(before: SourceReport | None) -> int | None:
    return None if before is None or before.state != "silent" or before.since is None else before.since // HOUR_MS


def _usual_days(before: SourceReport | None, today: int) -> frozenset[int]:
    """The days that show what is usual: those before it fell ill, unless that is long ago, without earlier spells."""
    ends = today - RECENT_DAYS + 1
    if before is not None and before.since is not None and before.state != "healthy":
        fell_ill = before.since // DAY_MS
        if today - fell_ill <= ACCEPTED_DAYS or before.state == "silent":
            ends = min(ends, fell_ill)
    spells = () if before is None else before.spells
    return frozenset(range(ends - USUAL_DAYS, ends)).difference(*(range(*one) for one in spells))


def _spells(before: SourceReport | None, state: State, today: int) -> tuple[tuple[int, int], ...]:
    """The spells that still bear on what is usual, with the one that ends now. One that lasted has become usual."""
    if before is None:
        return ()
    ended = []
    if before.since is not None and before.state in {"changed", "drifting"} and before.state != state:
        first = before.since // DAY_MS
        ended = [(first, today + 1)] if today - first <= ACCEPTED_DAYS else []
    return tuple(one for one in (*before.spells, *ended) if one[1] > today - 2 * USUAL_DAYS)


def _missing(
    material: Material, before: SourceReport | None, usual_days: frozenset[int], now: Millis
) -> tuple[Missing, ...]:
    today = now // DAY_MS
    known = [one.name for one in before.missing] if before is not None else []
    usual = _in(material.shape, usual_days)
    recent = _in(material.shape, range(today - RECENT_DAYS + 1, today + 1))
    of_today = material.shape.get(today, {})
    latest = {
        name: (of_today if of_today.get(name.partition("|")[0], 0) >= ENOUGH_TODAY else recent).get(name, 0)
        for name in recent.keys() | of_today.keys()
    }
    counted = sum(day in usual_days for day in material.shape)
    times = counted / (RECENT_DAYS - 1 + now % DAY_MS / DAY_MS)
    found = (*missing_types(recent, usual, times, known), *missing_fields(latest, usual, known))
    still = _still(before, today)
    left = still.missing if still is not None else ()
    return (*found, *(one for one in left if not _is_judged(one.name, recent)))


def _still(before: SourceReport | None, today: int) -> SourceReport | None:
    """How it was found last, unless it fell ill long ago: where too little comes to judge by, that stays so."""
    if before is None or before.since is None or today - before.since // DAY_MS > ACCEPTED_DAYS:
        return None
    return before


def _is_judged(name: str, recent: Mapping[str, int]) -> bool:
    type_, _, field = name.partition("|")
    return (recent.get(type_, 0) if field else events_in(recent)) >= LEAST_RECENT


def _drifts(
    material: Material, before: SourceReport | None, usual_days: frozenset[int], now: Millis
) -> tuple[FieldDrift, ...]:
    today = now // DAY_MS
    known = {one.name: one for one in before.drifts if one.drift.drifts} if before is not None else {}
    recent = _by_field(_in(material.values, range(today - RECENT_DAYS + 1, today + 1)))
    days = [_by_field(counts) for day, counts in material.values.items() if day in usual_days]
    found = (
        FieldDrift(name, one)
        for name, values in sorted(recent.items())
        if (one := drift(values, [day.get(name, {}) for day in days], drifted=name in known)) is not None
    )
    judged = {one.name: one for one in found}
    left = known if _still(before, today) is not None else {}
    return tuple((left | judged).values())


def _since(state: State, before: SourceReport | None, heard: Silence, now: Millis) -> Millis | None:
    if before is not None and before.state == state:
        return before.since
    if state == "silent":
        return (heard.last_hour + 1) * HOUR_MS
    # Days are the finest that shapes and values are known by: it began within those that are compared.
    return None if state == "healthy" else (now // DAY_MS - RECENT_DAYS + 1) * DAY_MS


def _silences(
    past: Iterable[tuple[int, int]], silent_from: int | None, heard: Silence, hour: int
) -> tuple[tuple[int, int], ...]:
    """The silences that still bear on what is usual, with the one that ends now."""
    ended = [(silent_from, hour + 1)] if silent_from is not None and not heard.silent else []
    return tuple(one for one in (*past, *ended) if one[1] > hour - 2 * USUAL_HOURS)


def _rates(feeds: Days, usual_days: frozenset[int]) -> dict[str, float]:
    counted = max(1, sum(day in usual_days for day in feeds))
    return {name: round(count / counted, 4) for name, count in sorted(_in(feeds, usual_days).items())}


def _young(material: Material, now: Millis) -> dict[str, float]:
    """Events a day of a source without a usual day, by the hours it was there: one that was renamed goes on at once."""
    hours = [hour for hour, count in material.arrivals.items() if count]
    days = (now - min(hours) * HOUR_MS) / DAY_MS
    return {name: round(count / days, 4) for name, count in sorted(_in(material.feeds, material.feeds).items())}


def _in(days: Days, wanted: Container[int]) -> dict[str, int]:
    return summed(counts for day, counts in days.items() if day in wanted)


def _by_field(values: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """``type|field`` → bin → count."""
    found: dict[str, dict[str, int]] = {}
    for name, count in values.items():
        field, _, bin_ = name.rpartition("|")
        found.setdefault(field, {})[bin_] = count
    return found
