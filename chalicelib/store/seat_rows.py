"""Seats and conversations as they are read to move them: many at once, and most as they were a moment ago.

A route that reserves looks at every seat of a queue. Of a row that is byte for byte one that was read before nothing is
decoded: equal bytes are an equal seat. So what is remembered is never old, whoever wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypedDict, cast

import msgspec

from chalicelib.desk.model import Conversation, Presence, Seat
from chalicelib.kernel.codec import decode
from chalicelib.store.desk_items import ONLY, conversation_pk, seat_pk
from chalicelib.store.dynamo import read_keys

MOST_KNOWN = 5_000
"""Seats that are remembered, about 0.5 KB each. When there are more, all are forgotten."""
_LOOKED_AT = (
    *("pk", "presence", "lease_until", "units", "free", "held", "idle_since", "v", "due_at", "kept_for", "kept_until"),
    "content",
)
"""What of seats and conversations is read to move them. What a seat holds, which is most of it, is not."""
_PLACES = {f"#a{place}": name for place, name in enumerate(_LOOKED_AT)}
_PROJECTION = {"ProjectionExpression": ", ".join(_PLACES), "ExpressionAttributeNames": _PLACES}


class _Text(msgspec.Struct, frozen=True, gc=False):
    S: str


class _Number(msgspec.Struct, frozen=True, gc=False):
    N: int


class _Bytes(msgspec.Struct, frozen=True, gc=False):
    B: bytes


_NEVER = _Number(0)


class _SeatRow(msgspec.Struct, frozen=True):
    pk: _Text
    presence: _Text
    lease_until: _Number
    units: _Number
    free: _Number
    held: _Number
    idle_since: _Number
    v: _Number
    due_at: _Number = _NEVER
    kept_for: _Number = _NEVER
    kept_until: _Number = _NEVER


class _Row(msgspec.Struct, frozen=True):
    """Either of the two, as far as it must be read to tell which. A seat has no content."""

    pk: _Text
    content: _Bytes = _Bytes(b"")


class _Answer(TypedDict, total=False):
    """An answer of ``BatchGetItem``, its items left as they came."""

    Responses: dict[str, list[msgspec.Raw]]
    UnprocessedKeys: dict[str, Any]


_ANSWER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Answer)
_ROW = msgspec.json.Decoder(_Row)
# DynamoDB writes numbers as texts.
_SEAT_ROW = msgspec.json.Decoder(_SeatRow, strict=False)


class CallAs(Protocol):
    """A ``Call`` that may leave parts of an answer undecoded."""

    def __call__(
        self, operation: str, body: dict[str, Any], reads: msgspec.json.Decoder[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """The answer of one operation, as ``reads`` makes it of the JSON."""
        ...


class SeatRows:
    """Reads seats and conversations of one table. May be shared between threads."""

    def __init__(self, call: CallAs, table: str) -> None:
        self._call = call
        self._table = table
        self._known: dict[bytes, Seat] = {}

    def look(
        self, tenant: str, agent_ids: Collection[str], key: str = ""
    ) -> tuple[dict[str, Seat], Conversation | None]:
        """Seats by agent, and the conversation of a key, as they are now."""
        asked, keys = conversation_pk(tenant, key), _seat_keys(tenant, tuple(agent_ids))
        known, found = self._known, None
        seats: dict[str, Seat] = {}
        for row in self._rows([_key(asked), *keys] if key else keys):
            seat = known.get(row)
            if seat is None:
                read = _ROW.decode(row)
                if asked == read.pk.S:
                    found = decode(read.content.B, Conversation)
                    continue
                seat = self._learnt(row)
            seats[seat.agent_id] = seat
        return seats, found

    def conversations(self, tenant: str, keys: Collection[str]) -> Iterator[Conversation]:
        """The conversations of these keys that there are, in any order."""
        for row in self._rows([_key(conversation_pk(tenant, key)) for key in keys]):
            yield decode(_ROW.decode(row).content.B, Conversation)

    def _learnt(self, row: bytes) -> Seat:
        seat = seat_of(row)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[row] = seat
        return seat

    def _rows(self, keys: Sequence[msgspec.Raw]) -> Iterator[bytes]:
        came = read_keys(self._as_they_come, self._table, cast(Any, keys), fresh=True, only=_PROJECTION)
        return map(bytes, cast(Iterator[msgspec.Raw], came))

    def _as_they_come(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call(operation, body, _ANSWER)


def seat_of(row: bytes) -> Seat:
    """A seat of its item as JSON."""
    read = _SEAT_ROW.decode(row)
    return Seat(
        agent_id=read.pk.S.split("#", 2)[2],
        presence=cast(Presence, read.presence.S),
        lease_until=read.lease_until.N,
        units=read.units.N,
        free=read.free.N,
        held=read.held.N,
        idle_since=read.idle_since.N,
        version=read.v.N,
        due_at=read.due_at.N,
        kept_for=read.kept_for.N,
        kept_until=read.kept_until.N,
    )


@lru_cache(maxsize=16)
def _seat_keys(tenant: str, agent_ids: tuple[str, ...]) -> tuple[msgspec.Raw, ...]:
    """Coded once for the agents of a skill, who change by the day."""
    return tuple(_key(seat_pk(tenant, one)) for one in agent_ids)


def _key(pk: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"pk": {"S": pk}, "sk": {"S": ONLY}}))
