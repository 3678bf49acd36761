"""Past decisions of a tenant in slices, page by page, for jobs that play them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.store.decisions import decision_pk, decision_row
from chalicelib.store.dynamo import Table
from chalicelib.store.items import Call
from chalicelib.store.people import Slice
from chalicelib.store.rows import DecisionRow


class DecisionPage(msgspec.Struct, frozen=True):
    """Some decisions of a slice. ``after`` is where the next page begins, and '' at the slice's end."""

    rows: Sequence[DecisionRow]
    after: str


class PastStore(Protocol):
    """The decisions of a tenant, those about nobody known too, in slices that hold each once."""

    def page(self, tenant: str, one: Slice, after: str, *, begins: Millis, ends: Millis, limit: int) -> DecisionPage:
        """Decisions from an instant up to and without another. ``limit`` bounds the items that are read."""


class DynamoPast:
    """``PastStore`` on the table ``history``. What is read is paid for: events, and other tenants' items, too.

    Decisions about nobody known stand in no index, and a desk's load without them would be another.
    """

    def __init__(self, call: Call, table: str) -> None:
        self._table = Table(call, table)

    def page(self, tenant: str, one: Slice, after: str, *, begins: Millis, ends: Millis, limit: int) -> DecisionPage:
        """Decisions of a slice behind a place."""
        asked = {
            "Segment": one.number,
            "TotalSegments": one.of,
            "FilterExpression": "begins_with(#pk, :prefix) AND #at >= :begins AND #at < :ends",
            "ExpressionAttributeNames": {"#pk": "pk", "#at": "at"},
            "ExpressionAttributeValues": {
                ":prefix": {"S": decision_pk(tenant, "")},
                ":begins": {"N": str(begins)},
                ":ends": {"N": str(ends)},
            },
        }
        # What was decided this very moment may be missed: half the price of reading it all.
        items, last, _ = self._table.scan_page(asked, after, limit=limit, fresh=False)
        return DecisionPage([decision_row(tenant, item) for item in items], last)


class MemoryPast:
    """``PastStore`` over the decisions in memory."""

    def __init__(self, rows: Mapping[tuple[str, str], DecisionRow]) -> None:
        self._rows = rows

    def page(self, tenant: str, one: Slice, after: str, *, begins: Millis, ends: Millis, limit: int) -> DecisionPage:
        """Decisions of a slice behind a place."""
        rows = [row for row in self._rows.values() if row.tenant == tenant and _place(row) % one.of == one.number]
        rows = sorted((row for row in rows if row.decision_id > after), key=lambda row: row.decision_id)
        inside = [row for row in rows[:limit] if begins <= row.at < ends]
        return DecisionPage(inside, rows[limit - 1].decision_id if len(rows) > limit else "")


def _place(row: DecisionRow) -> int:
    return int.from_bytes(sha256(row.decision_id.encode()).digest()[:8])
