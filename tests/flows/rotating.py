"""A world whose tenant rotates its keys, and functions that know of it at different times."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from chalicelib.flows.remove_key import check_removable
from chalicelib.flows.services import IngestServices
from chalicelib.flows.sweep_keys import IN_FLIGHT_MS, Kind, sweep_keys
from chalicelib.flows.sweep_services import SweepKeys, SweepServices
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.sweeps import MemoryIdentifiers, Progress
from tests.flows.world import TENANT_ID, KeySet, World

ONE, TOLD, BOTH, NEW = range(4)
"""Stages of a rotation of the index key: one key; two, the older written with; the newer written with; the newer alone."""
_WRITTEN = {ONE: 1, TOLD: 1, BOTH: 2, NEW: 2}
_KEPT = {ONE: (1,), TOLD: (1, 2), BOTH: (1, 2), NEW: (2,)}


def index_keys(stage: int) -> KeySet:
    """The keys of a function that knows a rotation as far as this stage."""
    keys = KeySet()
    keys.index_written, keys.index_versions = _WRITTEN[stage], _KEPT[stage]
    return keys


def with_index(world: World, stage: int) -> Tenant:
    """The tenant's record at a stage; what it says of the time is long past."""
    tenant = world.tenants[TENANT_ID]
    later = {2: b"wrapped"} if stage in (TOLD, BOTH) else {}
    starts = {2: 0 if stage == BOTH else world.now + IN_FLIGHT_MS} if later else {}
    changed = replace(tenant, index_version=2 if stage == NEW else 1, later_index_keys=later, index_starts=starts)
    world.tenants[TENANT_ID] = changed
    world.keys = index_keys(stage)
    return changed


def with_branches(world: World, *versions: int, starts_at: int = 0) -> Tenant:
    """The tenant's record with these branch keys."""
    kept = dict.fromkeys(versions, b"wrapped")
    starts = {max(versions): starts_at} if len(versions) > 1 else {}
    world.tenants[TENANT_ID] = replace(world.tenants[TENANT_ID], branch_keys=kept, branch_starts=starts)
    world.keys.branch_versions = max(versions)
    return world.tenants[TENANT_ID]


def ingestion_with(world: World, keys: KeySet) -> IngestServices:
    """Ingestion by a function that has these keys."""
    return replace(world.ingestion(), keys=keys.ingest)


def sweeping(world: World) -> SweepServices:
    """The services of a sweep. The branch keys are those that the tenant's record has."""

    def keys(tenant: Tenant) -> SweepKeys:
        branches = {one: world.keys.branch(tenant.tenant_id, one) for one in tenant.branch_keys}
        return SweepKeys(world.keys.index(tenant), branches)

    return SweepServices(
        profiles=world.profiles,
        history=world.history,
        secrets=world.secrets,
        identifiers=MemoryIdentifiers(world.profiles.identifiers),
        keys=keys,
        random=world.ingestion().random,
    )


def sweep(
    world: World, kind: Kind, *, budget: int = 100_000, has_time: Callable[[], bool] = lambda: True
) -> Progress | None:
    """One run of the sweep."""
    return sweep_keys(kind, world.tenants[TENANT_ID], sweeping(world), world.now, has_time, budget=budget)


def check_gone(world: World, kind: Kind, version: int = 1) -> None:
    """Raises Conflict while something needs the key of this version."""
    services = sweeping(world)
    check_removable(kind, world.tenants[TENANT_ID], version, services.secrets, services.identifiers, world.now)
