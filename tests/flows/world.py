"""A whole service in memory: real rules, measures, policy and seals; stores, queue, bus and KMS are dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec

from chalicelib.events.delivery import RefusedItem
from chalicelib.events.model import Event, Identifier
from chalicelib.flows.accept_events import accept_events
from chalicelib.flows.admission import Message
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.identity_records import Merged, Split
from chalicelib.flows.ingest_events import Report, ingest_events
from chalicelib.flows.merge_people import MergeOrder, merge_people
from chalicelib.flows.models import NO_MODELS
from chalicelib.flows.outreach import Outreach
from chalicelib.flows.services import (
    Change,
    DoorServices,
    IdentityServices,
    IngestKeys,
    IngestServices,
    ReadServices,
)
from chalicelib.flows.split_people import SplitOrder, split_people
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.privacy.envelope import key_pair
from chalicelib.privacy.fields import CONSENTS, FIELDS, SOURCE_TRAITS
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, Profile
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.catalogue import SourceRecord
from chalicelib.store.jobs import MemoryJobs
from chalicelib.store.ledger import MemoryLedger
from chalicelib.store.memory import MemoryHistory, MemoryProfiles, MemorySecrets
from chalicelib.store.rows import Change as StoreChange
from chalicelib.store.rows import Outcome, ProfileStore
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.model import Failure

NOW: Millis = 1_760_000_000_000
"""2025-10-09T08:53:20Z: late afternoon in Shanghai."""
TENANT_ID = "t_shop"
TRUSTED = tuple(
    sorted([CONSENTS, *(name for name, field in FIELDS.items() if field.writable_by in ("source", "trusted"))])
)


def secret_of(*names: str) -> bytes:
    """32 bytes that are always the same for these names."""
    return sha256("/".join(names).encode()).digest()


class KeySet:
    """What KMS would open: keys derived from the tenant's name, unless it is ``down``."""

    def __init__(self) -> None:
        self.down = False
        self.branch_versions = 1
        self.index_written = 1
        self.index_versions: tuple[int, ...] = (1,)

    def index(self, tenant: Tenant) -> BlindIndex:
        self._answer()
        keys = {one: self.index_key(tenant.tenant_id, one) for one in self.index_versions}
        return BlindIndex(keys.pop(self.index_written), self.index_written, keys)

    def index_key(self, tenant_id: str, version: int) -> bytes:
        """The first as tenants of before have it; later ones with the part for names that it was."""
        first = secret_of(tenant_id, "index")
        return first if version == 1 else secret_of(tenant_id, "index", str(version)) + first

    def ingest(self, tenant: Tenant) -> IngestKeys:
        self._answer()
        branches = {one: self.branch(tenant.tenant_id, one) for one in range(1, self.branch_versions + 1)}
        private, _ = key_pair(secret_of(tenant.tenant_id, "ingest"))
        return IngestKeys(self.index(tenant), branches, private)

    def branch(self, tenant_id: str, version: int) -> bytes:
        return secret_of(tenant_id, "branch", str(version))

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("key_unavailable", "A key cannot be used; try again.")


class World:
    """Doors, queue, ingestion and reading of some tenants, all in this process."""

    def __init__(
        self, *, secrets: MemorySecrets | None = None, message_limit_bytes: int = 262_144, horizon_days: int = 730
    ) -> None:
        self.history = MemoryHistory()
        self.profiles: MemoryProfiles = MemoryProfiles(self.history)
        self.secrets = secrets or MemorySecrets()
        self.ledger = MemoryLedger()
        self.jobs = MemoryJobs()
        self.keys = KeySet()
        self.models = NO_MODELS
        self.outreach: Outreach | None = None
        self.now = NOW
        self.queue: list[str] = []
        self.sent: list[str] = []
        self.published: list[Change] = []
        self.alarms: list[Failure] = []
        self.bus_down = False
        self.message_limit_bytes = message_limit_bytes
        self.tenants = {TENANT_ID: tenant_of(TENANT_ID, horizon_days)}
        self.sources: dict[str, SourceRecord] = {}
        self.web = self.add_source("s_web", rank=1)
        self.crm = self.add_source("s_crm", rank=2, traits=TRUSTED, channel="desk")
        self._message_ids = count()
        self._drawn = count()

    # -- who there is

    def add_source(
        self,
        source_id: str,
        *,
        tenant_id: str = TENANT_ID,
        rank: int = 1,
        traits: Iterable[str] = SOURCE_TRAITS,
        channel: str = "web",
    ) -> SourceRecord:
        self.tenants.setdefault(tenant_id, tenant_of(tenant_id))
        record = SourceRecord(tenant_id, source_id, source_id, channel, rank, tuple(sorted(traits)))
        self.sources[source_id] = record
        return record

    def tenant(self, tenant_id: str) -> Tenant:
        if tenant_id not in self.tenants:
            raise NotFound("unknown_tenant", "There is no such tenant.")
        return self.tenants[tenant_id]

    # -- what the flows get

    def door(self) -> DoorServices:
        return DoorServices(
            tenant=self.tenant,
            source=self.sources.get,
            webhook_secrets=lambda _: (),
            send=self._send,
            message_limit_bytes=self.message_limit_bytes,
        )

    def ingestion(self, profiles: ProfileStore | None = None) -> IngestServices:
        return IngestServices(
            profiles=profiles or self.profiles,
            history=self.history,
            secrets=self.secrets,
            tenant=self.tenant,
            keys=self.keys.ingest,
            publish=self._publish,
            catalogue=lambda _: load_catalogue(),
            random=lambda size: secret_of("random", str(next(self._drawn)))[:size],
            models=lambda _: self.models,
            outreach=lambda _: self.outreach,
        )

    def reading(self) -> ReadServices:
        return ReadServices(
            profiles=self.profiles,
            history=self.history,
            tenant=self.tenant,
            index=self.keys.index,
            catalogue=load_catalogue(),
            policy=shipped_policy(),
            alarm=self.alarms.extend,
        )

    def identity(self) -> IdentityServices:
        return IdentityServices(
            profiles=self.profiles,
            history=self.history,
            index=self.keys.index,
            publish=self._publish,
            catalogue=load_catalogue(),
            models=self.models,
        )

    # -- what happens

    def merge(self, *profile_ids: str, force: bool = False) -> Merged:
        """An operator merges people."""
        order = MergeOrder(f"m{next(self._drawn)}", profile_ids, "one person", "t_admin", force)
        return merge_people(order, self.tenant(TENANT_ID), self.identity(), self.now)

    def split(self, *, merge_id: str = "", link_id: str = "") -> Split:
        """An operator splits them again."""
        order = SplitOrder(f"x{next(self._drawn)}", "two people", "t_admin", merge_id, link_id)
        return split_people(order, self.tenant(TENANT_ID), self.identity(), self.now)

    def accept(
        self, *events: Event, refused: Sequence[RefusedItem] = (), source: SourceRecord | None = None
    ) -> Sequence[str]:
        """Through a door into the queue; returns the message bodies."""
        before = len(self.queue)
        accept_events(events, refused, source or self.web, self.door(), self.now)
        return self.queue[before:]

    def ingest(self, services: IngestServices | None = None, *, at_once: int = 10) -> Report:
        """Deliver what is queued; failed messages stay in the queue. Returns the counts of all batches."""
        waiting, self.queue = self.queue, []
        whole = Report(failed={})
        for start in range(0, len(waiting), at_once):
            report, left = self.deliver(waiting[start : start + at_once], services)
            self.queue += left
            whole.applied += report.applied
            whole.duplicate += report.duplicate
            whole.quarantined += report.quarantined
            whole.failed_rules += report.failed_rules
            whole.failed |= report.failed
        return whole

    def deliver(self, bodies: Sequence[str], services: IngestServices | None = None) -> tuple[Report, list[str]]:
        """One batch; returns the report and the bodies that are to be delivered again."""
        messages = [Message(f"m{next(self._message_ids)}", body) for body in bodies]
        report = ingest_events(messages, services or self.ingestion(), self.now)
        return report, [one.body for one in messages if one.message_id in report.failed]

    def apply(self, *events: Event, source: SourceRecord | None = None) -> Report:
        """Accept and ingest."""
        self.accept(*events, source=source)
        return self.ingest()

    def _send(self, bodies: Sequence[str]) -> None:
        self.queue += bodies
        self.sent += bodies

    def _publish(self, changes: Sequence[Change]) -> None:
        if self.bus_down:
            raise Unavailable("throttled", "The service events could not be used; try again.")
        self.published += changes

    # -- what there is then

    def person(self, namespace: str, value: str) -> Profile:
        found = by_identifiers(self.tenant(TENANT_ID), [Identifier(namespace, value)], self.reading())
        assert found is not None, f"nobody has this {namespace}"
        return found

    def key(self, namespace: str, value: str) -> str:
        """The identifier key of a normalised value."""
        return self.keys.index(self.tenant(TENANT_ID)).identifier_key(Identifier(namespace, value))

    def bodies(self) -> list[bytes]:
        """The stored bodies of people who were not merged into others, sorted: what a set of events comes to."""
        return sorted(row.body for row in self.profiles.rows.values() if row.state == "active")

    def facets(self) -> dict[str, Any]:
        """Every facet of every person."""
        return {facet: one for body in self.bodies() for facet, one in decode(body, Body).facets.items()}

    def codes(self) -> dict[str, list[str]]:
        """Code → paths of what stands in the quarantine."""
        found: dict[str, list[str]] = {}
        for row in self.history.quarantine_rows.values():
            found.setdefault(row.code, []).append(row.path)
        return found

    def at_rest(self) -> bytes:
        """Every byte that is stored, queued or published, for those who look for what must not be there."""
        rows: list[Any] = [
            *self.profiles.rows.items(),
            *self.profiles.identifiers.items(),
            *self.history.markers.items(),
            *self.history.quarantine_rows.items(),
            *self.history.decisions.items(),
            *self.history.kept_records.items(),
            *self.history.claims.items(),
            *self.secrets.kept.items(),
        ]
        opened = [_opened(row.body) for row in self.profiles.rows.values() if row.body]
        opened += [_opened(row.content) for row in self.history.markers.values() if row.content]
        opened += [_opened(row.content) for row in self.history.kept_records.values() if row.content]
        opened += [_opened(row.changes) for row in self.history.markers.values() if row.changes]
        return b"\n".join(
            [msgspec.msgpack.encode(row) for row in rows]
            + opened
            + [body.encode() for body in self.sent]
            + [msgspec.json.encode(self.published)]
        )


def _opened(coded: bytes) -> bytes:
    """What is deflated must be searched too, and so must byte strings as they are."""
    value = decode(coded, object)
    return b"\n".join([msgspec.json.encode(_visible(value)), *_byte_strings(value)])


def _byte_strings(value: Any) -> Iterator[bytes]:
    """Every byte string within a value, and what it opens to if it was deflated in its turn."""
    if isinstance(value, bytes):
        yield value
        with suppress(BadInput, msgspec.MsgspecError):
            yield msgspec.json.encode(_visible(decode(value, object)))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _byte_strings(key)
            yield from _byte_strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _byte_strings(one)


def _visible(value: Any) -> Any:
    """Bytes and keys as texts."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Mapping):
        return {str(_visible(key)): _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, list) else value


def tenant_of(tenant_id: str, horizon_days: int = 730) -> Tenant:
    """A tenant whose wrapped keys nobody needs to open: ``KeySet`` knows the keys."""
    _, public = key_pair(secret_of(tenant_id, "ingest"))
    return Tenant(
        tenant_id=tenant_id,
        name=tenant_id,
        timezone="Asia/Shanghai",
        index_key=b"wrapped",
        branch_keys={1: b"wrapped"},
        ingest_private=b"wrapped",
        ingest_public=public,
        horizon_days=horizon_days,
    )


_event_ids = count()


def event(
    type: str = "page.viewed",
    *who: tuple[str, str],
    id: str | None = None,
    at: Millis = NOW - HOUR_MS,
    source: str = "s_web",
    tenant: str = TENANT_ID,
    channel: str = "web",
    **data: Any,
) -> Event:
    """An event as a channel would have translated it; ``who`` are (namespace, value)."""
    return Event(
        id=id or f"e{next(_event_ids)}",
        type=type,
        time=at,
        received_at=NOW,
        tenant=tenant,
        source=source,
        channel=channel,
        identifiers=tuple(Identifier(*one) for one in who or (("user_id", "u1"),)),
        data=data,
    )


def paid(order: str, amount: str, *who: tuple[str, str], days_ago: int = 1, **more: Any) -> Event:
    """An order that was paid."""
    return event("order.paid", *who, at=NOW - days_ago * DAY_MS, order_id=order, amount=amount, **more)


def consent(
    *who: tuple[str, str], granted: bool, purpose: str = "marketing", at: Millis = NOW - HOUR_MS, **more: Any
) -> Event:
    """A yes or a no to a purpose, from a source whose yes is believed unless told."""
    kind = "consent.granted" if granted else "consent.withdrawn"
    return event(kind, *who, at=at, **{"source": "s_crm", "purpose": purpose, **more})


def described(*who: tuple[str, str], at: Millis = NOW - HOUR_MS, source: str = "s_web", **traits: Any) -> Event:
    """A profile that was described."""
    return event("profile.described", *who, at=at, source=source, traits=traits)


def lose_an_answer(world: World) -> None:
    """The next save is done, and says that it was not: its answer was lost, and the call made again found it done."""
    save = world.profiles.save

    def lossy(change: StoreChange) -> Outcome:
        world.profiles.save = save  # type: ignore[method-assign]
        return msgspec.structs.replace(save(change), saved=False, stale=True)

    world.profiles.save = lossy  # type: ignore[method-assign]
