"""Who is one person: identifiers and the links between them become components.

``partition`` is a pure function of the set of links and of what operators merged and split. It goes through the
links in the order of their first evidence (Kruskal's algorithm), operators' merges first, and refuses one that
would break a protection. So neither the order in which events arrive nor the moment at which somebody merges or
splits has a say in who is one person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

import msgspec

from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.moments import Millis

type IdentifierKey = str

SHARED = "shared"
KEPT_APART = "kept_apart"
TOO_MANY_FACETS = "too_many_merges"
TOO_MANY_NODES = "too_many_identifiers"
TOO_TANGLED = "too_tangled"


class Limits(msgspec.Struct, frozen=True):
    """How much of everything one profile may have, and when an identifier counts as shared.

    ``namespaces`` names those that differ from ``default``. ``facets`` bounds the merges of a profile, and
    ``nodes`` its identifiers, whatever was forced: all of them must fit into one transaction. An identifier seen with more than ``shared_after`` anchors of one namespace identifies nobody.
    """

    namespaces: Mapping[str, int] = MappingProxyType({"user_id": 1})
    default: int = 5
    facets: int = 101
    nodes: int = 90
    shared_after: int = 10


class Edge(msgspec.Struct, frozen=True, order=True):
    """A link from an anchor to another identifier, ordered by its first evidence."""

    at: Millis
    event_key: bytes
    anchor: IdentifierKey
    other: IdentifierKey


class Must(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Two facets that an operator says are of one person. ``forced``: over a protection."""

    at: Millis
    merge_id: str
    left: IdentifierKey
    right: IdentifierKey
    forced: bool = False


class Apart(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Two identifiers that an operator says are of two people."""

    at: Millis
    split_id: str
    left: IdentifierKey
    right: IdentifierKey


class Ties(msgspec.Struct, frozen=True, array_like=True):
    """What operators said of some profiles, each part sorted."""

    musts: tuple[Must, ...] = ()
    aparts: tuple[Apart, ...] = ()

    def joined(self, other: Ties) -> Ties:
        """All that either says."""
        return Ties(
            tuple(sorted({*self.musts, *other.musts})),
            tuple(sorted({*self.aparts, *other.aparts})),
        )

    def about(self, nodes: Collection[IdentifierKey]) -> Ties:
        """What concerns any of these identifiers."""
        return Ties(
            tuple(one for one in self.musts if one.left in nodes or one.right in nodes),
            tuple(one for one in self.aparts if one.left in nodes or one.right in nodes),
        )


NOBODY_SAID = Ties()


class RefusedLink(msgspec.Struct, frozen=True, order=True):
    """A link that does not unite, and why."""

    anchor: IdentifierKey
    other: IdentifierKey
    reason: str


class Component(msgspec.Struct, frozen=True):
    """One person: the facets, and every identifier, the facets' anchors included."""

    facets: frozenset[IdentifierKey]
    nodes: frozenset[IdentifierKey]


class Partition(msgspec.Struct, frozen=True):
    """The people. Identifiers that belong to nobody's facets are in no component.

    ``unmet`` are operators' merges that a protection forbids.
    """

    components: tuple[Component, ...]
    refused: tuple[RefusedLink, ...]
    unmet: tuple[RefusedLink, ...] = ()


def partition(
    facets: Collection[IdentifierKey],
    edges: Iterable[Edge],
    ties: Ties,
    limits: Limits,
    shared: Collection[IdentifierKey] = (),
) -> Partition:
    """The components of these facets. ``shared`` are identifiers whose links do not count.

    Equal sets give equal results. A merge of which one side is not among the facets has no effect.
    """
    sets = _Sets(facets, limits, ties.aparts)
    unmet: list[RefusedLink] = []
    for must in sorted(ties.musts):
        if must.left in sets and must.right in sets:
            reason = sets.join(must.left, must.right, forced=must.forced)
            unmet += [RefusedLink(must.left, must.right, reason)] if reason else []
    refused: list[RefusedLink] = []
    for edge in sorted(edges):
        sets.add(edge.other)
        is_shared = edge.other in shared or edge.anchor in shared
        reason = SHARED if is_shared else sets.join(edge.anchor, edge.other)
        if reason:
            refused.append(RefusedLink(edge.anchor, edge.other, reason))
    # Later evidence may have united whom a protection kept apart: a merge that lifts the limits counts from where it joins.
    stand = [one for one in refused if one.reason == SHARED or sets.root(one.anchor) != sets.root(one.other)]
    return Partition(sets.components(frozenset(facets)), tuple(stand), tuple(unmet))


def lead_of(
    facets: Iterable[IdentifierKey],
    first_seen: Callable[[IdentifierKey], Millis],
    rank: Callable[[str], int],
) -> IdentifierKey:
    """The facet that gives a component its profile id: the strongest anchor, then the one seen first."""
    return min(facets, key=lambda facet: (rank(namespace_of(facet)), first_seen(facet), facet))


def is_shared(anchors: Iterable[IdentifierKey], limits: Limits) -> bool:
    """Whether an identifier was seen with too many anchors of one namespace to identify anybody."""
    counts: dict[str, int] = {}
    for anchor in anchors:
        namespace = namespace_of(anchor)
        counts[namespace] = counts.get(namespace, 0) + 1
    return any(count > limits.shared_after for count in counts.values())


class _Sets:
    """Union-find over identifiers; each set counts what the protections look at."""

    def __init__(self, facets: Collection[IdentifierKey], limits: Limits, aparts: Collection[Apart]) -> None:
        self._facets = frozenset(facets)
        self._limits = limits
        self._aparts = aparts
        self._parent: dict[IdentifierKey, IdentifierKey] = {}
        self._counts: dict[IdentifierKey, dict[str, int]] = {}
        self._sizes: dict[IdentifierKey, int] = {}
        self._forced: dict[IdentifierKey, int] = {}
        for facet in facets:
            self.add(facet)

    def __contains__(self, key: IdentifierKey) -> bool:
        return key in self._parent

    def add(self, key: IdentifierKey) -> None:
        """Make sure that an identifier is in some set."""
        if key not in self._parent:
            self._parent[key] = key
            self._counts[key] = {namespace_of(key): 1}
            self._sizes[key] = 1 if key in self._facets else 0
            self._forced[key] = 0

    def root(self, key: IdentifierKey) -> IdentifierKey:
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, one: IdentifierKey, other: IdentifierKey, *, forced: bool = False) -> str:
        """Make the two sets one; returns the reason when a protection forbids it, '' when they are one now."""
        left, right = self.root(one), self.root(other)
        if left == right:
            # A forced merge of who is one already still says that the limits are to be lifted.
            self._forced[left] += forced
            return ""
        counts = dict(self._counts[left])
        for namespace, count in self._counts[right].items():
            counts[namespace] = counts.get(namespace, 0) + count
        allowed = 1 + self._forced[left] + self._forced[right] + forced
        reason = self._broken(left, right, counts, allowed)
        if reason:
            return reason
        self._parent[right] = left
        self._counts[left] = counts
        self._sizes[left] += self._sizes[right]
        self._forced[left] = allowed - 1
        return ""

    def components(self, facets: frozenset[IdentifierKey]) -> tuple[Component, ...]:
        """The sets that have a facet."""
        members: dict[IdentifierKey, set[IdentifierKey]] = {}
        for key in self._parent:
            members.setdefault(self.root(key), set()).add(key)
        found = [Component(facets & nodes, frozenset(nodes)) for nodes in members.values()]
        return tuple(sorted((one for one in found if one.facets), key=lambda one: min(one.facets)))

    def _broken(self, left: IdentifierKey, right: IdentifierKey, counts: Mapping[str, int], allowed: int) -> str:
        limits = self._limits
        for apart in self._aparts:
            if apart.left in self._parent and apart.right in self._parent:
                roots = {self.root(apart.left), self.root(apart.right)}
                if roots == {left, right}:
                    return KEPT_APART
        if self._sizes[left] + self._sizes[right] > limits.facets * allowed:
            return TOO_MANY_FACETS
        if sum(counts.values()) > limits.nodes:
            return TOO_MANY_NODES
        for namespace in sorted(counts):
            if counts[namespace] > limits.namespaces.get(namespace, limits.default) * allowed:
                return f"too_many_{namespace}"
        return ""
