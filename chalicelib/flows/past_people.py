"""Everybody who could have been one person with somebody at an instant, as the history has them.

Who hangs together now is stored; who did then is not. So it starts from one facet and follows what its events had
been seen with by then: an identifier's row names every facet that was ever seen with it, as the body that it leads
to or as a contender. A facet that came to an identifier later is read and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chalicelib.flows.past_facet import MOST_EVENTS, FacetPast, read_past, too_much_history
from chalicelib.flows.past_ties import PastTies
from chalicelib.flows.services import ReadServices
from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.partition import Limits, Partition, Ties, is_shared, partition
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.fold import LINKS_KEPT
from chalicelib.profiles.links import edges_of
from chalicelib.profiles.model import Facet, FacetId, IdentifierKey

MOST_FACETS = 120
"""Facets that one answer may read: those of a profile at its limit, and some neighbours."""


class PastPeople:
    """What one attempt has read. ``facets`` are all that were read, ``joined`` those that hung together."""

    __slots__ = ("_at", "_now", "_room", "_services", "_ties", "facets", "joined", "keys", "snapshot")

    def __init__(self, tenant_id: str, at: Millis, now: Millis, services: ReadServices) -> None:
        self.snapshot = Snapshot(tenant_id, services.profiles)
        self.facets: dict[FacetId, FacetPast] = {}
        self.joined: set[FacetId] = set()
        self.keys: set[IdentifierKey] = set()
        """Identifiers of those joined."""
        self._ties = PastTies(tenant_id, at, services.history)
        self._at, self._now, self._services, self._room = at, now, services, MOST_EVENTS

    def gather(self, facet: FacetId) -> None:
        """Read until nobody is left whom it could concern. Raises Conflict ``too_much_history``."""
        self.keys.add(facet)
        self.joined.add(facet)
        known = -1
        while known != len(self.keys) + len(self.facets):
            known = len(self.keys) + len(self.facets)
            self.snapshot.know(self.keys)
            self._read({one for key in self.keys for one in self._seen_with(key)} | {facet})
            self.keys |= self._ties.ends(self.keys, self.snapshot)
            for one, past in self.facets.items():
                if not self.keys.isdisjoint(past.keys):
                    self.joined.add(one)
                    self.keys |= past.keys

    def unlike(self) -> list[Facet | None]:
        """What is stored of those facets whose rows come to something else: some are missing, or are newer."""
        self.snapshot.know(self.facets)
        stored = {facet: self.snapshot.body_at(facet).facets.get(facet) for facet in self.facets}
        return [one for facet, one in stored.items() if _told(self.facets[facet].present) != _told(one)]

    def lost(self, asked: FacetId) -> bool:
        """Whether it depended on somebody who was erased: on a sighting from before, or on another facet's events."""
        erased_at = {key: row.erased_at for key, row in self.snapshot.identifiers.items() if row.erased_at}
        if erased_at.keys() & self.facets.keys() - {asked}:
            return True
        links = (pair for facet in self.then().values() for pair in facet.links.items())
        return any(one.first_seen <= erased_at.get(key, -1) for key, one in links)

    def then(self) -> dict[FacetId, Facet]:
        """The facets that hung together, as they were."""
        found = ((facet, self.facets[facet].then) for facet in self.joined)
        return {facet: one for facet, one in found if one is not None}

    def ties(self) -> Ties:
        """What operators had said of them."""
        return self._ties.then().about(self.keys)

    def partition(self, limits: Limits) -> Partition:
        """Who was one person."""
        facets = self.then()
        return partition(facets, edges_of(facets), self.ties(), limits, self._shared(facets, limits))

    def versions(self) -> dict[str, int]:
        """The latest version by then of each profile concerned."""
        found: dict[str, int] = {}
        for versions in (self._ties.versions(), *(past.versions for past in self.facets.values())):
            found |= {one: max(version, found.get(one, 0)) for one, version in versions.items()}
        return found

    def _read(self, facets: Iterable[FacetId]) -> None:
        for facet in sorted(set(facets).difference(self.facets)):
            if len(self.facets) >= MOST_FACETS:
                raise too_much_history(f"more than {MOST_FACETS} facets hang together")
            history, tenant_id = self._services.history, self.snapshot.tenant_id
            past = read_past(history, tenant_id, facet, self._at, self._now, room=self._room)
            self._room -= past.rows
            self.facets[facet] = past

    def _seen_with(self, key: IdentifierKey) -> set[FacetId]:
        """The facets that were seen with an identifier, as far as that may have joined them."""
        row = self.snapshot.row(key)
        if self._came_late(key):
            return set()
        facets = self.snapshot.body(row.profile_id).facets if row.profile_id else {}
        # A facet of very many links may have forgotten one.
        held = {facet for facet, one in facets.items() if key in {facet, *one.links} or len(one.links) > LINKS_KEPT}
        return held.union(row.contenders)

    def _came_late(self, key: IdentifierKey) -> bool:
        """Whether these facets met an identifier only when it was shared: it never joined them to anybody."""
        row = self.snapshot.row(key)
        return row.shared and self.joined.isdisjoint({key, *row.contenders})

    def _shared(self, facets: Iterable[FacetId], limits: Limits) -> set[IdentifierKey]:
        anchors: dict[IdentifierKey, set[FacetId]] = {}
        for facet in facets:
            for key in self.facets[facet].keys - {facet}:
                anchors.setdefault(key, set()).add(facet)
        return {key for key, seen in anchors.items() if self._came_late(key) or is_shared(seen, limits)}


def _told(facet: Facet | None) -> Facet | None:
    """A facet without its claims: one that was stored before claims were kept knows none of its earlier events."""
    return None if facet is None else msgspec.structs.replace(facet, claims={})
