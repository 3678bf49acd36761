"""How often somebody did something in an hour: a counter per principal, raised only while it is below its limit.

It stands in the table ``history`` as ``<tenant>#reveals#<hash>#<hour>``, in no index, with a time to live.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

from chalicelib.kernel.moments import HOUR_MS, Millis
from chalicelib.store.dynamo import fitted
from chalicelib.store.items import Call, typed_value

_KEPT_HOURS = 2


class QuotaStore(Protocol):
    """Counters that know a limit."""

    def take(self, tenant: str, principal: str, *, most: int, now: Millis) -> bool:
        """Count one more of this hour; False, and nothing is counted, where there were ``most`` already.

        A call that was repeated because its answer was lost counts twice. Raises Unavailable.
        """


class DynamoQuotas:
    """``QuotaStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call, self._table = call, table

    def take(self, tenant: str, principal: str, *, most: int, now: Millis) -> bool:
        """Count one more of this hour, if there is room."""
        body = {
            "TableName": self._table,
            "Key": {"pk": {"S": _pk(tenant, principal, now)}},
            "UpdateExpression": "SET #expires = :expires ADD #count :one",
            "ConditionExpression": "attribute_not_exists(#count) OR #count < :most",
            "ExpressionAttributeNames": {"#expires": "expires_at", "#count": "count"},
            "ExpressionAttributeValues": {
                ":expires": typed_value(now // 1000 + _KEPT_HOURS * HOUR_MS // 1000),
                ":one": typed_value(1),
                ":most": typed_value(most),
            },
        }
        return fitted(self._call, "UpdateItem", body)


class MemoryQuotas:
    """``QuotaStore`` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    def take(self, tenant: str, principal: str, *, most: int, now: Millis) -> bool:
        """Count one more of this hour, if there is room."""
        place = _pk(tenant, principal, now)
        if self.kept.get(place, 0) >= most:
            return False
        self.kept[place] = self.kept.get(place, 0) + 1
        return True


def _pk(tenant: str, principal: str, now: Millis) -> str:
    # A hash: a principal may be named by anything, a key may not.
    return f"{tenant}#reveals#{sha256(principal.encode()).hexdigest()[:24]}#{now // HOUR_MS}"
