"""From events to a profile by the code that ships: checks, normalisation, measures, contributions, fold and join.

The stores, the queue and the seals are left out, so that a hundred thousand events take seconds; ``ingested`` goes
the whole way. Sealed traits are kept as such without being encrypted: no rule may read them in either case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from chalicelib.events.check import check
from chalicelib.events.model import Event
from chalicelib.flows.admission import with_topic
from chalicelib.identity.anchors import anchor_of
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.identity.normalise import normalise_all
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, local_hour, local_weekday
from chalicelib.privacy.derive import derived
from chalicelib.privacy.fields import FIELDS, check_trait
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.measures import MeasureSet, deltas
from chalicelib.profiles.model import Contribution, Profile, Trait
from chalicelib.profiles.steps import step_of
from infra.truth.moments import TIMEZONE

INDEX = BlindIndex(sha256(b"truth").digest())


class Arrived(msgspec.Struct, frozen=True):
    """An event's contribution, and when it reached the company."""

    at: Millis
    contribution: Contribution
    event: Event


class Door:
    """Takes events in; counts what it refuses, by code."""

    def __init__(self, measures: MeasureSet) -> None:
        self._measures = measures
        self.refused: Counter[str] = Counter()

    def take(self, event: Event) -> Arrived | None:
        """What an event adds, or None where it is refused."""
        try:
            named = with_topic(event)
            return Arrived(event.received_at, self._contribution(named), named)
        except BadInput as bad:
            self.refused[bad.code] += 1
            return None

    def _contribution(self, event: Event) -> Contribution:
        check(event, event.received_at)
        identifiers, _ = normalise_all(event.identifiers, region="CN")
        key = INDEX.event_key(event.source, event.id)
        hour, weekday = local_hour(event.time, TIMEZONE), local_weekday(event.time, TIMEZONE)
        return Contribution(
            event_key=key,
            type=event.type,
            at=event.time,
            source=event.source,
            source_rank=1,
            channel=event.channel,
            facet=INDEX.identifier_key(anchor_of(identifiers)),
            identifiers={INDEX.identifier_key(one): "***" for one in identifiers},
            traits=_traits(event, key),
            deltas=deltas(self._measures, event, hour, weekday),
            step=step_of(event, key),
        )


def _traits(event: Event, key: bytes) -> dict[str, Trait]:
    given = event.data.get("traits")
    if not isinstance(given, Mapping):
        return {}
    accepted = {name: check_trait(name, value) for name, value in given.items()}
    return {
        name: Trait(value, event.time, 1, key, event.source, "***" if FIELDS[name].is_sealed else None)
        for name, value in {**derived(accepted, event.time), **accepted}.items()
    }


def profile_of(arrived: Iterable[Arrived], now: Millis) -> Profile | None:
    """The profile that all that arrived by a moment comes to; the events of one person."""
    by_facet: dict[str, list[Contribution]] = {}
    for one in arrived:
        if one.at <= now:
            by_facet.setdefault(one.contribution.facet, []).append(one.contribution)
    facets = {facet: fold(None, listed) for facet, listed in by_facet.items()}
    folded = {name: facet for name, facet in facets.items() if facet is not None}
    own = {key for facet in folded.values() for key in facet.links}
    return join("p_1", 1, "active", 1, body_of(folded, own)) if folded else None
