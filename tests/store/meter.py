"""Counts the write units of every call that passes, by what stood there before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.store.capacity import BY_DUE, BY_FACET, BY_SEGMENT, Counted, write_units
from chalicelib.store.items import Call, plain

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
ALONE = frozenset({"PutItem", "UpdateItem", "DeleteItem"})


class Meter:
    """A ``Call`` before another one. ``units`` are those of all writes so far, indexes included."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.units = 0

    def __call__(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """Pass on. An operation that nobody has taught the meter fails: it might write."""
        if operation in READS:
            return self._call(operation, body)
        places = list(_written(operation, body))
        before = [self._item(place) for place in places]
        answer = self._call(operation, body)
        for place, was in zip(places, before, strict=True):
            after, alone = self._item(place), operation in ALONE
            self.units += write_units(was, after, transactional=not alone, indexes=(BY_FACET, BY_DUE, BY_SEGMENT))
        return answer

    def _item(self, place: Mapping[str, Any]) -> Counted | None:
        found = self._call("GetItem", {**place, "ConsistentRead": True}).get("Item")
        return None if found is None else plain(found)


def _written(operation: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Table and key of each item that an operation writes or makes sure of."""
    if operation in ALONE:
        yield _place(body)
    elif operation == "TransactWriteItems":
        for action in body["TransactItems"]:
            ((kind, detail),) = action.items()
            assert kind in {"Put", "Update", "Delete", "ConditionCheck"}, kind
            yield _place(detail)
    else:
        raise AssertionError(f"What does {operation} write?")


def _place(detail: Mapping[str, Any]) -> dict[str, Any]:
    key = detail.get("Key") or {"pk": detail["Item"]["pk"]}
    return {"TableName": detail["TableName"], "Key": key}
