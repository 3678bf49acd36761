"""Stored people in slices, page by page, for jobs that read many: a slice is a fixed share of the table by hash.

Which slice an item is in follows from its key alone, which is a keyed hash itself; so some slices are a fair sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from chalicelib.store.dynamo_profiles import profile_row
from chalicelib.store.items import Call, plain
from chalicelib.store.rows import ProfileRow

MOST_SLICES = 1_000_000
"""DynamoDB takes no more."""
_LIVE = ("active", "restricted")


class Slice(msgspec.Struct, frozen=True, array_like=True):
    """The ``number``-th of so many equal slices."""

    number: int
    of: int


class Page(msgspec.Struct, frozen=True):
    """Some people of a slice. ``after`` is where the next page begins, and '' at the slice's end."""

    rows: Sequence[ProfileRow]
    after: str


class PeopleStore(Protocol):
    """The people of a tenant who are neither merged nor erased, in slices that hold everybody once."""

    def size(self) -> int:
        """About how many items the table holds, other tenants' and identifiers too. May be hours old."""

    def page(self, tenant: str, one: Slice, after: str, *, limit: int, fresh: bool) -> Page:
        """People of a slice behind a place. ``limit`` bounds the items that are read: a page may hold nobody."""

    def count(self, tenant: str, one: Slice) -> int:
        """How many people a slice holds."""


class DynamoPeople:
    """``PeopleStore`` on the table ``profiles``. What is read is paid for, other tenants' items too."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def size(self) -> int:
        """About how many items the table holds."""
        return int(self._call("DescribeTable", {"TableName": self._table})["Table"].get("ItemCount", 0))

    def page(self, tenant: str, one: Slice, after: str, *, limit: int, fresh: bool) -> Page:
        """People of a slice behind a place."""
        start = {"ExclusiveStartKey": {"pk": {"S": after}}} if after else {}
        answer = self._scan(tenant, one, {"Limit": limit, "ConsistentRead": fresh, **start})
        last = answer.get("LastEvaluatedKey")
        rows = [profile_row(tenant, plain(item)) for item in answer["Items"]]
        return Page(rows, str(last["pk"]["S"]) if last else "")

    def count(self, tenant: str, one: Slice) -> int:
        """How many people a slice holds."""
        counted, start = 0, dict[str, Any]()
        while True:
            answer = self._scan(tenant, one, {"Select": "COUNT", **start})
            counted += int(answer["Count"])
            if "LastEvaluatedKey" not in answer:
                return counted
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _scan(self, tenant: str, one: Slice, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(
            "Scan",
            {
                "TableName": self._table,
                "Segment": one.number,
                "TotalSegments": one.of,
                "FilterExpression": "begins_with(#pk, :prefix) AND #state IN (:active, :restricted)",
                "ExpressionAttributeNames": {"#pk": "pk", "#state": "state"},
                "ExpressionAttributeValues": {
                    ":prefix": {"S": f"{tenant}#p#"},
                    **{f":{state}": {"S": state} for state in _LIVE},
                },
                **asked,
            },
        )


class MemoryPeople:
    """``PeopleStore`` over the rows of the profiles in memory."""

    def __init__(self, rows: Mapping[tuple[str, str], ProfileRow]) -> None:
        self._rows = rows

    def size(self) -> int:
        """About how many items there are."""
        return len(self._rows)

    def page(self, tenant: str, one: Slice, after: str, *, limit: int, fresh: bool) -> Page:
        """People of a slice behind a place."""
        found = [row for row in self._slice(tenant, one) if row.profile_id > after]
        return Page(found[:limit], found[limit - 1].profile_id if len(found) > limit else "")

    def count(self, tenant: str, one: Slice) -> int:
        """How many people a slice holds."""
        return len(self._slice(tenant, one))

    def _slice(self, tenant: str, one: Slice) -> list[ProfileRow]:
        found = [row for row in list(self._rows.values()) if row.tenant == tenant and row.state in _LIVE]
        inside = (row for row in found if _hash(row.profile_id) % one.of == one.number)
        return sorted(inside, key=lambda row: row.profile_id)


def _hash(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8])
