"""Proactive service for those who save people: a part of ``compose`` of its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.entrypoints.compose import api, catalogue, in_force, profiles, settings, tenant
from chalicelib.flows.outreach import Outreach

if TYPE_CHECKING:
    from chalicelib.flows.show_outreach import OutreachServices
    from chalicelib.store.outreach import OutreachStore


def outreach(tenant_id: str) -> Outreach | None:
    """A tenant's proactive service; None where it published no plan. Raises Unavailable when that cannot be known."""
    rules = in_force()(tenant_id).risks
    return None if rules is None else Outreach(rules, tenant(tenant_id).timezone)


@cache
def outreach_services() -> OutreachServices:
    """What showing suggestions and measuring their effect needs."""
    from chalicelib.flows.show_outreach import OutreachServices

    return OutreachServices(outreach_store(), profiles(), catalogue, outreach)


@cache
def outreach_store() -> OutreachStore:
    """Where it is kept what was raised of people."""
    from chalicelib.store.outreach import DynamoOutreach

    return DynamoOutreach(api("dynamodb").call, settings().table_history)
