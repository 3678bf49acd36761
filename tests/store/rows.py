"""Rows to save, small and made up."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from chalicelib.store.rows import (
    Change,
    DecisionRow,
    EventRow,
    IdentifierRow,
    IdentifierWrite,
    ProfileRow,
    QuarantineRow,
)

AT = 1_760_000_000_000
EXPIRES = AT + 700 * 86_400_000


def profile(
    tenant: str, profile_id: str = "p_1", version: int = 1, body: bytes = b"body", due_at: int = 0
) -> ProfileRow:
    return ProfileRow(tenant, profile_id, version, "active", 1, AT, body, due_at=due_at)


def event(tenant: str, name: str = "e1", *, facet: str = "user_id:aa", at: int = AT, changes: bytes = b"") -> EventRow:
    return EventRow(tenant, key(name), facet, at, EXPIRES, b"content of " + name.encode(), changes)


def key(name: str) -> bytes:
    """An event key. 16 bytes whose base64url holds the letters that DynamoDB keys must bear."""
    return sha256(name.encode()).digest()[:16]


def change(
    tenant: str,
    *profiles: tuple[ProfileRow, int],
    events: tuple[EventRow, ...] = (),
    identifiers: tuple[IdentifierWrite, ...] = (),
    **more: Any,
) -> Change:
    return Change(tenant, profiles, events, identifiers, **more)


def points(key: str, profile_id: str = "p_1", *, version: int = 1) -> IdentifierWrite:
    """An identifier that leads to a profile, in its ``version``-th writing."""
    return IdentifierWrite(key, IdentifierRow(profile_id, version))


def first_save(tenant: str) -> Change:
    """The person p_1, known by two identifiers, with one event."""
    return change(
        tenant,
        (profile(tenant), 0),
        events=(event(tenant, changes=b"what it published"),),
        identifiers=(points("user_id:aa"), points("phone:bb")),
    )


def quarantined(tenant: str, name: str = "q1", *, code: str = "future_event", at: int = AT) -> QuarantineRow:
    return QuarantineRow(tenant, name, code, "time", at, b"sealed original", EXPIRES)


def decision(tenant: str, name: str = "d1", *, profile_id: str = "p_1", content: bytes = b"{}") -> DecisionRow:
    return DecisionRow(tenant, name, profile_id, AT, content, EXPIRES, "bot-1")
