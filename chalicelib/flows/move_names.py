"""Gives identifiers that an older index key named a row under their newer name, which leads to the one they keep.

A newer name can be made of the clear identifier only, and that stands in the sealed originals of events alone. It is
opened in memory, compared with the name it must have, and forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from chalicelib.events.model import Event, Identifier
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.facet_keys import opened, secret_name
from chalicelib.flows.known_names import find_known
from chalicelib.flows.sweep_services import SweepKeys, SweepServices
from chalicelib.identity.blind_index import version_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import THE_LAST
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, FacetId, IdentifierKey
from chalicelib.store.rows import Change, EventRow, IdentifierRow, IdentifierWrite

_MOST_CONTENDERS = 10
_TIMELINE = 50
"""So many of a facet's latest events are looked through for an identifier whose first one expired."""


def move_names(
    tenant: Tenant, rows: Mapping[IdentifierKey, IdentifierRow], version: int, keys: SweepKeys, services: SweepServices
) -> int:
    """Write the aliases of these identifiers; returns how many have one now. Raises Unavailable."""
    if not rows:
        return 0
    clear = _clear(tenant, rows, keys, services)
    return sum(_write(tenant.tenant_id, key, rows[key], one, version, keys, services) for key, one in clear.items())


def _write(
    tenant_id: str,
    key: IdentifierKey,
    row: IdentifierRow,
    clear: Identifier,
    version: int,
    keys: SweepKeys,
    services: SweepServices,
) -> bool:
    alias = keys.index.identifier_key(clear)
    there = services.profiles.find(tenant_id, [alias], fresh=True).get(alias, IdentifierRow())
    if there.version and there.alias_of != key:
        # Never seen, and never to be papered over: two names would be two people.
        return False
    writes = [IdentifierWrite(key, replace(row, version=row.version + 1, aliased=version))]
    if not there.version:
        writes.append(IdentifierWrite(alias, IdentifierRow(version=1, alias_of=key)))
    # What somebody wrote meanwhile is found by the next sweep.
    return services.profiles.save(Change(tenant_id, identifiers=tuple(writes))).saved


def _clear(
    tenant: Tenant, rows: Mapping[IdentifierKey, IdentifierRow], keys: SweepKeys, services: SweepServices
) -> dict[IdentifierKey, Identifier]:
    """The clear identifiers, of those that an event still tells of."""
    places = _places(tenant.tenant_id, rows, services)
    named = services.history.events(tenant.tenant_id, {event for _, event in _flat(places) if event})
    found = _identifiers_in(tenant, list(named.values()), rows.keys(), keys, services)
    for key in rows.keys() - found.keys():
        for facet in dict.fromkeys(facet for facet, _ in places.get(key, ())):
            latest = services.history.timeline(tenant.tenant_id, facet, before=THE_LAST, limit=_TIMELINE)
            found |= _identifiers_in(tenant, latest, {key}, keys, services)
            if key in found:
                break
    return found


type _Places = Mapping[IdentifierKey, Sequence[tuple[FacetId, bytes]]]


def _flat(places: _Places) -> Iterator[tuple[FacetId, bytes]]:
    return (place for of_key in places.values() for place in of_key)


def _places(tenant_id: str, rows: Mapping[IdentifierKey, IdentifierRow], services: SweepServices) -> _Places:
    """Identifier → the facets that carry it, each with the event that first said so where that is kept."""
    contenders = {one for row in rows.values() for one in islice(row.contenders, _MOST_CONTENDERS)}
    others = services.profiles.find(tenant_id, sorted(contenders - rows.keys()), fresh=True) | dict(rows)
    owners = {row.profile_id for row in others.values()} - {""}
    stored = services.profiles.load(tenant_id, sorted(owners), fresh=True)
    bodies = {one: decode(row.body, Body) for one, row in stored.items() if row.body}

    def of_key(key: IdentifierKey, row: IdentifierRow) -> Iterator[tuple[FacetId, bytes]]:
        known = [others[one] for one in islice(row.contenders, _MOST_CONTENDERS) if one in others]
        for profile_id in dict.fromkeys(one.profile_id for one in (row, *known)):
            for facet_id, facet in bodies[profile_id].facets.items() if profile_id in bodies else ():
                if key in facet.links or key == facet_id:
                    link = facet.links.get(key)
                    yield facet_id, b"" if link is None else link.event_key

    return {key: list(of_key(key, row)) for key, row in rows.items()}


def _identifiers_in(
    tenant: Tenant,
    events: Sequence[EventRow],
    wanted: Collection[IdentifierKey],
    keys: SweepKeys,
    services: SweepServices,
) -> dict[IdentifierKey, Identifier]:
    """Those of the wanted identifiers that these events' originals name in clear."""
    told = [one for event in _originals(tenant.tenant_id, events, keys, services) for one in event.identifiers]
    distinct = list(dict.fromkeys(told))
    names = {key: one for one in distinct for key in (keys.index.identifier_key(one), *keys.index.other_keys(one))}
    found = {key: names[key] for key in wanted if key in names}
    if any(version_of(key) < tenant.index_version for key in wanted):
        # A name of two rotations ago is found by the alias that the last sweep wrote.
        for one in distinct:
            known = find_known(tenant.tenant_id, [one], keys.index, services.profiles, fresh=True)
            found |= {key: one for key in known if key in wanted}
    return found


def _originals(tenant_id: str, events: Sequence[EventRow], keys: SweepKeys, services: SweepServices) -> Iterator[Event]:
    """The originals of these events, as far as they open: an erased person's never do."""
    kept = [one for one in events if one.facet and one.content]
    rows = services.profiles.find(tenant_id, sorted({one.facet for one in kept}), fresh=True)
    names = {facet: secret_name(facet, 1 + row.generation) for facet, row in rows.items()}
    secrets = services.secrets.secrets(tenant_id, names.values())
    for one in kept:
        secret = secrets.get(names.get(one.facet, ""))
        if secret is None:
            continue
        try:
            facet_keys = opened(tenant_id, one.facet, secret, keys.branch_keys)
            sealed = decode(one.content, EventContent).sealed
            yield decode(facet_keys.open(facet_keys.events, f"event/{one.event_key.hex()}", sealed), Event)
        except (SealBroken, Unavailable):
            continue
