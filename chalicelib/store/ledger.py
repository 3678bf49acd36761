"""Who was erased, kept where no restore reaches: items ``<tenant>#erased#<erasure>`` of the table ``keys``.

The table has no backups and is never restored, so an erasure that is written here outlives every restore of the
others. An entry names people by ids and blind indexes, and holds no value of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import Table
from chalicelib.store.items import Attributes, Call, plain

_MARK = "#erased#"


class LedgerRow(msgspec.Struct, frozen=True):
    """One erasure; ``content`` is a coded ``flows.erasure.Erasure``."""

    tenant: str
    erasure_id: str
    at: Millis
    content: bytes


class ErasureLedger(Protocol):
    """The erasures there were."""

    def keep(self, row: LedgerRow) -> None:
        """Keep an erasure; again is no error."""

    def entries(self) -> Iterator[LedgerRow]:
        """All erasures of all tenants, in any order: for whoever restores a table, never for anyone who waits."""


class DynamoLedger:
    """``ErasureLedger`` in the table ``keys``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = Table(call, table)

    def keep(self, row: LedgerRow) -> None:
        """Keep an erasure."""
        item: Attributes = {"pk": f"{row.tenant}{_MARK}{row.erasure_id}", "at": row.at, "content": row.content}
        self._table.put(item, if_absent=True)

    def entries(self) -> Iterator[LedgerRow]:
        """All erasures, page by page."""
        asked: dict[str, Any] = {
            "TableName": self._table.name,
            "ConsistentRead": True,
            "FilterExpression": "contains(#pk, :mark)",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":mark": {"S": _MARK}},
        }
        while True:
            answer = self._call("Scan", asked)
            for item in map(plain, answer["Items"]):
                tenant, _, erasure_id = str(item["pk"]).partition(_MARK)
                yield LedgerRow(tenant, erasure_id, cast(int, item["at"]), cast(bytes, item["content"]))
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class MemoryLedger:
    """``ErasureLedger`` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], LedgerRow] = {}

    def keep(self, row: LedgerRow) -> None:
        """Keep an erasure."""
        self.kept.setdefault((row.tenant, row.erasure_id), row)

    def entries(self) -> Iterator[LedgerRow]:
        """All erasures."""
        yield from self.kept.values()
