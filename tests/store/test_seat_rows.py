"""Seats as they are read to move conversations: remembered by their bytes, so never old."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk.model import Conversation, Need, Seat
from chalicelib.store import seat_rows
from chalicelib.store.desk_items import conversation_item, seat_pk
from chalicelib.store.items import typed
from chalicelib.store.seat_rows import SeatRows, seat_of

T = "t_1"
MILLIS = st.integers(0, 2**45)
SEATS = st.builds(
    Seat,
    agent_id=st.sampled_from(["a", "a#b", "z.9"]),
    presence=st.sampled_from(["available", "away", "offline"]),
    lease_until=MILLIS,
    units=st.integers(1, 1_000),
    free=st.integers(-1_000, 1_000),
    held=st.integers(0, 9),
    idle_since=MILLIS,
    version=st.integers(0, 2**40),
    due_at=MILLIS,
    kept_for=MILLIS,
    kept_until=MILLIS,
)


class Table:
    """The seats of two tenants' tables as DynamoDB tells them, in the order asked; ``leaves`` keys unread once."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.leaves = 0
        self.asked: list[int] = []

    def put(self, tenant: str, seat: Seat) -> None:
        self.items[seat_pk(tenant, seat.agent_id)] = item_of(tenant, seat)

    def __call__(self, operation: str, body: dict[str, Any], reads: Any = None) -> dict[str, Any]:
        keys = msgspec.json.decode(msgspec.json.encode(body))["RequestItems"]["desk"]["Keys"]
        self.asked.append(len(keys))
        left, self.leaves = keys[: self.leaves], 0
        found = [self.items[key["pk"]["S"]] for key in keys[len(left) :] if key["pk"]["S"] in self.items]
        answer = {"Responses": {"desk": found}, "UnprocessedKeys": {"desk": {"Keys": left}} if left else {}}
        return (reads or msgspec.json).decode(msgspec.json.encode(answer))


def item_of(tenant: str, seat: Seat) -> dict[str, Any]:
    """As DynamoDB has it: what was never set is absent."""
    told = {name: value for name, value in msgspec.structs.asdict(seat).items() if name != "agent_id"}
    once = {name for name in ("due_at", "kept_for", "kept_until") if not told[name]}
    kept = {"v" if name == "version" else name: value for name, value in told.items() if name not in once}
    return typed({"pk": seat_pk(tenant, seat.agent_id), **kept})


@given(SEATS)
def test_seat_of__any_row__is_the_seat_that_was_written(seat: Seat) -> None:
    """Every attribute comes back as it was, and what is absent as never."""
    assert seat_of(msgspec.json.encode(item_of(T, seat))) == seat


@given(st.lists(SEATS, min_size=1, max_size=12), st.integers(1, 3))
def test_look__after_any_writes__is_what_stands_in_the_table(written: list[Seat], most: int) -> None:
    """Whatever was remembered before, and however little is: a look is never older than the table."""
    table = Table()
    rows = SeatRows(table, "desk")
    stands: dict[str, Seat] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seat_rows, "MOST_KNOWN", most)
        for seat in written:
            table.put(T, seat)
            stands[seat.agent_id] = seat
            assert rows.look(T, ["a", "a#b", "z.9", "nobody"]) == (stands, None)
            assert len(rows._known) <= most


def test_look__agent_of_the_same_id_elsewhere__is_somebody_else() -> None:
    """What is remembered of one tenant's seat says nothing of another's."""
    table = Table()
    rows = SeatRows(table, "desk")
    mine, theirs = Seat("a", "available", 9, 2, 2, 0, 0), Seat("a", "away", 9, 4, 1, 1, 0)
    table.put("t_1", mine)
    table.put("t_2", theirs)
    for _ in range(2):
        assert rows.look("t_1", ["a"])[0] == {"a": mine}
        assert rows.look("t_2", ["a"])[0] == {"a": theirs}


def test_look__conversation__is_read_with_the_seats_and_not_remembered() -> None:
    """It is somebody's, and changes with every move."""
    table = Table()
    rows = SeatRows(table, "desk")
    one = Conversation("k", "reserved", Need("q", "s", "chat", 5, profile_id="p_1"), "d_1", 1, agent_id="a")
    table.items[f"{T}#c#k"] = typed(conversation_item(T, one))
    table.put(T, seat := Seat("a", "available", 9, 2, 2, 0, 0))
    assert rows.look(T, ["a"], "k") == ({"a": seat}, one)
    assert list(rows.conversations(T, ["k", "gone"])) == [one]
    assert list(rows._known.values()) == [seat]


def test_look__keys_left_unread__are_asked_for_again() -> None:
    """A throttled table tells which keys it has not read."""
    table = Table()
    rows = SeatRows(table, "desk")
    for agent_id in ("a", "b", "c"):
        table.put(T, Seat(agent_id, "available", 9, 2, 2, 0, 0))
    table.leaves = 2
    assert rows.look(T, ["a", "b", "c"])[0].keys() == {"a", "b", "c"}
    assert table.asked == [3, 2]


def test_seat_of__attribute_missing__is_no_seat() -> None:
    """A row without its account is broken, and is not taken for a seat with nothing free."""
    item = item_of(T, Seat("a", "available", 9, 2, 2, 0, 0))
    del item["free"]
    with pytest.raises(msgspec.ValidationError):
        seat_of(msgspec.json.encode(item))
