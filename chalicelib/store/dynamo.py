"""The DynamoDB calls the product makes: get many, put one, query an index, strip and delete, write all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from chalicelib.kernel.errors import ServiceRefused, Unavailable
from chalicelib.kernel.moments import THE_LAST
from chalicelib.store.items import Attributes, Call, Item, TypedItem, plain, typed, typed_value

_BATCH_GET_KEYS = 100
_ROUNDS_FOR_UNPROCESSED = 8
_PAGE = 500
FAILED, CONFLICT, NONE = "ConditionalCheckFailed", "TransactionConflict", "None"
"""Of an action of a transaction: what is there does not fit its condition, others write it now, nothing was wrong."""
_LONGEST_KEY_BYTES = 2_048
"""DynamoDB refuses to look for a longer one, so nothing is called so: callers write ids into paths, of any length."""


_ALL_OF_IT: Mapping[str, Any] = MappingProxyType({})


def read_keys(
    call: Call, table: str, keys: Sequence[TypedItem], *, fresh: bool, only: Mapping[str, Any] = _ALL_OF_IT
) -> Iterator[TypedItem]:
    """The items of these keys that exist, in any order. ``only``: the projection, where not all of an item is asked for.

    Raises Unavailable when the table keeps throttling.
    """
    for start in range(0, len(keys), _BATCH_GET_KEYS):
        left = list(keys[start : start + _BATCH_GET_KEYS])
        for _ in range(_ROUNDS_FOR_UNPROCESSED):
            asked = {"Keys": left, "ConsistentRead": fresh, **only}
            answer = call("BatchGetItem", {"RequestItems": {table: asked}})
            yield from answer["Responses"].get(table, [])
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not left:
                break
        else:
            raise Unavailable("store_throttled", "The store kept leaving keys unread.")


def answers(call: Call, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers of a query, page by page to the end."""
    asked = dict(query)
    while True:
        answer = call("Query", asked)
        yield answer
        if "LastEvaluatedKey" not in answer:
            return
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def of_person(call: Call, table: str, whose: str | None, prefix: str, *, newest_first: bool = False) -> Iterator[str]:
    """What follows ``prefix`` in the keys that the index by profile has of a person; of None nothing. It may lag.

    A person's conversations and tickets stand in the one index: the prefix tells them apart.
    """
    if whose is None:
        return
    query = {
        "TableName": table,
        "IndexName": "by_profile",
        "KeyConditionExpression": "#whose = :whose",
        "ExpressionAttributeNames": {"#whose": "whose"},
        "ExpressionAttributeValues": {":whose": {"S": whose}},
        "ScanIndexForward": not newest_first,
    }
    for answer in answers(call, query):
        keys = (str(item["pk"]["S"]) for item in answer["Items"])
        yield from (key.removeprefix(prefix) for key in keys if key.startswith(prefix))


def fitted(call: Call, operation: str, body: dict[str, Any]) -> bool:
    """Make a conditional write; False when what is there does not fit its condition."""
    try:
        call(operation, body)
    except ServiceRefused as refused:
        if refused.code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def transact(call: Call, actions: Sequence[Mapping[str, Any]], token: str = "") -> tuple[str, ...] | None:
    """Write all or nothing: None when it was written, else for each action why it was not.

    The reasons are ``FAILED``, ``CONFLICT`` and ``NONE``, and not all are ``NONE``. Raises Unavailable where others
    stand among them, as of throttling: nothing was written, and it may be tried again. With a ``token`` a repeat of
    this very call, after an answer was lost, is the success that it was.
    """
    try:
        call("TransactWriteItems", {"TransactItems": actions, **({"ClientRequestToken": token} if token else {})})
    except ServiceRefused as refused:
        if refused.code != "TransactionCanceledException":
            raise
        reasons = set(refused.reasons)
        if reasons - {FAILED, CONFLICT, NONE} or reasons <= {NONE}:
            raise Unavailable("store_conflict", "The store could not take this transaction now.") from refused
        return refused.reasons
    return None


class Table:
    """One table behind a signed call. ``name`` is the table's; ``key`` its hash attribute is always ``pk``."""

    def __init__(self, call: Call, name: str) -> None:
        self._call = call
        self.name = name

    def get(self, pk: str, *, fresh: bool) -> Item | None:
        """One item, or None."""
        if not _may_be(pk):
            return None
        answer = self._call("GetItem", {"TableName": self.name, "Key": {"pk": {"S": pk}}, "ConsistentRead": fresh})
        return plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, pks: Sequence[str], *, fresh: bool) -> Iterator[Item]:
        """The items that exist, in any order. Raises Unavailable when the table keeps throttling."""
        pks = [pk for pk in pks if _may_be(pk)]
        if len(pks) == 1:
            only = self.get(pks[0], fresh=fresh)
            yield from () if only is None else (only,)
            return
        yield from map(plain, read_keys(self._call, self.name, [{"pk": {"S": pk}} for pk in pks], fresh=fresh))

    def scan_page(
        self, asked: Mapping[str, Any], after: str, *, limit: int, fresh: bool = True
    ) -> tuple[list[Item], str, int]:
        """What of the next ``limit`` items fits, where the page ended ("" at the end), and how many were looked at."""
        start = {"ExclusiveStartKey": {"pk": {"S": after}}} if after else {}
        answer = self._call("Scan", {"TableName": self.name, "ConsistentRead": fresh, "Limit": limit, **asked, **start})
        last = answer.get("LastEvaluatedKey")
        return [*map(plain, answer["Items"])], str(last["pk"]["S"]) if last else "", int(answer["ScannedCount"])

    def put(self, item: Attributes, *, if_absent: bool) -> bool:
        """Write one item; False when ``if_absent`` and it was there."""
        return self.put_if(item, absent() if if_absent else {})

    def put_if(self, item: Attributes, condition: Mapping[str, Any]) -> bool:
        """Write one item; False when what is there does not fit the condition."""
        return fitted(self._call, "PutItem", {"TableName": self.name, "Item": typed(item), **condition})

    def strip(self, pk: str, names: Sequence[str]) -> bool:
        """Remove attributes of an item; False when it lacks the first one already, or is not there."""
        places = {f"#a{place}": name for place, name in enumerate(names)}
        body = {
            "TableName": self.name,
            "Key": {"pk": {"S": pk}},
            "UpdateExpression": "REMOVE " + ", ".join(places),
            "ConditionExpression": "attribute_exists(#a0)",
            "ExpressionAttributeNames": places,
        }
        return fitted(self._call, "UpdateItem", body)

    def delete(self, pk: str) -> None:
        """Delete an item. One that is not there is no error."""
        self._call("DeleteItem", {"TableName": self.name, "Key": {"pk": {"S": pk}}})

    def delete_one(self, pk: str) -> bool:
        """Delete an item; False when it is not there."""
        body = {
            "TableName": self.name,
            "Key": {"pk": {"S": pk}},
            "ConditionExpression": "attribute_exists(#pk)",
            "ExpressionAttributeNames": {"#pk": "pk"},
        }
        return fitted(self._call, "DeleteItem", body)

    def newest_instants(self, index: str, facet: str, *, before: int, limit: int) -> list[Item]:
        """Keys and range of an index partition, newest first, and the rest of the last one's instant.

        An instant's items have no order in the index, so a page that ended within one could not be gone on from.
        """
        return self._instants(partial(self._query, index, facet, before), limit)

    def oldest_instants(self, index: str, facet: str, *, after: int, until: int, limit: int) -> list[Item]:
        """Keys and range of an index partition in (after, until], oldest first, and the rest of the last one's instant."""
        return self._instants(partial(self._query_on, index, facet, after, until), limit)

    def _instants(self, query: Callable[[int, Mapping[str, Any]], dict[str, Any]], limit: int) -> list[Item]:
        found: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            # One more than asked shows, in the same call, whether the last instant is whole.
            answer = query(limit + 1, start)
            for item in map(plain, answer["Items"]):
                if len(found) >= limit and item["at"] != found[-1]["at"]:
                    return found
                found.append(item)
            if "LastEvaluatedKey" not in answer:
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def all_before(self, index: str, facet: str, *, before: int) -> Iterator[Item]:
        """Keys and range of a whole index partition before an instant, newest first."""
        more: dict[str, Any] = {}
        while True:
            answer = self._query(index, facet, before, _PAGE, more)
            yield from map(plain, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def count(self, index: str, facet: str, *, at_most: int) -> int:
        """How many items an index partition has, counted up to ``at_most``."""
        counted = 0
        more: dict[str, Any] = {}
        while counted < at_most:
            counting = {"Select": "COUNT", **more}
            answer = self._query(index, facet, THE_LAST, at_most - counted, counting)
            counted += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                break
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return counted

    def _query(self, index: str, facet: str, before: int, limit: int, start: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(
            "Query",
            {
                "TableName": self.name,
                "IndexName": index,
                "KeyConditionExpression": "#facet = :facet AND #at < :before",
                "ExpressionAttributeNames": {"#facet": "facet", "#at": "at"},
                "ExpressionAttributeValues": {":facet": {"S": facet}, ":before": {"N": str(before)}},
                "ScanIndexForward": False,
                "Limit": limit,
                **start,
            },
        )

    def _query_on(
        self, index: str, facet: str, after: int, until: int, limit: int, start: Mapping[str, Any]
    ) -> dict[str, Any]:
        return self._call(
            "Query",
            {
                "TableName": self.name,
                "IndexName": index,
                "KeyConditionExpression": "#facet = :facet AND #at BETWEEN :first AND :last",
                "ExpressionAttributeNames": {"#facet": "facet", "#at": "at"},
                "ExpressionAttributeValues": {
                    ":facet": {"S": facet},
                    ":first": {"N": str(after + 1)},
                    ":last": {"N": str(until)},
                },
                "Limit": limit,
                **start,
            },
        )


def _may_be(pk: str) -> bool:
    return len(pk) <= _LONGEST_KEY_BYTES // 4 or len(pk.encode()) <= _LONGEST_KEY_BYTES


def absent() -> dict[str, Any]:
    """The condition that no such item exists."""
    return {"ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": {"#pk": "pk"}}


def equals(name: str, value: str | int | bytes) -> dict[str, Any]:
    """The condition that an attribute is what it was read to be."""
    return {
        "ConditionExpression": "#name = :value",
        "ExpressionAttributeNames": {"#name": name},
        "ExpressionAttributeValues": {":value": typed_value(value)},
    }


def put_action(table: str, item: Attributes, condition: Mapping[str, Any]) -> dict[str, Any]:
    """One conditional put of a transaction."""
    return {"Put": {"TableName": table, "Item": typed(item), **condition}}
