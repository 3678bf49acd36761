"""Profiles and identifiers in DynamoDB: two reads to find a person, one transaction to save one."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection
from hashlib import sha256
from typing import Any, cast

import msgspec

from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.dynamo import CONFLICT, FAILED, Table, absent, equals, put_action, transact
from chalicelib.store.items import Attributes, Call, Item
from chalicelib.store.rows import (
    Change,
    EventRow,
    IdentifierRow,
    IdentifierWrite,
    Outcome,
    ProfileRow,
    Record,
    State,
    due_shard,
    segment_shard,
)

_WHOLE = msgspec.msgpack.Encoder(order="deterministic")
_CODED = msgspec.msgpack.Encoder()
_CONTENDERS = msgspec.msgpack.Decoder(tuple[str, ...])


def event_pk(tenant: str, event_key: bytes) -> str:
    """The key of an event's row: tenant and event alone, so that it is found without its person."""
    return f"{tenant}#e#{urlsafe_b64encode(event_key).decode('ascii').rstrip('=')}"


def record_item(record: Record) -> Attributes:
    """The item of a record: found by its id, listed by its kind."""
    return {
        "pk": f"{record.tenant}#{record.kind}#{record.record_id}",
        "facet": f"{record.tenant}#{record.kind}",
        "at": record.at,
        "content": record.content,
        "expires_at": record.expires_at // 1000 or None,
    }


class DynamoProfiles:
    """``ProfileStore`` on the tables ``profiles`` and ``history``."""

    def __init__(self, call: Call, profiles_table: str, history_table: str) -> None:
        self._call = call
        self._profiles = Table(call, profiles_table)
        self._history = history_table

    def find(self, tenant: str, keys: Collection[IdentifierKey], *, fresh: bool) -> dict[IdentifierKey, IdentifierRow]:
        """Identifier → row, for those known."""
        prefix = f"{tenant}#i#"
        items = self._profiles.get_many([prefix + key for key in keys], fresh=fresh)
        return {str(item["pk"]).removeprefix(prefix): identifier_row(item) for item in items}

    def load(self, tenant: str, profile_ids: Collection[str], *, fresh: bool) -> dict[str, ProfileRow]:
        """Profile id → row, for those that exist."""
        items = self._profiles.get_many([f"{tenant}#p#{one}" for one in profile_ids], fresh=fresh)
        rows = [profile_row(tenant, item) for item in items]
        return {row.profile_id: row for row in rows}

    def find_and_load(
        self, tenant: str, keys: Collection[IdentifierKey], profile_ids: Collection[str]
    ) -> tuple[dict[IdentifierKey, IdentifierRow], dict[str, ProfileRow]]:
        """What ``find`` and ``load`` give, in one read."""
        names = {f"{tenant}#i#{key}": key for key in keys}
        found: dict[IdentifierKey, IdentifierRow] = {}
        loaded: dict[str, ProfileRow] = {}
        for item in self._profiles.get_many([*names, *(f"{tenant}#p#{one}" for one in profile_ids)], fresh=False):
            key = names.get(str(item["pk"]))
            if key is None:
                row = profile_row(tenant, item)
                loaded[row.profile_id] = row
            else:
                found[key] = identifier_row(item)
        return found, loaded

    def save(self, change: Change) -> Outcome:
        """Write everything or nothing."""
        actions = [
            *(self._profile_action(row, replaces) for row, replaces in change.profiles),
            *(self._event_action(row) for row in change.events),
            *(self._identifier_action(change.tenant, one) for one in change.identifiers),
            *(self._check(f"{change.tenant}#p#{profile_id}", version) for profile_id, version in change.checks),
            *(self._check(f"{change.tenant}#i#{key}", version) for key, version in change.unmoved),
            *(put_action(self._history, record_item(one), absent()) for one in change.records),
        ]
        reasons = transact(self._call, actions, _token(change, self._profiles.name))
        return Outcome(saved=True) if reasons is None else self._cancelled(change, reasons)

    def _cancelled(self, change: Change, reasons: tuple[str, ...]) -> Outcome:
        first = len(change.profiles)
        of_events = reasons[first : first + len(change.events)]
        duplicates = frozenset(
            row.event_key for row, reason in zip(change.events, of_events, strict=True) if reason == FAILED
        )
        others = reasons[:first] + reasons[first + len(change.events) :]
        # A conflict that did not pass while the call was repeated: somebody is faster, so what was read is old.
        return Outcome(saved=False, duplicates=duplicates, stale=FAILED in others or CONFLICT in reasons)

    def _profile_action(self, row: ProfileRow, replaces: int) -> dict[str, Any]:
        item: Attributes = {
            "pk": f"{row.tenant}#p#{row.profile_id}",
            "v": row.version,
            "state": row.state,
            "generation": row.generation,
            "updated_at": row.updated_at,
            "merged_into": row.merged_into,
            "body": row.body,
            "ties": row.ties,
            "due_at": row.due_at or None,
            "due_shard": str(due_shard(row.profile_id)) if row.due_at else None,
            "judged": row.judged,
            "outreach": row.outreach,
            "segment": segment_key(row.tenant, row.segment, row.profile_id) if row.segment else None,
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
            "saved_at": row.saved_at,
            "v": row.version,
        }
        return put_action(self._history, item, absent())

    def _identifier_action(self, tenant: str, one: IdentifierWrite) -> dict[str, Any]:
        row, replaces = one.row, one.row.version - 1
        item: Attributes = {
            "pk": f"{tenant}#i#{one.key}",
            "v": row.version,
            "profile_id": row.profile_id,
            "contenders": _CODED.encode(row.contenders) if row.contenders else None,
            "shared": 1 if row.shared else None,
            "erased_at": row.erased_at or None,
            "generation": row.generation or None,
            "alias_of": row.alias_of,
            "aliased": row.aliased or None,
        }
        return put_action(self._profiles.name, item, equals("v", replaces) if replaces else absent())

    def _check(self, pk: str, version: int) -> dict[str, Any]:
        condition = equals("v", version) if version else absent()
        return {"ConditionCheck": {"TableName": self._profiles.name, "Key": {"pk": {"S": pk}}, **condition}}


def _token(change: Change, table: str) -> str:
    """The same for the same change of the same table, and for no other: DynamoDB refuses one token with two contents."""
    return sha256(table.encode() + b"\n" + _WHOLE.encode(change)).hexdigest()[:36]


def segment_key(tenant: str, segment: str, profile_id: str) -> str:
    """The partition of the index ``by_segment`` in which a member stands."""
    return f"{tenant}#{segment}#{segment_shard(profile_id)}"


def profile_row(tenant: str, item: Item) -> ProfileRow:
    """A profile as it is stored."""
    return ProfileRow(
        tenant=tenant,
        profile_id=str(item["pk"]).removeprefix(f"{tenant}#p#"),
        version=cast(int, item["v"]),
        state=cast(State, item["state"]),
        generation=cast(int, item["generation"]),
        updated_at=cast(int, item["updated_at"]),
        body=cast(bytes, item.get("body", b"")),
        merged_into=str(item.get("merged_into", "")),
        ties=cast(bytes, item.get("ties", b"")),
        due_at=cast(int, item.get("due_at", 0)),
        judged=cast(bytes, item.get("judged", b"")),
        outreach=cast(bytes, item.get("outreach", b"")),
        segment=str(item.get("segment", "")).removeprefix(f"{tenant}#").rpartition("#")[0],
    )


def identifier_row(item: Item) -> IdentifierRow:
    """An identifier as it is stored."""
    coded = cast(bytes, item.get("contenders", b""))
    return IdentifierRow(
        profile_id=str(item.get("profile_id", "")),
        version=cast(int, item["v"]),
        contenders=_CONTENDERS.decode(coded) if coded else (),
        shared=bool(item.get("shared", 0)),
        erased_at=cast(int, item.get("erased_at", 0)),
        generation=cast(int, item.get("generation", 0)),
        alias_of=str(item.get("alias_of", "")),
        aliased=cast(int, item.get("aliased", 0)),
    )
