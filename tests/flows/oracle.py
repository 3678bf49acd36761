"""What a set of events and operators' words must come to, without any store: fold every facet, part the people.

It uses the domain alone (``fold``, ``partition``) and looks at everything at once, so it shares nothing with the
way in which ingestion gets there piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.flows.contribute import EventContent
from chalicelib.identity.anchors import rank_of
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.identity.partition import NOBODY_SAID, Limits, Ties, is_shared, lead_of, partition
from chalicelib.kernel.codec import decode, encode
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of
from chalicelib.profiles.links import edges_of
from chalicelib.profiles.model import Contribution
from chalicelib.store.rows import EventRow


def contributions_of(rows: Iterable[EventRow]) -> list[Contribution]:
    """What the stored events add, the facets' keys being what they are."""
    return [decode(row.content, EventContent).contribution for row in rows if row.content]


def expected_bodies(
    contributions: Iterable[Contribution],
    index: BlindIndex,
    ties: Ties = NOBODY_SAID,
    limits: Limits | None = None,
) -> Mapping[str, bytes]:
    """Profile id → the bytes of its body."""
    limits = limits or Limits()
    by_facet: dict[str, list[Contribution]] = {}
    anchors: dict[str, set[str]] = {}
    for one in contributions:
        by_facet.setdefault(one.facet, []).append(one)
        for key in one.identifiers:
            if key != one.facet:
                anchors.setdefault(key, set()).add(one.facet)
    facets = {facet: folded for facet, ones in by_facet.items() if (folded := fold(None, ones)) is not None}
    shared = {key for key, seen in anchors.items() if is_shared(seen, limits)}
    found = partition(facets, edges_of(facets), ties, limits, shared)
    bodies = {}
    for one in found.components:
        lead = lead_of(one.facets, lambda facet: facets[facet].first_seen, rank_of)
        bodies[index.profile_id(lead)] = encode(body_of({key: facets[key] for key in one.facets}, one.nodes))
    return bodies
