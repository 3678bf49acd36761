"""What the stores keep and hand out, and the calls they offer.

Two implementations exist of each protocol: DynamoDB (``dynamo_*``) and memory (``memory``). One
contract in the tests runs on both, and on DynamoDB Local and moto.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import FacetId, IdentifierKey

type State = Literal["active", "merged", "restricted", "erased"]
type QuarantineKind = Literal["event", "item", "import_line", "link", "trait"]
"""An event; an item or line that is no event; a link or trait that an applied event went on without."""
type Position = tuple[Millis, str]
"""A place in a list that is ordered by time and, within an instant, by id."""
THE_END: Position = (1 << 60, "")


class ProfileRow(msgspec.Struct, frozen=True):
    """One profile as stored. ``version`` counts its saves; ``body`` is a coded ``profiles.model.Body``."""

    tenant: str
    profile_id: str
    version: int
    state: State
    generation: int
    updated_at: Millis
    body: bytes
    merged_into: str = ""


class EventRow(msgspec.Struct, frozen=True):
    """One accepted event: the marker that it counted, its place in the history, and its contribution.

    ``content`` is a coded ``flows.history_content.EventContent``; ``changes`` what its save published.
    """

    tenant: str
    event_key: bytes
    facet: FacetId
    at: Millis
    expires_at: Millis
    content: bytes
    changes: bytes = b""


class IdentifierWrite(msgspec.Struct, frozen=True):
    """Point an identifier to a profile, if it still points where it was read to point ('' = nowhere)."""

    key: IdentifierKey
    profile_id: str
    expected: str


class Change(msgspec.Struct, frozen=True):
    """Everything one save does, in one transaction. ``profiles`` pairs a row with the version it replaces.

    The first save of a profile replaces version 0.
    """

    tenant: str
    profiles: tuple[tuple[ProfileRow, int], ...]
    events: tuple[EventRow, ...]
    identifiers: tuple[IdentifierWrite, ...]

    @property
    def actions(self) -> int:
        """How many of a transaction's 100 actions it takes."""
        return len(self.profiles) + len(self.events) + len(self.identifiers)


class Outcome(msgspec.Struct, frozen=True):
    """How a save ended. Not ``saved``: nothing at all was written.

    ``duplicates`` are events that had been saved before; ``stale`` says that a profile or identifier
    is not what it was when it was read.
    """

    saved: bool
    duplicates: frozenset[bytes] = frozenset()
    stale: bool = False


class FacetSecret(msgspec.Struct, frozen=True):
    """What, with the tenant's branch key, makes a facet's sealing key. Deleting it shreds the facet."""

    secret: bytes
    commitment: bytes
    key_version: int
    generation: int


class QuarantineRow(msgspec.Struct, frozen=True):
    """What could not be applied: why, and the original as a delivery sealed to the ingest function.

    ``replayed_at`` is 0 while it waits. ``source`` is '' where it is not known.
    """

    tenant: str
    quarantine_id: str
    code: str
    path: str
    at: Millis
    sealed: bytes
    expires_at: Millis
    source: str = ""
    kind: QuarantineKind = "event"
    replayed_at: Millis = 0
    replayed_by: str = ""

    @property
    def replayable(self) -> bool:
        """Whether ingestion can take its original again: only an event is one."""
        return self.kind == "event" and bool(self.sealed)


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision as answered; ``content`` is its JSON."""

    tenant: str
    decision_id: str
    profile_id: str
    at: Millis
    content: bytes
    expires_at: Millis


class ProfileStore(Protocol):
    """Profiles and the identifiers that lead to them."""

    def find(self, tenant: str, keys: Collection[IdentifierKey], *, fresh: bool) -> dict[IdentifierKey, str]:
        """Identifier → profile id, for those known. ``fresh`` reads are strongly consistent."""

    def load(self, tenant: str, profile_ids: Collection[str], *, fresh: bool) -> dict[str, ProfileRow]:
        """Profile id → row, for those that exist. Redirects are not followed here."""

    def save(self, change: Change) -> Outcome:
        """Write everything or nothing. Raises Unavailable when the outcome is not known."""


class HistoryStore(Protocol):
    """Events, decisions and the quarantine."""

    def events(self, tenant: str, keys: Collection[bytes]) -> dict[bytes, EventRow]:
        """Event key → row, for those that exist."""

    def timeline(self, tenant: str, facet: FacetId, *, before: Millis, limit: int) -> Sequence[EventRow]:
        """The newest events of a facet before an instant, newest first; index reads may lag.

        ``limit`` of them, and more where it falls between events of one instant: an instant comes whole.
        """

    def quarantine(self, row: QuarantineRow) -> None:
        """Keep what could not be applied, in place of what its id had: what fails again waits again.

        Never left out because a row is there: a replay may fail before it is noted as one.
        """

    def quarantined(self, tenant: str, *, limit: int, before: Position = THE_END) -> Sequence[QuarantineRow]:
        """The newest quarantined before a position of (at, id), newest first; index reads may lag."""

    def quarantine_row(self, tenant: str, quarantine_id: str) -> QuarantineRow | None:
        """One quarantined row."""

    def mark_replayed(self, row: QuarantineRow, at: Millis, principal: str) -> bool:
        """Note that a row was replayed; False when it is not what it was read to be."""

    def record(self, row: DecisionRow) -> bool:
        """Keep a decision; False when one of that id was already there."""

    def decision(self, tenant: str, decision_id: str) -> DecisionRow | None:
        """A decision as it was answered."""

    def claim(self, tenant: str, name: str, content: bytes, *, now: Millis, expires_at: Millis) -> bytes:
        """What a name is claimed for: ``content``, unless it was claimed before and that has not expired."""


class SecretStore(Protocol):
    """Per-facet secrets: the only table that ingest, reveal and erasure alone may reach."""

    def secrets(self, tenant: str, facets: Collection[FacetId]) -> dict[FacetId, FacetSecret]:
        """Facet → secret, for those that have one."""

    def create(self, tenant: str, facet: FacetId, secret: FacetSecret) -> FacetSecret:
        """Keep a new secret unless there is one; returns the one that is kept."""
