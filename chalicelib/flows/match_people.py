"""The people of a tenant as a matching run sees them: opened traits, in memory only, never written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import reduce

import msgspec

from chalicelib.flows.facet_keys import opened, secret_name
from chalicelib.flows.matching_services import MatchServices
from chalicelib.flows.profile_of import profile_of
from chalicelib.identity.partition import Apart, Ties
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.matching.model import Person
from chalicelib.matching.schema import READ
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.fold import later_trait
from chalicelib.profiles.links import nodes_of
from chalicelib.profiles.model import Body, Facet, FacetId, IdentifierKey, Trait
from chalicelib.profiles.retention import expired
from chalicelib.store.rows import FacetSecret, ProfileRow
from chalicelib.tags.judging import is_readable

_DAYS = 60
"""So many of the latest days of activity are compared."""
_HABITS = ("device_os", "language", "notify_channel")


class KeptApart:
    """Which profiles may not be proposed together: those that hold identifiers which an operator split."""

    def __init__(self) -> None:
        self._owner: dict[IdentifierKey, str] = {}
        self._said: set[Apart] = set()

    def learn(self, row: ProfileRow, body: Body) -> None:
        """Take down whose identifiers these are, and what was said of them."""
        self._owner.update(dict.fromkeys(nodes_of(body), row.profile_id))
        if row.ties:
            self._said.update(decode(row.ties, Ties).aparts)

    def pairs(self) -> frozenset[frozenset[str]]:
        """The pairs of profiles that are kept apart."""
        whose = self._owner.get
        return frozenset(frozenset((whose(one.left, ""), whose(one.right, ""))) for one in self._said)


def read_people(tenant: Tenant, services: MatchServices, apart: KeptApart, now: Millis) -> Iterator[Person]:
    """Everybody who is profiled, page by page, without what is past its retention. Raises Unavailable when a key or the store does not answer."""
    branches = services.branch_keys(tenant)
    for ids in services.scan.pages(tenant.tenant_id):
        rows = services.profiles.load(tenant.tenant_id, ids, fresh=False)
        bodies = {one: decode(row.body, Body) for one, row in rows.items() if row.state == "active"}
        people = {one: profile_of(rows[one], body) for one, body in bodies.items() if body.facets}
        bodies = {one: bodies[one] for one, profile in people.items() if profile.is_profiled}
        again = [facet for one, body in bodies.items() if rows[one].generation > 1 for facet in body.facets]
        facets = dict.fromkeys((facet for body in bodies.values() for facet in body.facets), 1)
        secrets = _secrets(tenant.tenant_id, facets | _generations(tenant.tenant_id, again, services), services)
        for profile_id, body in bodies.items():
            apart.learn(rows[profile_id], body)
            profile = people[profile_id]
            old = expired(profile, now).traits
            read = [one for one in READ if one not in old and is_readable(one, profile, tenant.asked_first)]
            yield _person(tenant.tenant_id, profile_id, body, secrets, branches, read)
        services.said("people_read", len(bodies))


def _generations(tenant_id: str, facets: Collection[FacetId], services: MatchServices) -> dict[FacetId, int]:
    """The generations of facets of people of whom something was erased before: their secrets have other names."""
    found = services.profiles.find(tenant_id, facets, fresh=False) if facets else {}
    return {facet: 1 + row.generation for facet, row in found.items()}


def _secrets(tenant_id: str, facets: Mapping[FacetId, int], services: MatchServices) -> dict[FacetId, FacetSecret]:
    names = {facet: secret_name(facet, generation) for facet, generation in facets.items()}
    kept = services.secrets.secrets(tenant_id, names.values())
    return {facet: kept[name] for facet, name in names.items() if name in kept}


def _person(
    tenant_id: str,
    profile_id: str,
    body: Body,
    secrets: Mapping[FacetId, FacetSecret],
    branches: Mapping[int, bytes],
    read: Collection[str],
) -> Person:
    traits: dict[str, str] = {}
    for name in read:
        value = _value(tenant_id, name, body, secrets, branches)
        if value:
            traits[name] = value
    facets = body.facets.values()
    channels = {f"on:{channel}" for facet in facets for channel in facet.channels}
    habits = channels | {f"{name}:{traits[name]}".replace(" ", "_") for name in _HABITS if name in traits}
    return Person(profile_id, traits, tuple(sorted(habits)), _days(facets), max(facet.last_seen for facet in facets))


def _value(
    tenant_id: str,
    name: str,
    body: Body,
    secrets: Mapping[FacetId, FacetSecret],
    branches: Mapping[int, bytes],
) -> str:
    """The trait that wins among the facets, opened; '' where nobody has it or its secret is gone."""
    held = {facet_id: facet.traits[name] for facet_id, facet in body.facets.items() if name in facet.traits}
    if not held:
        return ""
    trait = reduce(later_trait, held.values())
    facet_id = next(one for one in held if held[one] is trait)
    if trait.value is None:
        return ""
    if trait.masked is None:
        return str(trait.value)
    secret = secrets.get(facet_id)
    return "" if secret is None else _opened(tenant_id, facet_id, name, trait, secret, branches)


def _opened(
    tenant_id: str, facet: FacetId, name: str, trait: Trait, kept: FacetSecret, branches: Mapping[int, bytes]
) -> str:
    keys = opened(tenant_id, facet, kept, branches)
    try:
        value = keys.open(keys.fields, f"trait/{name}", trait.value)
    except SealBroken:
        # Sealed for a generation that was erased since: no evidence.
        return ""
    return str(msgspec.msgpack.decode(value))


def _days(facets: Collection[Facet]) -> tuple[int, ...]:
    """The latest days on which anything happened."""
    days = {bucket.period for facet in facets for series in facet.series.values() for bucket in series.days}
    return tuple(sorted(days)[-_DAYS:])
