"""``DeclarationStore`` in dictionaries, for tests and trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.store.declarations import Draft, Entry, Head, Kind, Publication, Standing, Version
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import Record


class MemoryDeclarations:
    """``DeclarationStore`` in dictionaries. ``history`` keeps who did what."""

    def __init__(self, history: MemoryHistory) -> None:
        self._history = history
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
        if self._is_kept(publication.records):
            return False
        self._heads[tenant] = publication.head
        versions.insert(0, made)
        if draft:
            del self._drafts[tenant, draft.kind, draft.id]
        if made.kind == "tags":
            self._off.get(tenant, {}).pop(made.id, None)
        self._keep(publication.records)
        return True

    def draft(self, tenant: str, kind: Kind, id_: str) -> Draft | None:
        """A draft, or None."""
        return self._drafts.get((tenant, kind, id_))

    def drafts(self, tenant: str, kind: Kind) -> Sequence[Draft]:
        """All drafts of a kind, sorted by id."""
        found = [one for (owner, of, _), one in self._drafts.items() if (owner, of) == (tenant, kind)]
        return sorted(found, key=lambda one: one.id)

    def keep_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Write a draft in place of the one there was, with what is kept of who did it."""
        if self._is_kept(records):
            return False
        self._drafts[tenant, draft.kind, draft.id] = draft
        self._keep(records)
        return True

    def drop_draft(self, tenant: str, draft: Draft, records: Sequence[Record]) -> bool:
        """Delete a draft; False when it is another by now."""
        if self._is_other(tenant, draft):
            return False
        del self._drafts[tenant, draft.kind, draft.id]
        self._keep(records)
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

    def _is_kept(self, records: Sequence[Record]) -> bool:
        return any(self._history.record_of(one.tenant, one.kind, one.record_id) for one in records)

    def _keep(self, records: Sequence[Record]) -> None:
        for one in records:
            self._history.keep(one)

    def _is_other(self, tenant: str, draft: Draft) -> bool:
        kept = self._drafts.get((tenant, draft.kind, draft.id))
        return kept is None or kept.digest != draft.digest
