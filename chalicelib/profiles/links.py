"""What the facets' links say of who is one person, in the words of ``identity.partition``."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.identity.partition import Edge
from chalicelib.profiles.model import Body, Facet, FacetId, IdentifierKey


def edges_of(facets: Mapping[FacetId, Facet]) -> list[Edge]:
    """The links whose first sighting is kept, as edges from the facet's anchor."""
    return [
        Edge(link.first_seen, link.event_key, anchor, other)
        for anchor, facet in facets.items()
        for other, link in facet.links.items()
        if other != anchor and link.event_key
    ]


def nodes_of(body: Body) -> set[IdentifierKey]:
    """Every identifier that belongs to a profile."""
    carried = {key for facet in body.facets.values() for key in facet.links}
    return carried.difference(body.refused).union(body.facets)
