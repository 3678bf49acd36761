"""The store as one attempt has read it: identifiers, and the profiles that they lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chalicelib.identity.partition import NOBODY_SAID, Limits, Ties
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.links import nodes_of
from chalicelib.profiles.model import Body, FacetId, IdentifierKey
from chalicelib.store.rows import IdentifierRow, ProfileRow, ProfileStore

_EMPTY_BODY = Body(0, {})
_LIVE = ("active", "restricted")


class Snapshot:
    """What is known so far of a tenant's people, by strongly consistent reads. Reads more when asked to know it."""

    __slots__ = ("_bodies", "_is_torn", "_profiles", "_store", "identifiers", "namesakes", "tenant_id")

    def __init__(self, tenant_id: str, store: ProfileStore) -> None:
        self.tenant_id = tenant_id
        self.identifiers: dict[IdentifierKey, IdentifierRow] = {}
        self.namesakes: dict[IdentifierKey, tuple[IdentifierKey, ...]] = {}
        """The names that an identifier also has, by other index keys of its tenant; they were looked up."""
        self._is_torn = False
        self._profiles: dict[str, ProfileRow | None] = {}
        self._bodies: dict[str, Body] = {}
        self._store = store

    @property
    def is_torn(self) -> bool:
        """Whether another writer was between two of the reads, so that what is known never was true at one time.

        An identifier leads to a profile that does not live; or an anchor does not lead where its facet is. The second
        comes of one read only: a batch of keys is read key by key, so it may find an identifier as it was before a save
        and its neighbour as it is after. To fold into a facet that was overlooked would lose all that it holds.
        """
        return self._is_torn or any(map(self._holds_astray, self._profiles))

    def note_torn(self) -> None:
        """What was read does not fit together in a way that only who reads it can see."""
        self._is_torn = True

    def _holds_astray(self, profile_id: str) -> bool:
        facets = self.body(profile_id).facets.keys() & self.identifiers.keys()
        return any(self.identifiers[facet].profile_id != profile_id for facet in facets)

    def know(self, keys: Iterable[IdentifierKey]) -> None:
        """Read these identifiers, and the profiles that they lead to."""
        missing = sorted(set(keys).difference(self.identifiers))
        if not missing:
            return
        found = self._store.find(self.tenant_id, missing, fresh=True)
        self.identifiers |= {key: found.get(key) or IdentifierRow() for key in missing}
        owners = {row.profile_id for row in found.values() if row.profile_id}
        self.know_profiles(owners)
        self._is_torn = self._is_torn or not all(map(self.lives, owners))

    def know_profiles(self, profile_ids: Collection[str]) -> None:
        """Read these profiles."""
        missing = sorted(set(profile_ids).difference(self._profiles))
        if missing:
            found = self._store.load(self.tenant_id, missing, fresh=True)
            self._profiles |= {one: found.get(one) for one in missing}

    def row(self, key: IdentifierKey) -> IdentifierRow:
        """What is known of an identifier. Raises KeyError for one that was not asked for."""
        return self.identifiers[key]

    def profile(self, profile_id: str) -> ProfileRow | None:
        """The row of a profile; None when there is none, or when it was not asked for."""
        return self._profiles.get(profile_id)

    def version(self, profile_id: str) -> int:
        """The version that a save replaces: 0 of one that does not exist, or was never asked for."""
        row = self._profiles.get(profile_id)
        return 0 if row is None else row.version

    def due_at(self, profile_id: str) -> Millis:
        """When a profile is due; 0 of one that never is, does not exist, or was never asked for."""
        row = self._profiles.get(profile_id)
        return 0 if row is None else row.due_at

    def lives(self, profile_id: str) -> bool:
        """Whether a profile exists and is neither merged nor erased."""
        row = self._profiles.get(profile_id)
        return row is not None and row.state in _LIVE

    def owner(self, key: IdentifierKey) -> str:
        """The profile that an identifier leads to, or ''."""
        return self.identifiers[key].profile_id

    def body(self, profile_id: str) -> Body:
        """A profile's body; an empty one for a profile that there is not."""
        found = self._bodies.get(profile_id)
        if found is None:
            row = self._profiles.get(profile_id)
            if row is None or not row.body:
                # Not remembered: a profile that was not asked for yet may have a body once it is.
                return _EMPTY_BODY
            found = self._bodies[profile_id] = decode(row.body, Body)
        return found

    def body_at(self, facet: FacetId) -> Body:
        """The body that holds a facet, if there is one."""
        return self.body(self.identifiers[facet].profile_id)

    def nodes(self, profile_id: str) -> set[IdentifierKey]:
        """Every identifier that belongs to a profile."""
        return nodes_of(self.body(profile_id))

    def ties(self, profile_ids: Iterable[str]) -> Ties:
        """What operators said of these profiles."""
        whole = NOBODY_SAID
        for profile_id in profile_ids:
            row = self._profiles.get(profile_id)
            if row is not None and row.ties:
                whole = whole.joined(decode(row.ties, Ties))
        return whole

    def is_forced(self, profile_id: str) -> bool:
        """Whether an operator forced a merge of this profile over a protection."""
        return any(one.forced for one in self.ties([profile_id]).musts)


def limits_of(tenant: Tenant) -> Limits:
    """A tenant's protections: its own where it has some, and ours."""
    standard = Limits()
    return Limits(
        namespaces={**standard.namespaces, **tenant.limits},
        facets=tenant.most_merges + 1,
        shared_after=tenant.shared_after,
    )
