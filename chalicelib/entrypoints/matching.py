"""Puts probable matches together: a part of ``compose`` of its own, because a run needs a layer that others lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import api, identity_services, journal, key_ring, settings
from chalicelib.flows.matching_services import MatchServices, ReviewServices
from chalicelib.flows.merge_people import MergeOrder, merge_people
from chalicelib.matching.model import Found, Person
from chalicelib.matching.proposal import AUTOMATIC
from chalicelib.privacy.tenants import Tenant
from chalicelib.store import scan
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.proposals import DynamoProposals


@cache
def review_services() -> ReviewServices:
    """What reviewing needs."""
    call, names = api("dynamodb").call, settings()
    return ReviewServices(
        profiles=DynamoProfiles(call, names.table_profiles, names.table_history),
        proposals=DynamoProposals(call, names.table_history),
    )


@cache
def match_services() -> MatchServices:
    """What a run needs."""
    call, names = api("dynamodb").call, settings()
    return MatchServices(
        profiles=DynamoProfiles(call, names.table_profiles, names.table_history),
        scan=scan.DynamoScan(call, names.table_profiles),
        secrets=DynamoSecrets(call, names.table_keys),
        proposals=DynamoProposals(call, names.table_history),
        branch_keys=branch_keys,
        find=find,
        merge=merge,
        said=lambda step, count: journal().note("matches_step", operation=step, count=count),
    )


def branch_keys(of: Tenant) -> Mapping[int, bytes]:
    """A tenant's branch keys, all versions. Raises Unavailable when one cannot be had."""
    return dict(key_ring().branch_key(of, version) for version in sorted(of.branch_keys))


def find(people: Iterable[Person]) -> Found:
    """The probable matches, by numpy and rapidfuzz, which only this job's layer has."""
    from chalicelib.training.matches.people import find_matches

    return find_matches(people)


def merge(tenant: Tenant, profile_ids: Sequence[str], merge_id: str) -> None:
    """Merge profiles of themselves, as the tenant said. Raises BadInput, Conflict, NotFound and Unavailable."""
    order = MergeOrder(merge_id, tuple(profile_ids), "a probable match above the tenant's threshold", AUTOMATIC)
    merge_people(order, tenant, identity_services(tenant.tenant_id), now())
