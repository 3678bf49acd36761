"""Puts the sweep after a rotation together: a part of ``compose`` of its own, because one function needs it."""

from __future__ import annotations

import os
from functools import cache

from chalicelib.entrypoints.compose import api, catalogue_store, index, key_ring, settings
from chalicelib.flows.sweep_services import SweepKeys, SweepServices
from chalicelib.kernel.errors import NotFound
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.sweeps import DynamoIdentifiers


@cache
def sweep_services() -> SweepServices:
    """What a sweep needs."""
    call, names = api("dynamodb").call, settings()
    return SweepServices(
        profiles=DynamoProfiles(call, names.table_profiles, names.table_history),
        history=DynamoHistory(call, names.table_history),
        secrets=DynamoSecrets(call, names.table_keys),
        identifiers=DynamoIdentifiers(call, names.table_profiles),
        keys=sweep_keys_of,
        random=os.urandom,
    )


def sweep_keys_of(of: Tenant) -> SweepKeys:
    """A tenant's keys, all versions. Raises Unavailable when one cannot be had."""
    ring = key_ring()
    return SweepKeys(index(of), dict(ring.branch_key(of, version) for version in sorted(of.branch_keys)))


def tenant_now(tenant_id: str) -> Tenant:
    """A tenant as it is now: a sweep must not go by what a minute ago was so. Raises NotFound."""
    found = catalogue_store().tenant(tenant_id)
    if found is None:
        raise NotFound("unknown_tenant", "There is no such tenant.")
    return found
