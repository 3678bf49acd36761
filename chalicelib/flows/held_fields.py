"""Where a person's fields stand: the facet of a trait, the event whose sealed original names an identifier."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from chalicelib.events.model import Event
from chalicelib.flows.contribute import EventContent
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.codec import decode
from chalicelib.privacy.masking import mask
from chalicelib.profiles.model import Body, FacetId, IdentifierKey, Link, Profile, Trait
from chalicelib.store.rows import EventRow, HistoryStore

_LATEST = 100
"""So many of a facet's latest events are looked through for an identifier whose first event has expired."""
_END = 1 << 62


class HeldTrait(msgspec.Struct, frozen=True):
    """A trait, and the facet that it is sealed for."""

    name: str
    facet: FacetId
    trait: Trait


class HeldIdentifier(msgspec.Struct, frozen=True):
    """An identifier, and an event that named it; None where none is left."""

    key: IdentifierKey
    link: Link
    row: EventRow | None


def held_trait(name: str, profile: Profile, body: Body) -> HeldTrait | None:
    """The trait that the profile shows, where its facet has it; None where nothing is said."""
    trait = profile.traits.get(name)
    if trait is None or trait.value is None:
        return None
    for facet_id, facet in sorted(body.facets.items()):
        if trait == facet.traits.get(name) or trait in facet.claims.get(name, ()):
            return HeldTrait(name, facet_id, trait)
    return None


def held_identifiers(
    tenant_id: str, profile: Profile, body: Body, history: HistoryStore, namespaces: Collection[str] | None = None
) -> tuple[HeldIdentifier, ...]:
    """A person's identifiers, of these namespaces or all, each with an event that named it."""
    links = {
        key: link
        for key, link in sorted(profile.links.items())
        if namespaces is None or namespace_of(key) in namespaces
    }
    firsts = history.events(tenant_id, {link.event_key for link in links.values() if link.event_key})
    return tuple(
        HeldIdentifier(key, link, _naming(key, firsts.get(link.event_key)) or _later(tenant_id, key, body, history))
        for key, link in links.items()
    )


def value_of(held: HeldIdentifier, event: Event, own: Collection[IdentifierKey]) -> str | None:
    """The identifier's clear value, from the opened event that named it; None where it cannot be told which it is.

    An event keeps keys and masked forms beside the sealed values, and no order. Several of one masked form are all the
    person's ``own`` (then it does not matter which key is whose), or none of them is told.
    """
    assert held.row is not None, "without an event there is nothing to open"
    namespace = namespace_of(held.key)
    named = decode(held.row.content, EventContent).contribution.identifiers
    alike = sorted(
        key for key, masked in named.items() if masked == held.link.masked and namespace_of(key) == namespace
    )
    there = [one.value for one in event.identifiers if one.namespace == namespace]
    values = sorted(one for one in there if mask(namespace, one) == held.link.masked)
    if len(values) != len(alike) or not set(alike) <= set(own):
        return None
    return values[alike.index(held.key)]


def facets_of(traits: Collection[HeldTrait], identifiers: Collection[HeldIdentifier]) -> set[FacetId]:
    """The facets that must be opened for these, and no others."""
    sealed = {one.facet for one in traits if one.trait.masked is not None}
    return sealed | {one.row.facet for one in identifiers if one.row is not None}


def _naming(key: IdentifierKey, row: EventRow | None) -> EventRow | None:
    """The row, if it still says what its event was and that event named the identifier."""
    if row is None or not row.content:
        return None
    return row if key in decode(row.content, EventContent).contribution.identifiers else None


def _later(tenant_id: str, key: IdentifierKey, body: Body, history: HistoryStore) -> EventRow | None:
    carrying = [facet_id for facet_id, facet in sorted(body.facets.items()) if key in facet.links]
    pages = (history.timeline(tenant_id, one, before=_END, limit=_LATEST) for one in carrying)
    return next((row for page in pages for row in page if _naming(key, row) is not None), None)
