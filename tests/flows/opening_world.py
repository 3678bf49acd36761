"""What opening needs over a world in memory."""

from __future__ import annotations

from chalicelib.flows.open_person import OpenServices
from chalicelib.flows.reveal_fields import RevealOrder, RevealServices, reveal_fields
from chalicelib.flows.reveal_views import RevealRequest, RevealView
from chalicelib.store.quotas import MemoryQuotas
from tests.flows.world import TENANT_ID, World


def opening_of(world: World) -> OpenServices:
    return OpenServices(
        world.profiles, world.history, world.secrets, lambda tenant: world.keys.ingest(tenant).branch_keys
    )


def revealing_of(world: World, most: int = 60) -> RevealServices:
    return RevealServices(opening_of(world), MemoryQuotas(), most)


def reveal(
    world: World,
    profile_id: str,
    *fields: str,
    purpose: str = "service",
    ticket: str = "case-7",
    services: RevealServices | None = None,
    tenant_id: str = TENANT_ID,
    principal: str = "supervisor-1",
) -> RevealView:
    asked = RevealRequest(fields, purpose, ticket)
    order = RevealOrder("rv_1", profile_id, asked, principal, "supervisor")
    return reveal_fields(order, world.tenant(tenant_id), services or revealing_of(world), world.now)
