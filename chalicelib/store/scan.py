"""Whole tables, page by page: for scheduled jobs alone, never for anyone who waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from chalicelib.store.items import Call, Item, plain
from chalicelib.store.rows import ProfileRow


class ProfileScan(Protocol):
    """All people of a tenant."""

    def pages(self, tenant: str) -> Iterator[Sequence[str]]:
        """The ids of the active profiles, in any order; one that is made or merged meanwhile may be there or not."""


class DynamoScan:
    """``ProfileScan`` on the table ``profiles``. Every page is paid for, other tenants' items too."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def pages(self, tenant: str) -> Iterator[Sequence[str]]:
        """The ids of the active profiles of a tenant."""
        prefix = f"{tenant}#p#"
        asked = {
            "FilterExpression": "begins_with(#pk, :prefix) AND #state = :active",
            "ProjectionExpression": "#pk",
            "ExpressionAttributeNames": {"#pk": "pk", "#state": "state"},
            "ExpressionAttributeValues": {":prefix": {"S": prefix}, ":active": {"S": "active"}},
        }
        for page in _pages(self._call, self._table, asked):
            yield [str(item["pk"]).removeprefix(prefix) for item in page]


class MemoryScan:
    """``ProfileScan`` over the rows of the profiles in memory."""

    def __init__(self, rows: Mapping[tuple[str, str], ProfileRow]) -> None:
        self._rows = rows

    def pages(self, tenant: str) -> Iterator[Sequence[str]]:
        """The ids of the active profiles of a tenant."""
        rows = list(self._rows.values())
        yield [row.profile_id for row in rows if row.tenant == tenant and row.state == "active"]


def tenant_ids(call: Call, catalogue_table: str) -> list[str]:
    """Every tenant there is, in order."""
    prefix = "tenant#"
    asked = {
        "FilterExpression": "begins_with(#pk, :prefix)",
        "ProjectionExpression": "#pk",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ExpressionAttributeValues": {":prefix": {"S": prefix}},
    }
    pages = _pages(call, catalogue_table, asked)
    return sorted(str(item["pk"]).removeprefix(prefix) for page in pages for item in page)


def _pages(call: Call, table: str, asked: dict[str, Any]) -> Iterator[list[Item]]:
    start: dict[str, Any] = {}
    while True:
        answer = call("Scan", {"TableName": table, **asked, **start})
        yield [plain(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
