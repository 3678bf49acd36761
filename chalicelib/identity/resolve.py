"""Plans which profile each event of a batch belongs to.

``resolve`` is pure: what the store knows comes in as values, and a plan comes out. Events whose
identifiers meet become one group, which is saved as one profile. A link that breaks a protection is
left out of the plan with its reason; the event itself is never held back by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

type IdentifierKey = str

LIMITS: Mapping[str, int] = {"user_id": 1}
"""Namespace → how many of it one profile may have."""
DEFAULT_LIMIT = 5


class Claim(msgspec.Struct, frozen=True):
    """One event's identifiers, the anchor first, and its place in the total order of events."""

    event_key: bytes
    at: int
    anchor: IdentifierKey
    others: tuple[IdentifierKey, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """A stored profile: its identifiers, and what decides which profile survives a merge."""

    profile_id: str
    identifiers: frozenset[IdentifierKey]
    first_seen: int


class RefusedLink(msgspec.Struct, frozen=True):
    """An identifier that an event carries and that was not linked, and why."""

    event_key: bytes
    identifier: IdentifierKey
    reason: str


class Group(msgspec.Struct, frozen=True):
    """Events that go into one profile. ``absorbed`` are profiles that become redirects to it."""

    profile_id: str
    absorbed: tuple[str, ...]
    claims: tuple[Claim, ...]
    repoint: tuple[IdentifierKey, ...]
    """Identifiers that must lead to this profile and do not yet."""
    refused: tuple[RefusedLink, ...]


def resolve(
    claims: Sequence[Claim],
    owners: Mapping[IdentifierKey, str],
    known: Collection[Known],
    *,
    new_profile_id: Callable[[IdentifierKey], str],
    rank: Callable[[str], int],
) -> tuple[Group, ...]:
    """Group a batch's events by profile.

    ``owners`` maps identifiers to profiles, redirects already followed; each such profile is in
    ``known``. ``rank`` orders namespaces, the strongest first. The same inputs in any order of
    claims give the same plan.
    """
    people = _People(known, owners)
    refused: dict[bytes, list[RefusedLink]] = {}
    ordered = sorted(claims, key=lambda claim: (claim.at, claim.event_key))
    for claim in ordered:
        people.add(claim.anchor)
        for other in claim.others:
            reason = people.link(claim.anchor, other)
            if reason:
                refused.setdefault(claim.event_key, []).append(RefusedLink(claim.event_key, other, reason))
    grouped: dict[str, list[Claim]] = {}
    for claim in ordered:
        grouped.setdefault(people.root(claim.anchor), []).append(claim)
    return tuple(_group(members, people, owners, refused, new_profile_id, rank) for members in grouped.values())


def _group(
    members: Sequence[Claim],
    people: _People,
    owners: Mapping[IdentifierKey, str],
    refused: Mapping[bytes, Sequence[RefusedLink]],
    new_profile_id: Callable[[IdentifierKey], str],
    rank: Callable[[str], int],
) -> Group:
    profiles = people.profiles(members[0].anchor)
    survivors = sorted(profiles, key=lambda one: (_strength(one, rank), one.first_seen, one.profile_id))
    profile_id = survivors[0].profile_id if survivors else new_profile_id(members[0].anchor)
    not_linked = tuple(link for claim in members for link in refused.get(claim.event_key, ()))
    refused_pairs = {(link.event_key, link.identifier) for link in not_linked}
    carried = {claim.anchor for claim in members} | {
        other for claim in members for other in claim.others if (claim.event_key, other) not in refused_pairs
    }
    return Group(
        profile_id=profile_id,
        absorbed=tuple(one.profile_id for one in survivors[1:]),
        claims=tuple(members),
        repoint=tuple(sorted(key for key in carried if owners.get(key) != profile_id)),
        refused=not_linked,
    )


def _strength(known: Known, rank: Callable[[str], int]) -> int:
    return min((rank(namespace_of(key)) for key in known.identifiers), default=1 << 30)


def namespace_of(key: IdentifierKey) -> str:
    """The namespace of an identifier key."""
    return key.partition(":")[0]


class _People:
    """Union-find over identifiers, each set with the stored profiles and identifiers in it."""

    def __init__(self, known: Collection[Known], owners: Mapping[IdentifierKey, str]) -> None:
        self._parent: dict[str, str] = {}
        self._identifiers: dict[str, set[IdentifierKey]] = {}
        self._profiles: dict[str, dict[str, Known]] = {}
        for one in known:
            # A profile's id is a member of its own set, so that a profile without identifiers has one too.
            self._new(one.profile_id, set(one.identifiers), {one.profile_id: one})
            for key in one.identifiers:
                self._parent[key] = one.profile_id
        for key, profile_id in owners.items():
            if profile_id in self._profiles:
                self._parent[key] = profile_id
                self._identifiers[profile_id].add(key)

    def _new(self, root: str, identifiers: set[IdentifierKey], profiles: dict[str, Known]) -> None:
        self._parent[root] = root
        self._identifiers[root] = identifiers
        self._profiles[root] = profiles

    def add(self, key: IdentifierKey) -> None:
        """Make sure that an identifier is in some set."""
        if key not in self._parent:
            self._new(key, {key}, {})

    def root(self, key: str) -> str:
        """The set that an identifier is in."""
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def profiles(self, key: IdentifierKey) -> Collection[Known]:
        """The stored profiles of the set that an identifier is in."""
        return self._profiles[self.root(key)].values()

    def link(self, anchor: IdentifierKey, other: IdentifierKey) -> str:
        """Join the two sets; returns the reason when a protection forbids it, '' when they are one now."""
        joined_before = other in self._parent
        self.add(other)
        left, right = self.root(anchor), self.root(other)
        if left == right:
            return ""
        reason = _broken_limit(self._identifiers[left] | self._identifiers[right])
        if reason:
            if not joined_before:
                # Nothing else knows this identifier: it must not become a person of its own.
                del self._parent[other], self._identifiers[other], self._profiles[other]
            return reason
        self._parent[right] = left
        self._identifiers[left] |= self._identifiers.pop(right)
        self._profiles[left] |= self._profiles.pop(right)
        return ""


def _broken_limit(identifiers: Collection[IdentifierKey]) -> str:
    counts: dict[str, int] = {}
    for key in identifiers:
        namespace = namespace_of(key)
        counts[namespace] = counts.get(namespace, 0) + 1
    for namespace in sorted(counts):
        if counts[namespace] > LIMITS.get(namespace, DEFAULT_LIMIT):
            return f"too_many_{namespace}"
    return ""
