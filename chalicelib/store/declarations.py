"""A tenant's own declarations: drafts, published versions, the bundle that is in force, and what was switched off.

Functions that work for customers read the *standing* of a tenant (one call) and, when its version is
new to them, the bundle that it names. Drafts and versions are read by those who edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import Record

type Kind = Literal["tags", "measures", "scenes", "policies", "words", "outreach", "segmentations"]
type DeclarationState = Literal["declared", "withdrawn", "shipped"]
"""Declared by ``body``; withdrawn though it may be shipped; or as it is shipped, if it is."""


class Draft(msgspec.Struct, frozen=True):
    """What somebody means to publish. ``digest`` names this content; ``body`` is JSON, empty where withdrawn."""

    kind: Kind
    id: str
    state: DeclarationState
    body: bytes
    digest: str
    at: Millis
    principal: str


class Version(msgspec.Struct, frozen=True):
    """One published version of a declaration. ``number`` counts its own, ``version`` is the catalogue's since then.

    ``content_of`` is the number that said the same first: its own unless it rolled back to an earlier one; 0 is
    what is shipped.
    """

    kind: Kind
    id: str
    number: int
    state: DeclarationState
    body: bytes
    at: Millis
    principal: str
    reason: str
    version: int
    content_of: int


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One declaration of the bundle. An empty ``body`` says that it is withdrawn."""

    kind: Kind
    id: str
    number: int
    body: bytes


class Head(msgspec.Struct, frozen=True):
    """Which version of a tenant's catalogue is in force, and the chunks it is in; ``before`` are those it replaced."""

    version: int = 0
    chunks: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True):
    """All that a function must know to tell whether what it has is still in force.

    ``switched_off`` has tag id → the mark of the rule that ran over its budget.
    """

    head: Head = Head()
    switched_off: Mapping[str, str] = {}


class Publication(msgspec.Struct, frozen=True):
    """One change of what is in force, in one transaction: the new head, a version, and what is kept of who did it.

    ``draft`` is what it publishes, if it does: it goes, and must be what it was read to be.
    """

    tenant: str
    head: Head
    version: Version
    draft: Draft | None = None
    records: tuple[Record, ...] = ()


class DeclarationStore(Protocol):
    """What tenants declare themselves."""

    def standing(self, tenant: str) -> Standing:
        """The head and what is switched off, read strongly consistently in one call."""

    def bundle(self, tenant: str, head: Head) -> Sequence[Entry] | None:
        """The entries of a head, sorted by kind and id; None when it was replaced so long ago that they are gone."""

    def keep_bundle(self, tenant: str, version: int, entries: Sequence[Entry]) -> tuple[str, ...]:
        """Write the entries that a version is to have; returns the names of their chunks."""

    def drop_chunks(self, tenant: str, chunks: Sequence[str]) -> None:
        """Delete chunks that no head names any more."""

    def publish(self, publication: Publication) -> bool:
        """Put a version in force; False when another one was, or the draft is another by now. Lifts a switching-off."""

    def draft(self, tenant: str, kind: Kind, id_: str) -> Draft | None:
        """A draft, or None."""

    def drafts(self, tenant: str, kind: Kind) -> Sequence[Draft]:
        """All drafts of a kind, sorted by id."""

    def keep_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Write a draft in place of the one there was, with what is kept of who did it.

        False when that was kept before, or another writer came in between: nothing was written.
        """

    def drop_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Delete a draft; False when it is another by now."""

    def version(self, tenant: str, kind: Kind, id_: str, number: int) -> Version | None:
        """One version of a declaration."""

    def versions(self, tenant: str, kind: Kind, id_: str, *, limit: int) -> Sequence[Version]:
        """The newest versions of a declaration, newest first."""

    def switch_off(self, tenant: str, marks: Mapping[str, str]) -> None:
        """Note that these tags' rules, by their marks, are not evaluated until they are published again."""
