"""The whole way of an event, once: door, sealed queue, ingestion, stores in memory, and the profile that is read back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from random import Random

import msgspec

from chalicelib.events.delivery import RefusedItem
from chalicelib.events.model import Event, Identifier
from chalicelib.flows.accept_events import accept_events
from chalicelib.flows.admission import Message
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.ingest_events import Report, ingest_events
from chalicelib.flows.services import DoorServices, IngestKeys, IngestServices, ReadServices
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.privacy.envelope import key_pair
from chalicelib.privacy.fields import FIELDS
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Profile
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.catalogue import SourceRecord
from chalicelib.store.memory import MemoryHistory, MemoryProfiles, MemorySecrets
from chalicelib.tags.catalogue import Catalogue
from infra.truth.arrivals import faulty
from infra.truth.moments import END, TIMEZONE
from infra.truth.telling import TENANT
from infra.truth.world import Lived

_AT_ONCE = 10
_TRAITS = tuple(sorted(name for name, field in FIELDS.items() if field.writable_by in ("source", "trusted")))


class Service:
    """One tenant of a whole service in this process."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.history = MemoryHistory()
        self.profiles = MemoryProfiles(self.history)
        self.report = Report(failed={})
        self.sent = 0
        self._catalogue = catalogue
        self._secrets = MemorySecrets()
        private, public = key_pair(secrets.token_bytes(32))
        self._index = BlindIndex(secrets.token_bytes(32))
        self._keys = IngestKeys(self._index, {1: secrets.token_bytes(32)}, private)
        self._tenant = Tenant(TENANT, "Truth", TIMEZONE, b"", {1: b""}, b"", public)

    def take(self, events: Iterable[Event]) -> None:
        """Events in the order of their arrival, each through its door and the queue. Counts what becomes of them."""
        waiting: dict[str, list[Event]] = {}
        for event in sorted(events, key=lambda one: (one.received_at, one.id)):
            waiting.setdefault(event.source, []).append(event)
        for source, listed in waiting.items():
            for start in range(0, len(listed), _AT_ONCE):
                self._deliver(source, listed[start : start + _AT_ONCE])

    def _deliver(self, source: str, events: Sequence[Event]) -> None:
        queue: list[str] = []
        record = SourceRecord(TENANT, source, source, "api", 1, _TRAITS)
        door = DoorServices(
            tenant=lambda _: self._tenant,
            source=lambda _: record,
            webhook_secrets=lambda _: (),
            send=queue.extend,
            message_limit_bytes=262_144,
        )
        refused: Sequence[RefusedItem] = ()
        accept_events(tuple(events), refused, record, door, END)
        self.sent += len(events)
        services = IngestServices(
            profiles=self.profiles,
            history=self.history,
            secrets=self._secrets,
            tenant=lambda _: self._tenant,
            keys=lambda _: self._keys,
            publish=lambda _: None,
            catalogue=lambda _: self._catalogue,
            random=secrets.token_bytes,
        )
        for number, body in enumerate(queue):
            found = ingest_events([Message(str(number), body)], services, END)
            for name in ("applied", "duplicate", "quarantined"):
                setattr(self.report, name, getattr(self.report, name) + getattr(found, name))

    def profile(self, one: Lived) -> Profile | None:
        """The profile of somebody as it is read back by the account, or by the visitor where there is none."""
        name = one.events[0].identifiers[0]
        reading = ReadServices(
            profiles=self.profiles,
            history=self.history,
            tenant=lambda _: self._tenant,
            index=lambda _: self._index,
            catalogue=self._catalogue,
            policy=shipped_policy(),
            alarm=lambda _: None,
        )
        return by_identifiers(self._tenant, [Identifier(name.namespace, name.value)], reading)


def ingested(world: Sequence[Lived], rng: Random, catalogue: Catalogue) -> Service:
    """A service that took all events of a world, late, twice and broken as they came."""
    service = Service(catalogue)
    for one in world:
        arriving = list(faulty(one.events, rng))
        service.take(
            msgspec.structs.replace(event, received_at=min(event.received_at, END))
            for event in arriving
            if event.received_at <= END
        )
    return service
