"""Which profiles are due, in DynamoDB. Only the job that looks after them imports this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import fitted
from chalicelib.store.items import Call, plain
from chalicelib.store.rows import Due, ProfileRow, due_shard

_INDEX = "due"
PAGE = 50
"""Profiles that are read, told of and settled together."""


class DynamoTimers:
    """``TimerStore`` on the table ``profiles`` and its index ``due``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def due(self, shard: int, *, until: Millis) -> Iterator[Sequence[Due]]:
        """The profiles of a shard that are due up to an instant, in order of time."""
        asked: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _INDEX,
            "KeyConditionExpression": "#shard = :shard AND #at <= :until",
            "ExpressionAttributeNames": {"#shard": "due_shard", "#at": "due_at"},
            "ExpressionAttributeValues": {":shard": {"S": str(shard)}, ":until": {"N": str(until)}},
            "Limit": PAGE,
        }
        while True:
            answer = self._call("Query", asked)
            if answer["Items"]:
                yield [_due(plain(item)) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def settle(self, row: ProfileRow, due_at: Millis) -> bool:
        """Set when a profile is due next, if its version and what it was due are as they were read."""
        names = {"#v": "v", "#at": "due_at", "#shard": "due_shard"}
        told: dict[str, Any] = {":v": {"N": str(row.version)}}
        if row.due_at:
            told[":was"] = {"N": str(row.due_at)}
        if due_at:
            told |= {":at": {"N": str(due_at)}, ":shard": {"S": str(due_shard(row.profile_id))}}
        body = {
            "TableName": self._table,
            "Key": {"pk": {"S": f"{row.tenant}#p#{row.profile_id}"}},
            "UpdateExpression": "SET #at = :at, #shard = :shard" if due_at else "REMOVE #at, #shard",
            "ConditionExpression": "#v = :v AND " + ("#at = :was" if row.due_at else "attribute_not_exists(#at)"),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": told,
        }
        return fitted(self._call, "UpdateItem", body)


def _due(item: dict[str, Any]) -> Due:
    tenant, _, profile_id = str(item["pk"]).partition("#p#")
    return Due(tenant, profile_id, cast(int, item["due_at"]))
