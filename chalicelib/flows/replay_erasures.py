"""Replays the ledger of erasures into restored copies of tables, before they may serve, and looks whether all is gone.

A copy knows nothing of what was erased since it was made. An identifier's row says up to which generation it does: what
the ledger has beyond that is ended here as the erasure ended it. So a replay may be repeated, and be gone on with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched
from typing import Protocol

import msgspec
from msgspec.structs import replace

from chalicelib.flows.erasure import RECEIPT, Erasure, tombstone
from chalicelib.identity.anchors import rank_of
from chalicelib.identity.partition import lead_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.join import body_of
from chalicelib.profiles.links import nodes_of
from chalicelib.profiles.model import Body, FacetId, IdentifierKey
from chalicelib.store.ledger import LedgerRow
from chalicelib.store.rows import (
    Change,
    HistoryStore,
    IdentifierRow,
    IdentifierWrite,
    ProfileRow,
    ProfileStore,
    unjudged,
)

_AT_ONCE = 90
"""Identifiers of one save: a transaction has room for 100 actions."""


class Mark(msgspec.Struct, frozen=True):
    """Up to when, and up to which generation, an identifier was an erased person's."""

    until: Millis
    generation: int


class Held(msgspec.Struct, frozen=True):
    """One row of the history that speaks of somebody: a facet's event or a profile's decision."""

    tenant: str
    facet: FacetId
    profile_id: str
    at: Millis


class Copies(Protocol):
    """Restored tables, which nobody writes to but the replay."""

    @property
    def profiles(self) -> ProfileStore:
        """The copy of the profiles."""

    @property
    def history(self) -> HistoryStore:
        """The copy of the history."""

    def people(self) -> Iterator[ProfileRow]:
        """Every profile of every tenant."""

    def held(self) -> Iterator[Held]:
        """Every event and decision that says anything."""


class Ledger:
    """All erasures, as what they end: identifiers, profiles and facets by tenant."""

    def __init__(self, rows: Iterable[LedgerRow]) -> None:
        self.marks: dict[tuple[str, IdentifierKey], Mark] = {}
        self.profile_ids: dict[tuple[str, str], Millis] = {}
        self.facets: dict[tuple[str, FacetId], Millis] = {}
        self.erasures: list[tuple[str, Erasure]] = []
        for row in rows:
            self._learn(row.tenant, decode(row.content, Erasure))

    def _learn(self, tenant: str, erasure: Erasure) -> None:
        self.erasures.append((tenant, erasure))
        last = max(erasure.facets.values())
        for key in {*erasure.nodes, *erasure.facets}:
            before = self.marks.get((tenant, key), Mark(0, 0))
            generation = max(before.generation, erasure.facets.get(key, last))
            self.marks[tenant, key] = Mark(max(before.until, erasure.erased_until), generation)
        for one in erasure.profile_ids:
            self.profile_ids[tenant, one] = max(erasure.at, self.profile_ids.get((tenant, one), 0))
        for facet in erasure.facets:
            self.facets[tenant, facet] = max(erasure.erased_until, self.facets.get((tenant, facet), 0))

    def ended(self, tenant: str, rows: Mapping[IdentifierKey, IdentifierRow]) -> set[IdentifierKey]:
        """Of these identifiers, those of which a copy does not know yet that they were erased."""
        marks = {key: self.marks.get((tenant, key)) for key in rows}
        return {key for key, mark in marks.items() if mark is not None and rows[key].generation < mark.generation}

    def tombstone(self, tenant: str, key: IdentifierKey, before: IdentifierRow) -> IdentifierWrite:
        """The row that an erased identifier has."""
        mark = self.marks[tenant, key]
        until = max(mark.until, before.erased_at)
        after = replace(before, version=before.version + 1, profile_id="", erased_at=until, generation=mark.generation)
        return IdentifierWrite(key, after)


class Replayed(msgspec.Struct, frozen=True):
    """What a replay changed in the copies."""

    erasures: int
    people: int
    identifiers: int
    events: int
    decisions: int


class LeftOver(msgspec.Struct, frozen=True):
    """What a scan still finds of erased people: all must be 0."""

    people: int = 0
    identifiers: int = 0
    events: int = 0
    decisions: int = 0

    def __bool__(self) -> bool:
        return any((self.people, self.identifiers, self.events, self.decisions))


def replay_erasures(
    ledger: Ledger,
    copies: Copies,
    profile_id: Callable[[str, FacetId], str],
    now: Millis,
    say: Callable[[str], object],
) -> Replayed:
    """End in the copies what the ledger says was erased. ``profile_id`` names whoever is led by a tenant's facet.

    Raises Unavailable when a copy is written to by others, or cannot be reached: the same again goes on.
    """
    people = events = decisions = 0
    for looked_at, row in enumerate(copies.people(), 1):
        people += _end(row, ledger, copies, profile_id, now)
        if looked_at % 1_000 == 0:
            say(f"{looked_at} profiles looked at, {people} ended")
    identifiers = _end_identifiers(ledger, copies)
    for done, (tenant, erasure) in enumerate(ledger.erasures, 1):
        for facet in erasure.facets:
            events += copies.history.strip(tenant, facet, until=erasure.erased_until)
        if copies.history.record_of(tenant, RECEIPT, erasure.erasure_id) is None:
            # The copy is of before: whatever was decided about these profiles was about the person erased.
            decisions += sum(copies.history.forget_decisions(tenant, one) for one in erasure.profile_ids)
        say(f"{done} of {len(ledger.erasures)} erasures replayed")
    return Replayed(len(ledger.erasures), people, identifiers, events, decisions)


def left_over(ledger: Ledger, copies: Copies) -> LeftOver:
    """Look at everything again: what of erased people a copy still holds."""
    people = sum(_speaks_of_erased(row, ledger, copies) for row in copies.people())
    identifiers = 0
    for tenant, keys in _by_tenant(ledger):
        rows = _rows(tenant, keys, copies)
        identifiers += sum(rows[key].erased_at < ledger.marks[tenant, key].until for key in keys)
        identifiers += len(ledger.ended(tenant, rows))
    before = {
        (tenant, one): erasure.at
        for tenant, erasure in ledger.erasures
        if copies.history.record_of(tenant, RECEIPT, erasure.erasure_id) is None
        for one in erasure.profile_ids
    }
    events = decisions = 0
    for one in copies.held():
        events += one.at <= ledger.facets.get((one.tenant, one.facet), -1)
        decisions += bool(one.profile_id) and one.at <= before.get((one.tenant, one.profile_id), -1)
    return LeftOver(people, identifiers, events, decisions)


def _end(
    row: ProfileRow, ledger: Ledger, copies: Copies, profile_id: Callable[[str, FacetId], str], now: Millis
) -> bool:
    """Take what was erased out of a profile, or leave its tombstone; whether there was anything."""
    erased_at = ledger.profile_ids.get((row.tenant, row.profile_id), -1)
    if not row.body:
        if row.state != "merged" or row.updated_at > erased_at:
            return False
        return _saved(Change(row.tenant, ((tombstone(row, now), row.version),)), copies)
    body = decode(row.body, Body)
    nodes = nodes_of(body)
    if not any((row.tenant, key) in ledger.marks for key in nodes):
        return False
    rows = _rows(row.tenant, nodes, copies)
    ended = ledger.ended(row.tenant, rows)
    if not ended:
        return False
    facets = {facet: one for facet, one in body.facets.items() if facet not in ended}
    writes = [ledger.tombstone(row.tenant, key, rows[key]) for key in sorted(ended)]
    if not facets:
        writes += _leading(nodes - ended, "", rows)
        return _saved(Change(row.tenant, ((tombstone(row, now), row.version),), identifiers=tuple(writes)), copies)
    left = encode(body_of(facets, nodes - ended))
    led = profile_id(row.tenant, lead_of(facets, lambda one: facets[one].first_seen, rank_of))
    if led == row.profile_id:
        kept = replace(unjudged(row), version=row.version + 1, body=left, updated_at=now)
        return _saved(Change(row.tenant, ((kept, row.version),), identifiers=tuple(writes)), copies)
    there = copies.profiles.load(row.tenant, [led], fresh=True).get(led)
    version = 0 if there is None else there.version
    # What models said was said of both: whoever saves next, or the next run, judges anew.
    moved = replace(unjudged(row), profile_id=led, version=version + 1, body=left, updated_at=now, merged_into="")
    writes += _leading(nodes - ended, led, rows)
    profiles = ((tombstone(row, now), row.version), (moved, version))
    return _saved(Change(row.tenant, profiles, identifiers=tuple(writes)), copies)


def _end_identifiers(ledger: Ledger, copies: Copies) -> int:
    """Tombstones of identifiers that no profile of the copy holds; how many."""
    written = 0
    for tenant, keys in _by_tenant(ledger):
        rows = _rows(tenant, keys, copies)
        writes = tuple(ledger.tombstone(tenant, key, rows[key]) for key in sorted(ledger.ended(tenant, rows)))
        if writes:
            _saved(Change(tenant, identifiers=writes), copies)
            written += len(writes)
    return written


def _speaks_of_erased(row: ProfileRow, ledger: Ledger, copies: Copies) -> bool:
    if not row.body:
        return row.state == "merged" and row.updated_at <= ledger.profile_ids.get((row.tenant, row.profile_id), -1)
    nodes = nodes_of(decode(row.body, Body))
    if not any((row.tenant, key) in ledger.marks for key in nodes):
        return False
    return bool(ledger.ended(row.tenant, _rows(row.tenant, nodes, copies)))


def _leading(
    keys: Iterable[IdentifierKey], to: str, rows: Mapping[IdentifierKey, IdentifierRow]
) -> list[IdentifierWrite]:
    return [
        IdentifierWrite(key, replace(rows[key], version=rows[key].version + 1, profile_id=to)) for key in sorted(keys)
    ]


def _rows(tenant: str, keys: Iterable[IdentifierKey], copies: Copies) -> dict[IdentifierKey, IdentifierRow]:
    wanted = sorted(keys)
    found = copies.profiles.find(tenant, wanted, fresh=True)
    return {key: found.get(key) or IdentifierRow() for key in wanted}


def _by_tenant(ledger: Ledger) -> Iterator[tuple[str, tuple[IdentifierKey, ...]]]:
    for tenant in sorted({tenant for tenant, _ in ledger.marks}):
        for keys in batched(sorted(key for of, key in ledger.marks if of == tenant), _AT_ONCE):
            yield tenant, keys


def _saved(change: Change, copies: Copies) -> bool:
    if not copies.profiles.save(change).saved:
        raise Unavailable("contended", "Somebody else writes to the copy: it must not serve yet.")
    return True
