"""Profiles and identifiers in DynamoDB: two reads to find a person, one transaction to save one."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection
from hashlib import sha256
from typing import Any, cast

import msgspec

from chalicelib.kernel.errors import ServiceRefused, Unavailable
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.dynamo import Table, absent, equals, put_action
from chalicelib.store.items import Attributes, Call, Item
from chalicelib.store.rows import Change, EventRow, IdentifierWrite, Outcome, ProfileRow, State

_WHOLE = msgspec.msgpack.Encoder(order="deterministic")
_FAILED, _NONE = "ConditionalCheckFailed", "None"


def event_pk(tenant: str, event_key: bytes) -> str:
    """The key of an event's row: tenant and event alone, so that it is found without its person."""
    return f"{tenant}#e#{urlsafe_b64encode(event_key).decode('ascii').rstrip('=')}"


class DynamoProfiles:
    """``ProfileStore`` on the tables ``profiles`` and ``history``."""

    def __init__(self, call: Call, profiles_table: str, history_table: str) -> None:
        self._call = call
        self._profiles = Table(call, profiles_table)
        self._history = history_table

    def find(self, tenant: str, keys: Collection[IdentifierKey], *, fresh: bool) -> dict[IdentifierKey, str]:
        """Identifier → profile id, for those known."""
        prefix = f"{tenant}#i#"
        items = self._profiles.get_many([prefix + key for key in keys], fresh=fresh)
        return {str(item["pk"]).removeprefix(prefix): str(item["profile_id"]) for item in items}

    def load(self, tenant: str, profile_ids: Collection[str], *, fresh: bool) -> dict[str, ProfileRow]:
        """Profile id → row, for those that exist."""
        items = self._profiles.get_many([f"{tenant}#p#{one}" for one in profile_ids], fresh=fresh)
        rows = [_row(tenant, item) for item in items]
        return {row.profile_id: row for row in rows}

    def save(self, change: Change) -> Outcome:
        """Write everything or nothing."""
        actions = [
            *(self._profile_action(row, replaces) for row, replaces in change.profiles),
            *(self._event_action(row) for row in change.events),
            *(self._identifier_action(change.tenant, one) for one in change.identifiers),
        ]
        try:
            # The token makes a repeat of this very call, after an answer was lost, the success that it was.
            body = {"TransactItems": actions, "ClientRequestToken": _token(change)}
            self._call("TransactWriteItems", body)
        except ServiceRefused as refused:
            if refused.code != "TransactionCanceledException":
                raise
            return self._cancelled(change, refused)
        return Outcome(saved=True)

    def _cancelled(self, change: Change, refused: ServiceRefused) -> Outcome:
        reasons = refused.reasons
        if set(reasons) - {_FAILED, _NONE} or _FAILED not in reasons:
            # A conflict or throttling inside the transaction: nothing was written, and it may be tried again.
            raise Unavailable("store_conflict", "The store could not take this transaction now.") from refused
        first = len(change.profiles)
        of_events = reasons[first : first + len(change.events)]
        duplicates = frozenset(
            row.event_key for row, reason in zip(change.events, of_events, strict=True) if reason == _FAILED
        )
        others = reasons[:first] + reasons[first + len(change.events) :]
        return Outcome(saved=False, duplicates=duplicates, stale=_FAILED in others)

    def _profile_action(self, row: ProfileRow, replaces: int) -> dict[str, Any]:
        item: Attributes = {
            "pk": f"{row.tenant}#p#{row.profile_id}",
            "v": row.version,
            "state": row.state,
            "generation": row.generation,
            "updated_at": row.updated_at,
            "merged_into": row.merged_into,
            "body": row.body,
        }
        return put_action(self._profiles.name, item, equals("v", replaces) if replaces else absent())

    def _event_action(self, row: EventRow) -> dict[str, Any]:
        item: Attributes = {
            "pk": event_pk(row.tenant, row.event_key),
            "facet": f"{row.tenant}#{row.facet}",
            "at": row.at,
            "expires_at": row.expires_at // 1000,
            "content": row.content,
            "changes": row.changes,
        }
        return put_action(self._history, item, absent())

    def _identifier_action(self, tenant: str, one: IdentifierWrite) -> dict[str, Any]:
        item = {"pk": f"{tenant}#i#{one.key}", "profile_id": one.profile_id}
        condition = equals("profile_id", one.expected) if one.expected else absent()
        return put_action(self._profiles.name, item, condition)


def _token(change: Change) -> str:
    """The same for the same change, and for no other: DynamoDB refuses one token with two contents."""
    return sha256(_WHOLE.encode(change)).hexdigest()[:36]


def _row(tenant: str, item: Item) -> ProfileRow:
    return ProfileRow(
        tenant=tenant,
        profile_id=str(item["pk"]).removeprefix(f"{tenant}#p#"),
        version=cast(int, item["v"]),
        state=cast(State, item["state"]),
        generation=cast(int, item["generation"]),
        updated_at=cast(int, item["updated_at"]),
        body=cast(bytes, item.get("body", b"")),
        merged_into=str(item.get("merged_into", "")),
    )
