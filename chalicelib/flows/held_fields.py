"""Where a person's fields stand: the facet of a trait, the event whose sealed original names an identifier."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

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


def values_of(
    held: Iterable[HeldIdentifier], opened: Callable[[EventRow], Event | None], own: Collection[IdentifierKey]
) -> dict[IdentifierKey, str]:
    """The identifiers' clear values, from the events that named them; without those that cannot be told apart.

    An event keeps keys and masked forms beside the sealed values, and no order. Several of one masked form are told if
    all are the person's ``own``, or none of them is. Which of them has which key follows from the other events; where
    it does not, no event tells it, and each has one.
    """
    named = {one.row.event_key: one.row for one in held if one.row is not None}
    may_be: dict[IdentifierKey, frozenset[str]] = {}
    for row in named.values():
        event = opened(row)
        for keys, values in () if event is None else _alike(row, event):
            if len(keys) == len(values) and keys <= set(own):
                may_be |= {key: values & may_be.get(key, values) for key in keys}
    told: dict[IdentifierKey, str] = {}
    while may_be:
        # The surest first: what is one's is not another's of its namespace.
        key = min(may_be, key=lambda one: (len(may_be[one]), one))
        values = may_be.pop(key)
        if values:
            told[key] = min(values)
            taken = {told[key]}
            may_be |= {one: may_be[one] - taken for one in may_be if namespace_of(one) == namespace_of(key)}
    return told


def _alike(row: EventRow, event: Event) -> Iterator[tuple[frozenset[IdentifierKey], frozenset[str]]]:
    """Keys of one namespace and masked form, and the values that have it."""
    known = decode(row.content, EventContent).contribution.identifiers
    for form in {(namespace_of(key), masked) for key, masked in known.items()}:
        keys = (key for key, masked in known.items() if (namespace_of(key), masked) == form)
        values = (one.value for one in event.identifiers if (one.namespace, mask(one.namespace, one.value)) == form)
        yield frozenset(keys), frozenset(values)


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
