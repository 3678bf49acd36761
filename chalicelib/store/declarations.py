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

type Kind = Literal["tags", "measures", "scenes", "policies", "words"]
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
    """One published version of a declaration. ``number`` counts its own, ``version`` is the catalogue's since then."""

    kind: Kind
    id: str
    number: int
    state: DeclarationState
    body: bytes
    at: Millis
    principal: str
    reason: str
    version: int


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

    def keep_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> None:
        """Write a draft in place of the one there was, with what is kept of who did it."""

    def drop_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Delete a draft; False when it is another by now."""

    def version(self, tenant: str, kind: Kind, id_: str, number: int) -> Version | None:
        """One version of a declaration."""

    def versions(self, tenant: str, kind: Kind, id_: str, *, limit: int) -> Sequence[Version]:
        """The newest versions of a declaration, newest first."""

    def switch_off(self, tenant: str, marks: Mapping[str, str]) -> None:
        """Note that these tags' rules, by their marks, are not evaluated until they are published again."""


class MemoryDeclarations:
    """``DeclarationStore`` in dictionaries. ``records`` are what was kept of who did what."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._heads: dict[str, Head] = {}
        self._off: dict[str, dict[str, str]] = {}
        self._chunks: dict[tuple[str, str], tuple[Entry, ...]] = {}
        self._drafts: dict[tuple[str, Kind, str], Draft] = {}
        self._versions: dict[tuple[str, Kind, str], list[Version]] = {}

    def standing(self, tenant: str) -> Standing:
        """The head and what is switched off."""
        return Standing(self._heads.get(tenant, Head()), dict(self._off.get(tenant, {})))

    def bundle(self, tenant: str, head: Head) -> Sequence[Entry] | None:
        """The entries of a head, sorted by kind and id."""
        if any((tenant, one) not in self._chunks for one in head.chunks):
            return None
        return [entry for one in head.chunks for entry in self._chunks[tenant, one]]

    def keep_bundle(self, tenant: str, version: int, entries: Sequence[Entry]) -> tuple[str, ...]:
        """Write the entries that a version is to have; returns the names of their chunks."""
        if not entries:
            return ()
        name = f"{version}-{len(self._chunks)}"
        self._chunks[tenant, name] = tuple(sorted(entries, key=lambda one: (one.kind, one.id)))
        return (name,)

    def drop_chunks(self, tenant: str, chunks: Sequence[str]) -> None:
        """Delete chunks that no head names any more."""
        for one in chunks:
            self._chunks.pop((tenant, one), None)

    def publish(self, publication: Publication) -> bool:
        """Put a version in force; False when another one was, or the draft is another by now."""
        tenant, made, draft = publication.tenant, publication.version, publication.draft
        versions = self._versions.setdefault((tenant, made.kind, made.id), [])
        if self._heads.get(tenant, Head()).version != publication.head.version - 1:
            return False
        if any(one.number == made.number for one in versions) or (draft and self._is_other(tenant, draft)):
            return False
        self._heads[tenant] = publication.head
        versions.insert(0, made)
        if draft:
            del self._drafts[tenant, draft.kind, draft.id]
        if made.kind == "tags":
            self._off.get(tenant, {}).pop(made.id, None)
        self.records += publication.records
        return True

    def draft(self, tenant: str, kind: Kind, id_: str) -> Draft | None:
        """A draft, or None."""
        return self._drafts.get((tenant, kind, id_))

    def drafts(self, tenant: str, kind: Kind) -> Sequence[Draft]:
        """All drafts of a kind, sorted by id."""
        found = [one for (owner, of, _), one in self._drafts.items() if (owner, of) == (tenant, kind)]
        return sorted(found, key=lambda one: one.id)

    def keep_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> None:
        """Write a draft in place of the one there was, with what is kept of who did it."""
        self._drafts[tenant, draft.kind, draft.id] = draft
        self.records += records

    def drop_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Delete a draft; False when it is another by now."""
        if self._is_other(tenant, draft):
            return False
        del self._drafts[tenant, draft.kind, draft.id]
        self.records += records
        return True

    def version(self, tenant: str, kind: Kind, id_: str, number: int) -> Version | None:
        """One version of a declaration."""
        kept = self._versions.get((tenant, kind, id_), ())
        return next((one for one in kept if one.number == number), None)

    def versions(self, tenant: str, kind: Kind, id_: str, *, limit: int) -> Sequence[Version]:
        """The newest versions of a declaration, newest first."""
        return self._versions.get((tenant, kind, id_), [])[:limit]

    def switch_off(self, tenant: str, marks: Mapping[str, str]) -> None:
        """Note that these tags' rules, by their marks, are not evaluated until they are published again."""
        self._off.setdefault(tenant, {}).update(marks)

    def _is_other(self, tenant: str, draft: Draft) -> bool:
        kept = self._drafts.get((tenant, draft.kind, draft.id))
        return kept is None or kept.digest != draft.digest
