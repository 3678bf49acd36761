"""Puts the desk together: a part of ``compose`` of its own, because a route without a reservation needs nothing of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache

from chalicelib.desk.queues import QueueSettings
from chalicelib.entrypoints.compose import Recent, api, history, in_force, settings, tenant_of
from chalicelib.entrypoints.request import Caller
from chalicelib.flows.desk_door import DeskDoor
from chalicelib.store.dynamo_desk import DynamoDesk
from chalicelib.store.queue_settings import DynamoQueues, settings_of

QUEUE_SECONDS = 10
"""How long a queue's settings that were read are used without asking again."""


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


def door_of(caller: Caller) -> DeskDoor:
    """The desk of the caller's tenant."""
    policy = in_force()(caller.tenant_id).policy
    zone = tenant_of(caller).timezone or policy.declared.timezone
    return DeskDoor(desk_store(), queue_store(), history(), policy, zone)
