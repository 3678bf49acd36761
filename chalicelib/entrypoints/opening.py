"""Puts together what opens: a part of ``compose`` of its own, for the functions that may, and loaded by them alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from chalicelib.entrypoints.compose import api, catalogue, history, key_ring, profiles, settings
from chalicelib.flows.open_person import OpenServices
from chalicelib.flows.reveal_fields import RevealServices
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.quotas import DynamoQuotas


@cache
def open_services() -> OpenServices:
    """What opening a person needs."""
    secrets = DynamoSecrets(api("dynamodb").call, settings().table_keys)
    return OpenServices(profiles(), history(), secrets, branch_keys)


@cache
def reveal_services() -> RevealServices:
    """What revealing needs."""
    quotas = DynamoQuotas(api("dynamodb").call, settings().table_history)
    return RevealServices(open_services(), quotas, settings().reveals_per_hour, _weights)


def branch_keys(of: Tenant) -> Mapping[int, bytes]:
    """A tenant's branch keys, all versions. Raises Unavailable when one cannot be had."""
    return dict(key_ring().branch_key(of, version) for version in sorted(of.branch_keys))


def _weights(tenant_id: str) -> Mapping[str, float]:
    return catalogue(tenant_id).health.weights
