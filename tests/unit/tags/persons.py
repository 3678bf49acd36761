"""Builds profiles from events by the real path: measures, contributions, fold, join."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.events.model import Event, Identifier
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.measures import MeasureSet, deltas, load_measures
from chalicelib.profiles.model import Contribution, Profile, Trait
from chalicelib.profiles.steps import step_of

NOW: Millis = 20_000 * DAY_MS + 12 * HOUR_MS


def happened(type_: str, days_ago: float = 0, channel: str = "web", **data: Any) -> Event:
    """An event some days before NOW."""
    at = NOW - int(days_ago * DAY_MS)
    return Event("e", type_, at, at, "t", "s", channel, (Identifier("user_id", "u"),), data)


def person(
    events: Iterable[Event] = (),
    traits: Mapping[str, Any] | None = None,
    measures: MeasureSet | None = None,
    hour: int = 12,
) -> Profile:
    """The profile of somebody with these events and, as of the first of them or of NOW, these traits."""
    events = list(events)
    since = min((event.time for event in events), default=NOW)
    contributions = [_contribution(place, event, hour, measures) for place, event in enumerate(events)]
    if traits:
        contributions.append(_described(since, traits))
    facet = fold(None, contributions)
    return join("p_1", 1, "active", 1, body_of({} if facet is None else {"user_id:x": facet}))


def _contribution(place: int, event: Event, hour: int, measures: MeasureSet | None) -> Contribution:
    key = place.to_bytes(16)
    return Contribution(
        event_key=key,
        type=event.type,
        at=event.time,
        source=event.source,
        source_rank=0,
        channel=event.channel,
        facet="user_id:x",
        identifiers={"user_id:x": "u***"},
        traits={},
        deltas=deltas(measures or load_measures(), event, hour),
        step=step_of(event, key),
    )


def _described(at: Millis, traits: Mapping[str, Any]) -> Contribution:
    key = b"\xff" * 16
    return Contribution(
        event_key=key,
        type="profile.described",
        at=at,
        source="s",
        source_rank=0,
        channel="api",
        facet="user_id:x",
        identifiers={"user_id:x": "u***"},
        traits={name: Trait(value, at, 0, key, "s") for name, value in traits.items()},
        deltas=(),
    )
