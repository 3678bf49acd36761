"""How a tenant's sources are, as they were judged last: what rules are told, and the report behind it.

Two items of the table ``catalogue`` under ``health#<tenant>``: ``record``, which hot functions read with the tenant's
catalogue, and ``report``, which only the next judgement and ``GET /v1/quality`` read.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import HOUR_MS, Millis
from chalicelib.store.items import Call, plain, typed
from chalicelib.tags.health import WELL, Health

BELIEVED_MS = 6 * HOUR_MS
"""A judgement that is older is not believed: were nobody to judge any more, a source would be doubted for ever."""
_RECORD, _REPORT = "record", "report"


class HealthRecord(msgspec.Struct, frozen=True):
    """The health of a tenant's sources at a moment."""

    at: Millis
    health: Health


class HealthStore(Protocol):
    """The last judgement, by tenant."""

    def health(self, tenant: str, now: Millis) -> Health:
        """How sources are; all are well where nobody judged them lately."""

    def report(self, tenant: str) -> bytes:
        """The coded report of the last judgement; empty where there was none."""

    def keep(self, tenant: str, record: HealthRecord, report: bytes) -> None:
        """Replace the last judgement."""


class DynamoHealth:
    """``HealthStore`` on the table ``catalogue``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def health(self, tenant: str, now: Millis) -> Health:
        """How sources are; all are well where nobody judged them lately."""
        return _believed(self._read(tenant, _RECORD), now)

    def report(self, tenant: str) -> bytes:
        """The coded report of the last judgement; empty where there was none."""
        return self._read(tenant, _REPORT)

    def keep(self, tenant: str, record: HealthRecord, report: bytes) -> None:
        """Replace the last judgement: the report first, so that what is in force can be explained."""
        for sort, content in ((_REPORT, report), (_RECORD, encode(record))):
            item = typed({"pk": _pk(tenant), "sk": sort, "content": content})
            self._call("PutItem", {"TableName": self._table, "Item": item})

    def _read(self, tenant: str, sort: str) -> bytes:
        key: dict[str, Any] = {"pk": {"S": _pk(tenant)}, "sk": {"S": sort}}
        answer = self._call("GetItem", {"TableName": self._table, "Key": key, "ConsistentRead": False})
        content = plain(answer["Item"]).get("content") if "Item" in answer else None
        return content if isinstance(content, bytes) else b""


class MemoryHealth:
    """``HealthStore`` in dictionaries."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[HealthRecord, bytes]] = {}

    def health(self, tenant: str, now: Millis) -> Health:
        """How sources are; all are well where nobody judged them lately."""
        return _believed(encode(self.kept[tenant][0]) if tenant in self.kept else b"", now)

    def report(self, tenant: str) -> bytes:
        """The coded report of the last judgement; empty where there was none."""
        return self.kept[tenant][1] if tenant in self.kept else b""

    def keep(self, tenant: str, record: HealthRecord, report: bytes) -> None:
        """Replace the last judgement."""
        self.kept[tenant] = (record, report)


def _believed(coded: bytes, now: Millis) -> Health:
    if not coded:
        return WELL
    record = decode(coded, HealthRecord)
    return record.health if now - record.at <= BELIEVED_MS else WELL


def _pk(tenant: str) -> str:
    return f"health#{tenant}"
