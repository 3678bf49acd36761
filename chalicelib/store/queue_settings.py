"""What supervisors changed of a tenant's queues: one small item each, all of a tenant's in one query.

Items of the table ``desk`` under ``<tenant>#queues``, the queue as their sort key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import msgspec

from chalicelib.desk.queues import AS_DECLARED, QueueSettings
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis
from chalicelib.store.items import Attributes, Call, plain, typed


class SetQueue(msgspec.Struct, frozen=True):
    """A queue's settings, and who changed them when."""

    settings: QueueSettings
    changed_at: Millis
    changed_by: str


class QueueStore(Protocol):
    """Settings of queues, by tenant. Of two who change one at the same time the later wins: each puts all of it."""

    def queues(self, tenant: str) -> Mapping[str, SetQueue]:
        """Queue → what was changed of it, for those that were; read strongly consistently."""

    def put_queue(self, tenant: str, queue: str, changed: SetQueue) -> None:
        """Replace a queue's settings. Raises Unavailable."""


class DynamoQueues:
    """``QueueStore`` on the table ``desk``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call, self._table = call, table

    def queues(self, tenant: str) -> Mapping[str, SetQueue]:
        """Queue → what was changed of it. A policy has tens of queues: they fit one page of a query by far."""
        body = {
            "TableName": self._table,
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":pk": {"S": _pk(tenant)}},
            "ConsistentRead": True,
        }
        items = map(plain, self._call("Query", body)["Items"])
        return {str(item["sk"]): decode(cast(bytes, item["content"]), SetQueue) for item in items}

    def put_queue(self, tenant: str, queue: str, changed: SetQueue) -> None:
        """Replace a queue's settings."""
        item: Attributes = {"pk": _pk(tenant), "sk": queue, "content": encode(changed)}
        self._call("PutItem", {"TableName": self._table, "Item": typed(item)})


class MemoryQueues:
    """``QueueStore`` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, SetQueue]] = {}

    def queues(self, tenant: str) -> Mapping[str, SetQueue]:
        """Queue → what was changed of it."""
        return dict(self.kept.get(tenant, {}))

    def put_queue(self, tenant: str, queue: str, changed: SetQueue) -> None:
        """Replace a queue's settings."""
        self.kept.setdefault(tenant, {})[queue] = changed


def settings_of(queues: Mapping[str, SetQueue]) -> dict[str, QueueSettings]:
    """The settings alone, where they say anything."""
    return {queue: one.settings for queue, one in queues.items() if one.settings != AS_DECLARED}


def _pk(tenant: str) -> str:
    return f"{tenant}#queues"
