"""Finds the profile a call is about: by id, or by identifiers through the blind index."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.events.model import Identifier
from chalicelib.flows.follow import follow
from chalicelib.flows.known_names import find_known
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.identity.anchors import rank_of
from chalicelib.identity.blind_index import namespace_of
from chalicelib.identity.normalise import normalise_all
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, IdentifierKey, Profile
from chalicelib.store.rows import IdentifierRow, ProfileRow

type _Owners = tuple[dict[IdentifierKey, IdentifierRow], dict[str, ProfileRow]]

_ITS_OWN = ("active", "restricted")
"""States of a profile that answers for itself."""


def row_of(tenant_id: str, profile_id: str, services: ReadServices, *, fresh: bool = False) -> ProfileRow:
    """The row that answers for an id; a merged id's is its survivor's. Raises NotFound."""
    row = follow(tenant_id, [profile_id], services.profiles, fresh=fresh).get(profile_id)
    if row is None or row.state == "erased":
        raise NotFound("no_such_profile", "There is no such profile.")
    return row


def by_id(tenant_id: str, profile_id: str, services: ReadServices) -> Profile:
    """The profile of an id; a merged id answers with its survivor. Raises NotFound."""
    row = row_of(tenant_id, profile_id, services)
    return profile_of(row, decode(row.body, Body))


def named_by(tenant: Tenant, identifiers: Sequence[Identifier], services: ReadServices) -> Profile:
    """The profile that identifiers lead to. Raises BadInput where none can be used, and NotFound."""
    found = by_identifiers(tenant, identifiers, services)
    if found is None:
        raise NotFound("no_such_profile", "There is no such profile.")
    return found


def by_identifiers(tenant: Tenant, identifiers: Sequence[Identifier], services: ReadServices) -> Profile | None:
    """The profile that the strongest known of these identifiers leads to, or None.

    Raises BadInput for identifiers of which none can be used.
    """
    normalised, _ = normalise_all(identifiers, region=tenant.region, blocked=tenant.blocked)
    owners, there = _owners(tenant, normalised, services)
    leading = [key for key, row in owners.items() if row.profile_id]
    for key in sorted(leading, key=lambda key: (rank_of(namespace_of(key)), key)):
        row = there.get(owners[key].profile_id)
        if row is not None and row.state in _ITS_OWN:
            return profile_of(row, decode(row.body, Body))
        try:
            return by_id(tenant.tenant_id, owners[key].profile_id, services)
        except NotFound:
            # An index row may be read before its profile: eventually consistent reads are not ordered.
            continue
    return None


def _owners(tenant: Tenant, identifiers: Sequence[Identifier], services: ReadServices) -> _Owners:
    """The rows of these identifiers, and profiles that they may lead to and that were read along with them."""
    index, met = services.index(tenant), services.met
    if met is None or index.was_rotated:
        return find_known(tenant.tenant_id, identifiers, index, services.profiles), {}
    keys = [index.identifier_key(one) for one in identifiers]
    owners, there = services.profiles.find_and_load(tenant.tenant_id, keys, met.guess(tenant.tenant_id, keys, index))
    met.learn(tenant.tenant_id, keys, owners)
    return owners, there
