"""Tenants, their sources and their credentials: what a door must know before it opens.

Items of the table ``catalogue``: ``tenant#<id>``, ``source#<id>`` and ``credential#<hash>``, each under
the sort key ``record`` with one Binary attribute ``content``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from chalicelib.privacy.credentials import Credential
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.items import Call, plain, typed

_SORT = "record"


class SourceRecord(msgspec.Struct, frozen=True):
    """A source of a tenant: its channel, how it ranks, what it may write, its wrapped webhook secrets."""

    tenant_id: str
    source_id: str
    name: str
    channel: str
    rank: int
    traits: tuple[str, ...]
    webhook_secrets: tuple[bytes, ...] = ()


class CatalogueStore(Protocol):
    """Reads that doors make, and the writes of the operator command."""

    def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant, or None."""

    def source(self, source_id: str) -> SourceRecord | None:
        """A source, or None. Its record says whose it is."""

    def credential(self, token_hash: str) -> Credential | None:
        """What a token's hash stands for, or None."""

    def keep(self, record: Tenant | SourceRecord) -> None:
        """Write a tenant or source."""

    def keep_credential(self, record: Credential) -> None:
        """Write a credential under its token's hash."""


class DynamoCatalogue:
    """``CatalogueStore`` on the table ``catalogue``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant, or None."""
        return self._get(f"tenant#{tenant_id}", Tenant)

    def source(self, source_id: str) -> SourceRecord | None:
        """A source, or None. Its record says whose it is."""
        return self._get(f"source#{source_id}", SourceRecord)

    def credential(self, token_hash: str) -> Credential | None:
        """What a token's hash stands for, or None."""
        return self._get(f"credential#{token_hash}", Credential)

    def keep(self, record: Tenant | SourceRecord) -> None:
        """Write a tenant or source."""
        if isinstance(record, Tenant):
            self._put(f"tenant#{record.tenant_id}", record)
        else:
            self._put(f"source#{record.source_id}", record)

    def keep_credential(self, record: Credential) -> None:
        """Write a credential under its token's hash."""
        self._put(f"credential#{record.token_hash}", record)

    def _get[T](self, pk: str, type_: type[T]) -> T | None:
        key: Mapping[str, Any] = {"pk": {"S": pk}, "sk": {"S": _SORT}}
        answer = self._call("GetItem", {"TableName": self._table, "Key": key, "ConsistentRead": True})
        if "Item" not in answer:
            return None
        content = plain(answer["Item"])["content"]
        return msgspec.msgpack.decode(content, type=type_) if isinstance(content, bytes) else None

    def _put(self, pk: str, record: msgspec.Struct) -> None:
        item = typed({"pk": pk, "sk": _SORT, "content": msgspec.msgpack.encode(record)})
        self._call("PutItem", {"TableName": self._table, "Item": item})


class MemoryCatalogue:
    """``CatalogueStore`` in dictionaries."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.sources: dict[str, SourceRecord] = {}
        self.credentials: dict[str, Credential] = {}

    def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant, or None."""
        return self.tenants.get(tenant_id)

    def source(self, source_id: str) -> SourceRecord | None:
        """A source, or None. Its record says whose it is."""
        return self.sources.get(source_id)

    def credential(self, token_hash: str) -> Credential | None:
        """What a token's hash stands for, or None."""
        return self.credentials.get(token_hash)

    def keep(self, record: Tenant | SourceRecord) -> None:
        """Write a tenant or source."""
        if isinstance(record, Tenant):
            self.tenants[record.tenant_id] = record
        else:
            self.sources[record.source_id] = record

    def keep_credential(self, record: Credential) -> None:
        """Write a credential under its token's hash."""
        self.credentials[record.token_hash] = record
