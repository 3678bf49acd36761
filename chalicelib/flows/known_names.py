"""By which name an identifier is known: the only place that looks one up by more than one index key.

An identifier keeps the name that it was given first: facets, links and profile ids are made of it. While a tenant has
two index keys, both names are looked up; afterwards a row under the newer name leads to the one it keeps (an alias,
written by the sweep). A tenant that never rotated its index key has one name for each, and pays for nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from chalicelib.events.model import Identifier
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.rows import IdentifierRow, ProfileStore

if TYPE_CHECKING:
    from chalicelib.flows.admission import Admitted
    from chalicelib.flows.snapshot import Snapshot

NONE: Mapping[str, tuple[str, ...]] = {}


def names_by_key(identifiers: Iterable[Identifier], index: BlindIndex) -> Mapping[str, tuple[str, ...]]:
    """Key → names by the other index keys; empty for a tenant that never rotated its own."""
    if not index.was_rotated:
        return NONE
    return {index.identifier_key(one): index.other_keys(one) for one in identifiers}


def find_known(
    tenant_id: str, identifiers: Iterable[Identifier], index: BlindIndex, store: ProfileStore, *, fresh: bool = False
) -> dict[IdentifierKey, IdentifierRow]:
    """The rows that these identifiers lead to, under the name that each keeps; aliases are followed."""
    sought = [index.identifier_key(one) for one in identifiers]
    if not index.was_rotated:
        return store.find(tenant_id, sought, fresh=fresh)
    sought += [key for one in identifiers for key in index.other_keys(one)]
    found = store.find(tenant_id, sought, fresh=fresh)
    behind = sorted({row.alias_of for row in found.values() if row.alias_of} - found.keys())
    rows = found | store.find(tenant_id, behind, fresh=fresh) if behind else found
    return {key: row for key, row in rows.items() if not row.alias_of}


def under_known_names(events: Sequence[Admitted], snapshot: Snapshot) -> Sequence[Admitted]:
    """The events, their identifiers under the names that these keep. Reads the rows of all names.

    An identifier that nobody knows is named by the key that is written with. That its other names stay unknown until
    it is saved is for the save to make sure of (``Snapshot.namesakes``): else two writers could give it one each.
    """
    if not any(one.others for one in events):
        return events
    every = {key: others for one in events for key, others in one.others.items()}
    snapshot.know({name for key, others in every.items() for name in (key, *others)})
    known: dict[IdentifierKey, IdentifierKey] = {}
    for key, others in every.items():
        known[key] = _known(key, others, snapshot, known.values())
    snapshot.know(known.values())
    for key, name in known.items():
        snapshot.namesakes[name] = tuple(one for one in (key, *every[key]) if one != name)
    return [_renamed(one, known) for one in events]


def _known(
    key: IdentifierKey, others: tuple[IdentifierKey, ...], snapshot: Snapshot, taken: Collection[IdentifierKey]
) -> IdentifierKey:
    names = (key, *others)
    for name in names:
        row = snapshot.row(name)
        if row.version:
            return row.alias_of or name
    # Messages that were opened before and after another key began to be written with may meet in one batch.
    return next((name for name in names if name in taken), key)


def _renamed(one: Admitted, known: Mapping[IdentifierKey, IdentifierKey]) -> Admitted:
    return msgspec.structs.replace(
        one,
        # What is not looked up by value (staff name a person by their facet) has its own name already.
        anchor=known.get(one.anchor, one.anchor),
        identifiers={known.get(key, key): masked for key, masked in one.identifiers.items()},
    )
