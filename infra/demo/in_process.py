"""A whole service in this process: the real doors' translation, ingestion, rules and seals over stores in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.channels import segment
from chalicelib.channels.model import SourceProfile
from chalicelib.flows.accept_events import accept_events
from chalicelib.flows.admission import Message
from chalicelib.flows.ingest_events import ingest_events
from chalicelib.flows.services import (
    Change,
    DoorServices,
    IdentityServices,
    IngestKeys,
    IngestServices,
    ReadServices,
)
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.envelope import key_pair
from chalicelib.privacy.fields import SOURCE_TRAITS
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.catalogue import SourceRecord
from chalicelib.store.memory import MemoryHistory, MemoryProfiles, MemorySecrets
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import load_catalogue

_KEY_BYTES = 32
_LIMIT_BYTES = 262_144
_SOURCE = SourceRecord("t_kiosk", "s_kiosk", "kiosk", "shop", 1, tuple(sorted(SOURCE_TRAITS)))


class InProcess:
    """One tenant with one source. Keys are drawn when it is made and never leave it."""

    def __init__(self, **protections: Any) -> None:
        self.history = MemoryHistory()
        self.profiles = MemoryProfiles(self.history)
        self.published: list[Change] = []
        self._secrets = MemorySecrets()
        self._queue: list[str] = []
        private, public = key_pair(secrets.token_bytes(_KEY_BYTES))
        self.index = BlindIndex(secrets.token_bytes(_KEY_BYTES))
        self._keys = IngestKeys(self.index, {1: secrets.token_bytes(_KEY_BYTES)}, private)
        made = Tenant(_SOURCE.tenant_id, "Kiosk", "Asia/Shanghai", b"", {1: b""}, b"", public)
        self.tenant = msgspec.structs.replace(made, **protections)

    @property
    def now(self) -> Millis:
        """This moment."""
        return int(datetime.now(UTC).timestamp() * 1000)

    def send(self, calls: Sequence[dict[str, Any]]) -> int:
        """One ``/v1/batch`` through the door of the Segment family; returns how many events it held."""
        source = SourceProfile(_SOURCE.tenant_id, _SOURCE.source_id, _SOURCE.channel, _SOURCE.rank, SOURCE_TRAITS)
        translated = segment.translate_batch({"batch": list(calls)}, source=source, now=self.now)
        door = DoorServices(
            tenant=lambda _: self.tenant,
            source=lambda _: _SOURCE,
            webhook_secrets=lambda _: (),
            send=self._queue.extend,
            message_limit_bytes=_LIMIT_BYTES,
        )
        accept_events(translated.events, (), _SOURCE, door, self.now)
        return len(translated.events)

    def ingest(self, heard: Callable[[int], None]) -> int:
        """Everything that waits in the queue; returns how many events were applied."""
        services, applied = self._ingestion(), 0
        for number, body in enumerate(self._queue):
            report = ingest_events([Message(str(number), body)], services, self.now)
            applied += report.applied
            heard(report.applied)
        self._queue.clear()
        return applied

    def identity(self) -> IdentityServices:
        """What merging and splitting needs."""
        return IdentityServices(
            profiles=self.profiles,
            history=self.history,
            index=lambda _: self.index,
            publish=self.published.extend,
            catalogue=load_catalogue(),
        )

    def reading(self) -> ReadServices:
        """What answering needs."""
        return ReadServices(
            profiles=self.profiles,
            history=self.history,
            tenant=lambda _: self.tenant,
            index=lambda _: self.index,
            catalogue=load_catalogue(),
            policy=shipped_policy(),
            alarm=lambda _: None,
        )

    def people(self) -> dict[str, ProfileRow]:
        """Whoever is not a redirect, by id."""
        return {row.profile_id: row for row in self.profiles.rows.values() if row.state == "active"}

    def bodies(self) -> Iterator[Body]:
        """What is stored of them."""
        return (decode(row.body, Body) for row in self.people().values())

    def _ingestion(self) -> IngestServices:
        return IngestServices(
            profiles=self.profiles,
            history=self.history,
            secrets=self._secrets,
            tenant=lambda _: self.tenant,
            keys=lambda _: self._keys,
            publish=self.published.extend,
            catalogue=lambda _: load_catalogue(),
            random=secrets.token_bytes,
        )
