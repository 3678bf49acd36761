"""What the doors of the desk need from outside."""

from __future__ import annotations

import msgspec

from chalicelib.routing.policy import Policy
from chalicelib.store.desk import DeskStore
from chalicelib.store.queue_settings import QueueStore
from chalicelib.store.rows import HistoryStore


class DeskDoor(msgspec.Struct, frozen=True):
    """The desk of one tenant: what it keeps, the policy that is in force, and the zone that its hours are in."""

    desk: DeskStore
    queues: QueueStore
    history: HistoryStore
    policy: Policy
    timezone: str
