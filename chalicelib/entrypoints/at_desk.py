"""Puts the desk together: a part of ``compose`` of its own, because a route without a reservation needs nothing of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache

from msgspec.structs import replace

from chalicelib.desk.model import Agent
from chalicelib.desk.queues import QueueSettings
from chalicelib.desk.score import best
from chalicelib.entrypoints.compose import (
    api,
    history,
    in_force,
    read_services,
    settings,
    tenant,
    tenant_of,
    until_answered,
)
from chalicelib.entrypoints.recent import Recent
from chalicelib.entrypoints.request import Caller
from chalicelib.flows.answer_reserving import Reserving
from chalicelib.flows.desk_door import DeskDoor
from chalicelib.flows.desk_services import DeskServices, Tracks
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.routing.by_day import laid_over
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.store.dynamo_desk import DynamoDesk
from chalicelib.store.queue_settings import DynamoQueues, settings_of

QUEUE_SECONDS = ROSTER_SECONDS = 10
"""How long queues' settings and agents as declared, once read, are used without asking again."""
RECORD_SECONDS = 60
"""The same of how agents did: they change with each outcome, and by little."""


@cache
def desk_store() -> DynamoDesk:
    """Agents, seats and conversations."""
    return DynamoDesk(api("dynamodb").call, settings().table_desk, settings().table_history)


@cache
def queue_store() -> DynamoQueues:
    """What supervisors changed of queues."""
    return DynamoQueues(api("dynamodb").call, settings().table_desk)


@cache
def _by_day() -> Recent[Mapping[str, QueueSettings]]:
    return Recent(lambda tenant: settings_of(queue_store().queues(tenant)), QUEUE_SECONDS, time.monotonic)


def by_day(tenant_id: str) -> Mapping[str, QueueSettings]:
    """What supervisors changed of a tenant's queues, not older than ten seconds. Raises Unavailable."""
    return _by_day()(tenant_id) or {}


@cache
def _rosters() -> Recent[Sequence[Agent]]:
    return Recent(lambda tenant: desk_store().agents(tenant) or None, ROSTER_SECONDS, time.monotonic)


@cache
def _records() -> Recent[Tracks]:
    def ask(tenant: str) -> Tracks:
        return desk_store().tracks(tenant, [one.agent_id for one in roster(tenant)])

    return Recent(ask, RECORD_SECONDS, time.monotonic)


def roster(tenant_id: str) -> Sequence[Agent]:
    """Agents as they are declared, not older than ten seconds. Raises Unavailable."""
    return _rosters()(tenant_id) or ()


def policy_by_day(tenant_id: str) -> PolicyDeclaration:
    """The policy in force, with what supervisors changed laid over. Raises Unavailable."""
    return laid_over(in_force()(tenant_id).policy.declared, by_day(tenant_id))


def timezone(tenant_id: str) -> str:
    """Where the hours of queues and shifts are told."""
    return tenant(tenant_id).timezone or in_force()(tenant_id).policy.declared.timezone


def desk_services() -> DeskServices:
    """What moving conversations needs. Its patience begins with the call, so it is not kept."""
    return DeskServices(
        store=desk_store(),
        agents=roster,
        policy=policy_by_day,
        timezone=timezone,
        best=best,
        tracks=lambda tenant_id, _: _records()(tenant_id) or {},
        call_back=_by_the_schedule,
        look_at_ticket=_by_the_schedule,
        tell=_by_the_schedule,
        patience=until_answered(),
    )


def _by_the_schedule(*_: object) -> None:
    """What time alone brings about is looked after by the schedule's function."""
    raise ZhiyinError("not_served_here", "This function does not look after what is due.")


def reserving(tenant_id: str) -> Reserving:
    """What a route that reserves needs. It goes by one policy from beginning to end, asked for once."""
    policy, zone = policy_by_day(tenant_id), timezone(tenant_id)
    desk = replace(desk_services(), policy=lambda _: policy, timezone=lambda _: zone)
    return Reserving(read_services(tenant_id), desk, by_day(tenant_id))


def door_of(caller: Caller) -> DeskDoor:
    """The desk of the caller's tenant."""
    policy = in_force()(tenant_of(caller).tenant_id).policy
    return DeskDoor(desk_store(), queue_store(), history(), policy, timezone(caller.tenant_id))
