"""The history table: events by person and time, the quarantine, decisions as they were answered."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import cast

from msgspec.structs import replace

from chalicelib.kernel.moments import THE_LAST, Millis
from chalicelib.profiles.model import FacetId
from chalicelib.store.decisions import decision_item, decision_row
from chalicelib.store.dynamo import Table
from chalicelib.store.dynamo_profiles import event_pk, record_item
from chalicelib.store.items import Attributes, Call, Item, typed_value
from chalicelib.store.pages import at_least
from chalicelib.store.rows import (
    THE_END,
    DecisionRow,
    EventRow,
    Position,
    QuarantineKind,
    QuarantineRow,
    Record,
)

_INDEX = "by_facet"


class DynamoHistory:
    """``HistoryStore`` on the table ``history``; its index projects keys only, rows are then read."""

    def __init__(self, call: Call, table: str) -> None:
        self._table = Table(call, table)

    def events(self, tenant: str, keys: Collection[bytes]) -> dict[bytes, EventRow]:
        """Event key → row, for those that exist."""
        items = self._table.get_many([event_pk(tenant, key) for key in keys], fresh=True)
        rows = [_event(tenant, item) for item in items]
        return {row.event_key: row for row in rows}

    def timeline(self, tenant: str, facet: FacetId, *, before: Millis, limit: int) -> Sequence[EventRow]:
        """The newest events of a facet before an instant, newest first."""
        found = self._table.newest_instants(_INDEX, f"{tenant}#{facet}", before=before, limit=limit)
        # The index may still name one that was stripped a moment ago.
        rows = (_event(tenant, item) for item in self._whole(found) if "facet" in item)
        return sorted(rows, key=lambda row: (row.at, row.event_key), reverse=True)

    def record_of(self, tenant: str, kind: str, record_id: str) -> Record | None:
        """A record, read strongly consistently."""
        item = self._table.get(f"{tenant}#{kind}#{record_id}", fresh=True)
        return None if item is None else _record(tenant, kind, item)

    def records(self, tenant: str, kind: str, *, before: Millis, limit: int) -> Sequence[Record]:
        """The newest records of a kind before an instant, newest first."""
        found = self._table.newest_instants(_INDEX, f"{tenant}#{kind}", before=before, limit=limit)
        rows = (_record(tenant, kind, item) for item in self._whole(found))
        return sorted(rows, key=lambda row: (row.at, row.record_id), reverse=True)

    def records_after(self, tenant: str, kind: str, *, after: Millis, until: Millis, limit: int) -> Sequence[Record]:
        """The oldest records of a kind in (after, until], oldest first."""
        if until <= after:
            return []
        found = self._table.oldest_instants(_INDEX, f"{tenant}#{kind}", after=after, until=until, limit=limit)
        rows = (_record(tenant, kind, item) for item in self._whole(found))
        return sorted(rows, key=lambda row: (row.at, row.record_id))

    def keep(self, record: Record) -> bool:
        """Keep a record; False when there was one of its id."""
        return self._table.put(record_item(record), if_absent=True)

    def strip(self, tenant: str, facet: FacetId, *, until: Millis, at_most: int = 1 << 30) -> int:
        """Leave of a facet's events up to an instant the markers."""
        named = self._table.all_before(_INDEX, f"{tenant}#{facet}", before=until + 1)
        said = ("facet", "content", "changes", "saved_at", "v")
        # The index may name some that were stripped before: those count for nothing.
        done = (1 for item in named if self._table.strip(str(item["pk"]), said))
        return sum(islice(done, at_most))

    def forget_decisions(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete decisions about a profile."""
        named = self._table.all_before(_INDEX, f"{tenant}#d#{profile_id}", before=THE_LAST)
        gone = (1 for item in named if self._table.delete_one(str(item["pk"])))
        return sum(islice(gone, at_most))

    def count(self, tenant: str, facet: FacetId, *, at_most: int) -> int:
        """How many events a facet's history holds."""
        return self._table.count(_INDEX, f"{tenant}#{facet}", at_most=at_most)

    def quarantine(self, row: QuarantineRow) -> None:
        """Keep what could not be applied: an event in place of what its id had, anything else once."""
        self._table.put(_quarantine_item(row), if_absent=not row.replayable)

    def quarantined(self, tenant: str, *, limit: int, before: Position = THE_END) -> Sequence[QuarantineRow]:
        """The newest quarantined before a position, newest first. Only those of the page are read whole."""
        prefix = f"{tenant}#q#"

        def read(asked: int) -> list[Position]:
            found = self._table.newest_instants(_INDEX, f"{tenant}#quarantine", before=before[0] + 1, limit=asked)
            return [(cast(int, item["at"]), str(item["pk"]).removeprefix(prefix)) for item in found]

        left = sorted(at_least(limit, read, lambda place: place < before), reverse=True)
        items = self._table.get_many([prefix + id_ for _, id_ in left[:limit]], fresh=False)
        rows = (_quarantined(tenant, item) for item in items)
        return sorted(rows, key=lambda row: (row.at, row.quarantine_id), reverse=True)

    def quarantine_row(self, tenant: str, quarantine_id: str) -> QuarantineRow | None:
        """One quarantined row."""
        item = self._table.get(f"{tenant}#q#{quarantine_id}", fresh=True)
        return None if item is None else _quarantined(tenant, item)

    def mark_replayed(self, row: QuarantineRow, at: Millis, principal: str) -> bool:
        """Note that a row was replayed, if it waits as it was read."""
        condition = {
            "ConditionExpression": "#at = :at AND attribute_not_exists(#replayed_at)",
            "ExpressionAttributeNames": {"#at": "at", "#replayed_at": "replayed_at"},
            "ExpressionAttributeValues": {":at": typed_value(row.at)},
        }
        return self._table.put_if(_quarantine_item(replace(row, replayed_at=at, replayed_by=principal)), condition)

    def record(self, row: DecisionRow) -> bool:
        """Keep a decision; False when one of that id was already there."""
        return self._table.put(decision_item(row), if_absent=True)

    def decision(self, tenant: str, decision_id: str) -> DecisionRow | None:
        """A decision as it was answered."""
        item = self._table.get(f"{tenant}#d#{decision_id}", fresh=True)
        return None if item is None else decision_row(tenant, item)

    def decisions_about(self, tenant: str, profile_id: str, *, before: Millis, limit: int) -> Sequence[DecisionRow]:
        """The newest decisions about a profile before an instant, newest first."""
        found = self._table.newest_instants(_INDEX, f"{tenant}#d#{profile_id}", before=before, limit=limit)
        rows = (decision_row(tenant, item) for item in self._whole(found))
        return sorted(rows, key=lambda row: (row.at, row.decision_id), reverse=True)

    def claim(self, tenant: str, name: str, content: bytes, *, now: Millis, expires_at: Millis) -> bytes:
        """What a name is claimed for. DynamoDB's own expiry lags, so the condition looks at it, too."""
        pk = f"{tenant}#k#{name}"
        item: Attributes = {"pk": pk, "at": now, "content": content, "expires_at": expires_at // 1000}
        free = {
            "ConditionExpression": "attribute_not_exists(#pk) OR #expires_at <= :now",
            "ExpressionAttributeNames": {"#pk": "pk", "#expires_at": "expires_at"},
            "ExpressionAttributeValues": {":now": typed_value(now // 1000)},
        }
        if self._table.put_if(item, free):
            return content
        kept = self._table.get(pk, fresh=True)
        return content if kept is None else cast(bytes, kept["content"])

    def _whole(self, found: Sequence[Item]) -> Iterable[Item]:
        return self._table.get_many([str(item["pk"]) for item in found], fresh=False)


def _event(tenant: str, item: Item) -> EventRow:
    coded = str(item["pk"]).removeprefix(f"{tenant}#e#")
    return EventRow(
        tenant=tenant,
        event_key=urlsafe_b64decode(coded + "=" * (-len(coded) % 4)),
        facet=str(item.get("facet", "")).removeprefix(f"{tenant}#"),
        at=cast(int, item["at"]),
        expires_at=cast(int, item["expires_at"]) * 1000,
        content=cast(bytes, item.get("content", b"")),
        changes=cast(bytes, item.get("changes", b"")),
        saved_at=cast(int, item.get("saved_at", 0)),
        version=cast(int, item.get("v", 0)),
    )


def _record(tenant: str, kind: str, item: Item) -> Record:
    return Record(
        tenant=tenant,
        kind=kind,
        record_id=str(item["pk"]).removeprefix(f"{tenant}#{kind}#"),
        at=cast(int, item["at"]),
        content=cast(bytes, item.get("content", b"")),
        expires_at=cast(int, item.get("expires_at", 0)) * 1000,
    )


def _quarantine_item(row: QuarantineRow) -> Attributes:
    return {
        "pk": f"{row.tenant}#q#{row.quarantine_id}",
        "facet": f"{row.tenant}#quarantine",
        "at": row.at,
        "code": row.code,
        "path": row.path,
        "content": row.sealed,
        "expires_at": row.expires_at // 1000,
        "source": row.source,
        "kind": row.kind,
        "event_key": row.event_key,
        "replayed_at": row.replayed_at or None,
        "replayed_by": row.replayed_by,
    }


def _quarantined(tenant: str, item: Item) -> QuarantineRow:
    return QuarantineRow(
        tenant=tenant,
        quarantine_id=str(item["pk"]).removeprefix(f"{tenant}#q#"),
        code=str(item["code"]),
        path=str(item.get("path", "")),
        at=cast(int, item["at"]),
        sealed=cast(bytes, item.get("content", b"")),
        expires_at=cast(int, item["expires_at"]) * 1000,
        source=str(item.get("source", "")),
        # Rows of before kinds were kept hold no delivery.
        kind=cast(QuarantineKind, item.get("kind", "item")),
        event_key=cast(bytes, item.get("event_key", b"")),
        replayed_at=cast(int, item.get("replayed_at", 0)),
        replayed_by=str(item.get("replayed_by", "")),
    )
