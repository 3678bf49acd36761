"""Where everything ended that a door accepted: a ledger that reads what is stored, and a queue that gives up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.events.delivery import Delivery, RefusedItem
from chalicelib.events.model import Event
from chalicelib.flows.admission import Message, SealedMessage, delivery_info
from chalicelib.flows.ingest_events import Report
from chalicelib.flows.services import IngestServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.envelope import open_from
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.store.rows import QuarantineRow
from tests.flows.world import World, tenant_of

MOST_TRIES = 5
"""After so many a message is dead, as in infra/templates/queues.yaml."""

type Ingest = Callable[[Sequence[Message], IngestServices, int], Report]


class SimulatedQueue:
    """At least once, in any order, in batches of any size; what fails five times is dead."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self.waiting: list[tuple[str, int]] = []
        self.dead: list[str] = []
        self._numbers = 0

    def put(self, bodies: Sequence[str]) -> None:
        self.waiting += [(body, 0) for body in bodies]

    def drain(self, ingest: Ingest, services: IngestServices, now: int) -> list[Report]:
        """Deliver until nothing waits."""
        reports = []
        while self.waiting:
            self._draw.shuffle(self.waiting)
            taken = [self.waiting.pop() for _ in range(min(len(self.waiting), self._draw.randint(1, 10)))]
            messages = [Message(f"m{place}", body) for place, (body, _) in enumerate(taken)]
            report = ingest(messages, services, now)
            reports.append(report)
            for message, (body, tries) in zip(messages, taken, strict=True):
                self._settle(message, body, tries + 1, report)
        return reports

    def _settle(self, message: Message, body: str, tries: int, report: Report) -> None:
        # A message may come again although all went well: its deletion was lost.
        if message.message_id in report.failed or self._draw.random() < 0.1:
            if tries < MOST_TRIES:
                self.waiting.append((body, tries))
            elif message.message_id in report.failed:
                self.dead.append(body)


class Flaky:
    """A store that at times does not answer, before it did what it was asked for or after."""

    def __init__(self, store: Any, draw: random.Random, share: float) -> None:
        self._store, self._draw, self._share = store, draw, share

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        def tried(*arguments: Any, **named: Any) -> Any:
            fate = self._draw.random()
            if fate < self._share / 2:
                raise Unavailable("no_answer", "Later.")
            done = call(*arguments, **named)
            if fate < self._share:
                raise Unavailable("no_answer", "It was done, and nobody heard of it.")
            return done

        return tried if callable(call) else call


class Balance(msgspec.Struct, frozen=True):
    """Ends of what was accepted. ``lost`` has none; ``twice`` is applied though its row was not said to be replayed."""

    accepted: int
    applied: int
    duplicate: int
    quarantined: int
    dead: int
    lost: frozenset[str]
    twice: frozenset[str]

    @property
    def holds(self) -> bool:
        """Accepted = applied + duplicate + quarantined + dead, each of them once."""
        ends = self.applied + self.duplicate + self.quarantined + self.dead
        return self.accepted == ends and not self.lost


class Ledger:
    """What doors accepted, and where it ended by what stands in the stores and among the dead."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.accepted: Counter[str] = Counter()

    def note(self, tenant_id: str, events: Sequence[Event], refused: Sequence[RefusedItem]) -> None:
        """A door answered that it accepted these."""
        self.accepted.update(self._names(tenant_id, events, refused))

    def balance(self, dead: Collection[str]) -> Balance:
        """How it stands, ``dead`` being the bodies that the queue gave up on."""
        accepted = self.accepted.keys()
        applied = {f"{tenant}/{key.hex()}" for tenant, key in self._world.history.markers}
        rows = self._world.history.quarantine_rows.values()
        kept = {name for row in rows for name in self._in_row(row)}
        given_up = {name for body in dead for name in self._in_message(body)} - applied - kept
        return Balance(
            accepted=self.accepted.total(),
            applied=len(applied & accepted),
            duplicate=sum(count - 1 for count in self.accepted.values()),
            quarantined=len((kept & accepted) - applied),
            dead=len(given_up & accepted),
            lost=frozenset(accepted - applied - kept - given_up),
            twice=frozenset(applied & kept),
        )

    def _in_row(self, row: QuarantineRow) -> Sequence[str]:
        """What a row keeps; one that was replayed keeps nothing, and a note is of an event that was applied."""
        return self._inside(row.tenant, row.sealed) if row.sealed and not row.replayed_at else ()

    def _in_message(self, body: str) -> Sequence[str]:
        try:
            message = msgspec.json.decode(body, type=SealedMessage)
            return self._inside(message.tenant, message.sealed)
        except (msgspec.MsgspecError, SealBroken):
            # No door made it, so none accepted it.
            return ()

    def _inside(self, tenant_id: str, sealed: bytes) -> Sequence[str]:
        private = self._world.keys.ingest(tenant_of(tenant_id)).ingest_private
        delivery = decode(open_from(private, sealed, delivery_info(tenant_id)), Delivery)
        return list(self._names(tenant_id, delivery.events, delivery.refused))

    def _names(self, tenant_id: str, events: Sequence[Event], refused: Sequence[RefusedItem]) -> Iterator[str]:
        index = self._world.keys.index(tenant_of(tenant_id))
        for one in refused:
            if one.event is None:
                yield f"{tenant_id}/{sha256(one.raw).hexdigest()}"
        for event in (*events, *(one.event for one in refused if one.event)):
            yield f"{tenant_id}/{index.event_key(event.source, event.id).hex()}"
