"""What the stores keep and hand out, and the calls they offer.

Two implementations exist of each protocol: DynamoDB (``dynamo_*``) and memory (``memory``). One
contract in the tests runs on both, and on DynamoDB Local and moto.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, Protocol
from zlib import crc32

import msgspec

from chalicelib.kernel.moments import THE_LAST, Millis
from chalicelib.profiles.model import FacetId, IdentifierKey

type State = Literal["active", "merged", "restricted", "erased"]
type QuarantineKind = Literal["event", "item", "import_line", "link", "trait", "erased"]
"""An event; an item or line that is no event; a note of a link or trait that an applied event went on
without, or of an event about somebody who was erased.
"""
type Position = tuple[Millis, str]
"""A place in a list that is ordered by time and, within an instant, by id."""
THE_END: Position = (THE_LAST, "")
DUE_SHARDS = 16
"""Parts of the index of what is due: one key would take a thousand writes a second and no more."""


SEGMENT_SHARDS = 16
"""Parts of the index of a segment's members: one key would take a thousand writes a second and no more."""


def segment_shard(profile_id: str) -> int:
    """The part of a segment's members in which a profile stands."""
    return crc32(profile_id.encode()) % SEGMENT_SHARDS


def due_shard(profile_id: str) -> int:
    """The part of the index of what is due in which a profile stands."""
    return crc32(profile_id.encode()) % DUE_SHARDS


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
    ties: bytes = b""
    """A coded ``identity.partition.Ties``: what operators merged and split. Kept apart from the body, so that the
    bytes of a body say what its events came to and nothing else."""
    due_at: Millis = 0
    """Until then no tag is set or cleared by time alone; 0: never is. An index leads from instants to profiles by it."""
    judged: bytes = b""
    """A coded ``segments.model.Judged``: what the models in force say of the person. Whoever saves makes it anew."""
    segment: str = ""
    """``<segmentation>.<segment>`` of the segmentation whose members are listed; '' where nothing is judged."""
    outreach: bytes = b""
    """A coded ``outreach.model.Ledger``: the risks that were raised of the person and still count."""


class Due(msgspec.Struct, frozen=True):
    """A profile that somebody must look at, because time may have changed its tags."""

    tenant: str
    profile_id: str
    due_at: Millis


class EventRow(msgspec.Struct, frozen=True):
    """One accepted event: the marker that it counted, its place in the history, and its contribution.

    Of an erased person's only the marker is left: ``facet`` and ``content`` are empty.

    ``content`` is a coded ``flows.contribute.EventContent``; ``changes`` what its save published.
    ``saved_at`` is when it was applied, ``version`` that of the profile its save made.
    """

    tenant: str
    event_key: bytes
    facet: FacetId
    at: Millis
    expires_at: Millis
    content: bytes
    changes: bytes = b""
    saved_at: Millis = 0
    version: int = 0


class IdentifierRow(msgspec.Struct, frozen=True):
    """What is kept of an identifier. ``version`` counts its writes; 0 is that of one never written.

    ``profile_id`` is the profile it leads to ('' = none). ``contenders`` are anchors it was seen with and that
    it does not lead to. ``shared`` says that it was seen with too many people to lead to any but its own facet.
    A shared one keeps the contenders that it had when it was found to be.
    Events up to ``erased_at`` are of a person that was erased; ``generation`` is the last one that was.

    An index key that was rotated leaves two names of one identifier: the one it had first stays its own, and the row
    of the other only leads there (``alias_of``). ``aliased`` is the newest index version it has such a row under.
    """

    profile_id: str = ""
    version: int = 0
    contenders: tuple[FacetId, ...] = ()
    shared: bool = False
    erased_at: Millis = 0
    generation: int = 0
    alias_of: IdentifierKey = ""
    aliased: int = 0

    @property
    def leads(self) -> bool:
        """Whether it says anything of a person: one that leads nowhere and never did is as good as none."""
        return bool(self.profile_id or self.contenders or self.shared)


class IdentifierWrite(msgspec.Struct, frozen=True):
    """Replace an identifier's row, if its version is still the one before ``row.version``."""

    key: IdentifierKey
    row: IdentifierRow


class Record(msgspec.Struct, frozen=True):
    """Something that is kept under an id of its kind (``audit``, ``merge`` …) and listed by time, newest first.

    ``content`` is coded by who keeps it. ``expires_at`` 0 is never.
    """

    tenant: str
    kind: str
    record_id: str
    at: Millis
    content: bytes
    expires_at: Millis = 0


class Change(msgspec.Struct, frozen=True):
    """Everything one save does, in one transaction. ``profiles`` pairs a row with the version it replaces.

    The first save of a profile replaces version 0. ``checks`` are profiles and ``unmoved`` identifiers that are
    not written and must still have the version that they were read with, because the change was decided by them.
    ``records`` are kept if their ids are new.
    """

    tenant: str
    profiles: tuple[tuple[ProfileRow, int], ...] = ()
    events: tuple[EventRow, ...] = ()
    identifiers: tuple[IdentifierWrite, ...] = ()
    checks: tuple[tuple[str, int], ...] = ()
    unmoved: tuple[tuple[IdentifierKey, int], ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def actions(self) -> int:
        """How many of a transaction's 100 actions it takes."""
        parts = (self.profiles, self.events, self.identifiers, self.checks, self.unmoved, self.records)
        return sum(map(len, parts))


class Outcome(msgspec.Struct, frozen=True):
    """How a save ended. Not ``saved``: nothing at all was written.

    ``duplicates`` are events that had been saved before; ``stale`` says that a profile, an identifier or a
    record is not what it was when it was read.
    """

    saved: bool
    duplicates: frozenset[bytes] = frozenset()
    stale: bool = False


class FacetSecret(msgspec.Struct, frozen=True):
    """What, with the tenant's branch key, makes a facet's sealing key. Deleting it shreds the facet.

    ``key_version`` is what its sealed values say they were sealed under; it never changes. Once the branch key was
    rotated, ``wrapped`` is the facet's root under ``secret`` and the branch key of ``branch_version``.
    """

    secret: bytes
    commitment: bytes
    key_version: int
    generation: int
    branch_version: int = 0
    wrapped: bytes = b""

    @property
    def opens_with(self) -> int:
        """The version of the branch key that is needed to open it."""
        return self.branch_version or self.key_version

    def __repr__(self) -> str:
        return f"<facet secret of branch key {self.opens_with}>"


class QuarantineRow(msgspec.Struct, frozen=True):
    """What could not be applied: why, and the original as a delivery sealed to the ingest function.

    ``replayed_at`` is 0 while it waits. ``source`` is '' where it is not known. ``event_key`` is that of an
    event, which tells whether it was applied since.
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
    event_key: bytes = b""
    replayed_at: Millis = 0
    replayed_by: str = ""

    @property
    def replayable(self) -> bool:
        """Whether ingestion can take its original again: only an event is one."""
        return self.kind == "event" and bool(self.sealed)


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision as answered; ``content`` is its JSON. ``principal`` asked for it, '' where that was not kept.

    ``inputs`` is a coded ``routing.inputs.Inputs``: what it was made from. ``outcome`` is a coded
    ``routing.outcome.Outcomes``, what came of it; ``version`` counts the writings of that.
    """

    tenant: str
    decision_id: str
    profile_id: str
    at: Millis
    content: bytes
    expires_at: Millis
    principal: str = ""
    inputs: bytes = b""
    outcome: bytes = b""
    version: int = 0


def unjudged(row: ProfileRow) -> ProfileRow:
    """The row without what was concluded of its person and is kept beside the body."""
    return msgspec.structs.replace(row, judged=b"", segment="", outreach=b"")


class ProfileStore(Protocol):
    """Profiles and the identifiers that lead to them."""

    def find(self, tenant: str, keys: Collection[IdentifierKey], *, fresh: bool) -> dict[IdentifierKey, IdentifierRow]:
        """Identifier → row, for those known. ``fresh`` reads are strongly consistent."""

    def load(self, tenant: str, profile_ids: Collection[str], *, fresh: bool) -> dict[str, ProfileRow]:
        """Profile id → row, for those that exist. Redirects are not followed here."""

    def find_and_load(
        self, tenant: str, keys: Collection[IdentifierKey], profile_ids: Collection[str]
    ) -> tuple[dict[IdentifierKey, IdentifierRow], dict[str, ProfileRow]]:
        """What ``find`` and ``load`` give, in one read that may lag: neither is older because of the other."""

    def save(self, change: Change) -> Outcome:
        """Write everything or nothing. Raises Unavailable when the outcome is not known."""


class TimerStore(Protocol):
    """Which profiles are due, for the one job that looks after them."""

    def due(self, shard: int, *, until: Millis) -> Iterator[Sequence[Due]]:
        """The profiles of a shard that are due up to an instant, in order of time, page by page.

        What was saved or settled a moment ago may be missing, or stand where it stood.
        """

    def settle(self, row: ProfileRow, due_at: Millis) -> bool:
        """Set when a profile is due next (0: never); False when it is not what it was read to be. No new version."""


class HistoryStore(Protocol):
    """Events, decisions, the quarantine, and records of other kinds."""

    def record_of(self, tenant: str, kind: str, record_id: str) -> Record | None:
        """A record, read strongly consistently."""

    def records(self, tenant: str, kind: str, *, before: Millis, limit: int) -> Sequence[Record]:
        """The newest records of a kind before an instant, newest first; index reads may lag.

        ``limit`` of them, and more where it falls between records of one instant.
        """

    def records_after(self, tenant: str, kind: str, *, after: Millis, until: Millis, limit: int) -> Sequence[Record]:
        """The oldest records of a kind in (after, until], oldest first; index reads may lag.

        ``limit`` of them, and more where it falls between records of one instant.
        """

    def events(self, tenant: str, keys: Collection[bytes]) -> dict[bytes, EventRow]:
        """Event key → row, for those that exist."""

    def timeline(self, tenant: str, facet: FacetId, *, before: Millis, limit: int) -> Sequence[EventRow]:
        """The newest events of a facet before an instant, newest first; index reads may lag.

        ``limit`` of them, and more where it falls between events of one instant: an instant comes whole.
        """

    def keep(self, record: Record) -> bool:
        """Keep a record; False when there was one of its id."""

    def strip(self, tenant: str, facet: FacetId, *, until: Millis, at_most: int = 1 << 30) -> int:
        """Leave of a facet's events up to an instant the markers that they counted, and nothing of what they said or
        whose they were. Returns how many there were, up to ``at_most``; index reads may lag, so 0 alone says that none
        is left.
        """

    def forget_decisions(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete decisions about a profile; returns how many. Index reads may lag."""

    def count(self, tenant: str, facet: FacetId, *, at_most: int) -> int:
        """How many events a facet's history holds, counted up to ``at_most``; index reads may lag."""

    def quarantine(self, row: QuarantineRow) -> None:
        """Keep what could not be applied: an event in place of what its id had, anything else once.

        An event's row is never left out because one is there: a replay may fail before it is noted as one.
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

    def decisions_about(self, tenant: str, profile_id: str, *, before: Millis, limit: int) -> Sequence[DecisionRow]:
        """The newest decisions about a profile before an instant, newest first; index reads may lag.

        ``limit`` of them, and more where it falls between decisions of one instant.
        """

    def claim(self, tenant: str, name: str, content: bytes, *, now: Millis, expires_at: Millis) -> bytes:
        """What a name is claimed for: ``content``, unless it was claimed before and that has not expired."""


class SecretStore(Protocol):
    """Per-facet secrets: the only table that ingest, reveal and erasure alone may reach."""

    def secrets(self, tenant: str, facets: Collection[FacetId]) -> dict[FacetId, FacetSecret]:
        """Facet → secret, for those that have one."""

    def create(self, tenant: str, facet: FacetId, secret: FacetSecret) -> FacetSecret:
        """Keep a new secret unless there is one; returns the one that is kept."""

    def delete(self, tenant: str, facets: Collection[FacetId]) -> None:
        """Delete secrets: nothing that was sealed with them opens again. Absent ones are no error."""
