"""Settles who is one person after some facets grew: reads as much of the neighbourhood as that takes.

Most events change no link, and nothing is read for them. Where new links only add to people and break no
protection, the people concerned are enough: that a person grows never makes a link possible that was refused.
Only where a protection is hit are all read whom the links concerned could reach, because then an older link may
win over one that stood.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import msgspec

from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.partition import (
    NOBODY_SAID,
    SHARED,
    TOO_TANGLED,
    Component,
    Edge,
    Limits,
    Partition,
    RefusedLink,
    Ties,
    is_shared,
    partition,
)
from chalicelib.profiles.links import edges_of
from chalicelib.profiles.model import Facet, FacetId, IdentifierKey

MOST_PROFILES = 40
"""People that one decision may look at. Beyond it a new link is refused as ``too_tangled``."""


class Settled(msgspec.Struct, frozen=True):
    """Who is one person now.

    ``facets`` are all those concerned, as they are now, ``grown`` those that changed; ``involved`` the stored profiles that hold or held them.
    ``shared`` are identifiers found to be shared. ``is_trivial``: only facets grew, nothing was linked.
    ``reached``: everybody whom the links could reach was looked at.
    """

    facets: Mapping[FacetId, Facet]
    grown: frozenset[FacetId]
    involved: tuple[str, ...]
    components: tuple[Component, ...]
    ties: Ties = NOBODY_SAID
    refused: tuple[RefusedLink, ...] = ()
    unmet: tuple[RefusedLink, ...] = ()
    shared: frozenset[IdentifierKey] = frozenset()
    is_trivial: bool = False
    reached: bool = False


def is_settled(snapshot: Snapshot, edge: Edge) -> bool:
    """Whether an event's link is known, and its evidence changes nothing."""
    body = snapshot.body_at(edge.anchor)
    facet = body.facets.get(edge.anchor)
    link = facet.links.get(edge.other) if facet is not None else None
    if link is None or not link.event_key:
        return False
    if (edge.at, edge.event_key) >= (link.first_seen, link.event_key):
        return True
    # Earlier evidence moves a link forward. One in force stays so, unless force made the order count.
    return edge.other not in body.refused and not snapshot.is_forced(snapshot.owner(edge.anchor))


def settle(snapshot: Snapshot, grown: Mapping[FacetId, Facet], new: Collection[Edge], limits: Limits) -> Settled:
    """The people after facets have grown to ``grown``, of which the links ``new`` are not settled."""
    involved = _concerned(snapshot, grown, new)
    if not new and all(facet in snapshot.body_at(facet).facets for facet in grown):
        facets = _facets(snapshot, involved, grown)
        nodes = frozenset[str]().union(*(snapshot.nodes(one) for one in involved))
        whole = (Component(frozenset(facets), nodes),)
        return Settled(facets, frozenset(grown), involved, whole, snapshot.ties(involved), is_trivial=True)
    shared = _newly_shared(snapshot, involved, new, limits)
    if not shared:
        fitting = _fitting(snapshot, involved, grown, new, limits)
        if fitting is not None:
            return fitting
    return settle_all(snapshot, grown, new, limits, shared=shared)


def settle_all(
    snapshot: Snapshot,
    grown: Mapping[FacetId, Facet],
    new: Collection[Edge],
    limits: Limits,
    *,
    shared: frozenset[IdentifierKey] = frozenset(),
    edit: Callable[[Ties], Ties] = lambda said: said,
) -> Settled:
    """The people among all whom the links can reach. ``edit`` changes what operators said of them."""
    involved = _reach(snapshot, grown)
    if len(involved) > MOST_PROFILES:
        return as_it_stood(snapshot, grown, new, limits)
    facets = _facets(snapshot, involved, grown)
    known = shared | {key for key, row in snapshot.identifiers.items() if row.shared}
    said = edit(snapshot.ties(involved))
    found = partition(facets, edges_of(facets), said, limits, known)
    return _settled(facets, grown, involved, found, said, shared, reached=True)


def _concerned(snapshot: Snapshot, grown: Mapping[FacetId, Facet], new: Collection[Edge]) -> tuple[str, ...]:
    ends = {edge.other for edge in new if not snapshot.row(edge.other).shared}
    return tuple(sorted({snapshot.owner(key) for key in ends.union(grown)} - {""}))


def _facets(snapshot: Snapshot, involved: Collection[str], grown: Mapping[FacetId, Facet]) -> dict[FacetId, Facet]:
    facets: dict[FacetId, Facet] = {}
    for profile_id in involved:
        facets |= snapshot.body(profile_id).facets
    return {**facets, **grown}


def _newly_shared(
    snapshot: Snapshot, involved: Collection[str], new: Collection[Edge], limits: Limits
) -> frozenset[IdentifierKey]:
    """Identifiers that these links make too many people's."""
    anchors: dict[IdentifierKey, set[FacetId]] = {}
    for edge in new:
        row = snapshot.row(edge.other)
        if not row.shared:
            anchors.setdefault(edge.other, set(row.contenders)).add(edge.anchor)
    for profile_id in involved:
        for facet, one in snapshot.body(profile_id).facets.items():
            for key in anchors.keys() & one.links.keys() - {facet}:
                anchors[key].add(facet)
    return frozenset(key for key, seen in anchors.items() if is_shared(seen, limits))


def _fitting(
    snapshot: Snapshot,
    involved: tuple[str, ...],
    grown: Mapping[FacetId, Facet],
    new: Collection[Edge],
    limits: Limits,
) -> Settled | None:
    """The people concerned with every new link in force, or None when a protection is in the way."""
    if any(map(snapshot.is_forced, involved)):
        # Force widens what its people may have: whom they join may then have links that were refused.
        return None
    facets = _facets(snapshot, involved, grown)
    changed = {(edge.anchor, edge.other) for edge in new}
    refused = {
        (facet, other)
        for profile_id in involved
        for facet, one in snapshot.body(profile_id).facets.items()
        for other in one.links.keys() & set(snapshot.body(profile_id).refused)
    } - changed
    edges = [edge for edge in edges_of(facets) if (edge.anchor, edge.other) not in refused]
    ties = snapshot.ties(involved)
    known = {key for key, row in snapshot.identifiers.items() if row.shared}
    found = partition(facets, edges, ties, limits, known)
    if any(one.reason != SHARED for one in found.refused):
        return None
    return _settled(facets, grown, involved, found, ties, frozenset())


def _reach(snapshot: Snapshot, grown: Mapping[FacetId, Facet]) -> tuple[str, ...]:
    """Everybody whom links, refused ones too, lead to from these facets, as far as ``MOST_PROFILES``."""
    involved: set[str] = set()
    seen: set[IdentifierKey] = set()
    frontier = {*grown, *(key for facet in grown.values() for key in facet.links)}
    while frontier and len(involved) <= MOST_PROFILES:
        snapshot.know(frontier)
        seen |= frontier
        rows = [snapshot.row(key) for key in frontier]
        fresh = {row.profile_id for row in rows if row.profile_id} - involved
        involved |= fresh
        frontier = {key for row in rows if not row.shared for key in row.contenders}
        for profile_id in fresh:
            body = snapshot.body(profile_id)
            frontier |= {key for facet in body.facets.values() for key in facet.links}
            frontier |= {end for must in snapshot.ties([profile_id]).musts for end in (must.left, must.right)}
        frontier -= seen
    return tuple(sorted(involved))


def as_it_stood(snapshot: Snapshot, grown: Mapping[FacetId, Facet], new: Collection[Edge], limits: Limits) -> Settled:
    """Nobody changes sides, and the new links are refused: too many people hang together to decide in one save."""
    involved = tuple(sorted({snapshot.owner(facet) for facet in grown} - {""}))
    facets = _facets(snapshot, involved, grown)
    stored = [snapshot.body(one) for one in involved]
    stood = [edge for body in stored for edge in edges_of(body.facets) if edge.other not in body.refused]
    held = {(edge.anchor, edge.other) for edge in stood}
    changed = {(edge.anchor, edge.other) for edge in new} - held
    ties = snapshot.ties(involved)
    found = partition(facets, stood, ties, limits)
    tangled = tuple(RefusedLink(anchor, other, TOO_TANGLED) for anchor, other in sorted(changed))
    return _settled(facets, grown, involved, msgspec.structs.replace(found, refused=tangled), ties, frozenset())


def _settled(
    facets: Mapping[FacetId, Facet],
    grown: Mapping[FacetId, Facet],
    involved: tuple[str, ...],
    found: Partition,
    ties: Ties,
    shared: frozenset[IdentifierKey],
    *,
    reached: bool = False,
) -> Settled:
    return Settled(
        facets=facets,
        grown=frozenset(grown),
        involved=involved,
        components=found.components,
        ties=ties,
        refused=found.refused,
        unmet=found.unmet,
        shared=shared,
        reached=reached,
    )
