"""What a store of outcomes promises, whichever it is."""

from __future__ import annotations

from threading import Thread

import pytest
from msgspec.structs import replace

from chalicelib.desk.model import Track
from chalicelib.kernel.errors import Unavailable
from chalicelib.store.desk import DeskStore
from chalicelib.store.dynamo_desk import DynamoDesk
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.memory_desk import MemoryDesk
from chalicelib.store.rows import HistoryStore
from chalicelib.store.tracks import DynamoTracks, MemoryTracks, OutcomeStore
from tests.store import rows
from tests.store.backends import Stores

ONE = Track(1, 1, 1, 5.0)


def outcomes_on(stores: Stores) -> OutcomeStore:
    if stores.api is None:
        assert isinstance(stores.history, MemoryHistory)
        return MemoryTracks(stores.history)
    return DynamoTracks(stores.api.call, stores.tables["TABLE_DESK"], stores.tables["TABLE_HISTORY"])


def test_settle__decision_as_it_was_read__has_its_outcome_and_moves_the_records(stores: Stores, tenant: str) -> None:
    """Outcome and records are written together; nothing else of the decision changes."""
    kept = outcomes_on(stores)
    stores.history.record(rows.decision(tenant))
    first = read(stores.history, tenant)
    assert kept.settle(first, b"came of it", {("ann", "退款"): ONE, ("ann", ""): ONE})
    then = read(stores.history, tenant)
    assert (then.outcome, then.version, then.content, then.principal) == (b"came of it", 1, b"{}", "bot-1")
    assert kept.settle(then, b"more", {("ann", ""): Track(0, -1, 0, 0), ("bo", "x~y"): ONE})
    assert kept.tracks(tenant, ["ann", "bo", "cy"]) == {
        "ann": {"退款": ONE, "": Track(1, 0, 1, 5.0)},
        "bo": {"x~y": ONE},
    }
    assert kept.tracks(f"{tenant}x", ["ann"]) == {}
    assert kept.tracks(tenant, []) == {}


def test_settle__decision_that_is_another_by_now__writes_nothing(stores: Stores, tenant: str) -> None:
    """Of two who read the same, one counts; of a decision that was erased, nothing is made again."""
    kept = outcomes_on(stores)
    stores.history.record(rows.decision(tenant))
    first = read(stores.history, tenant)
    assert kept.settle(first, b"one", {("ann", ""): ONE})
    assert not kept.settle(first, b"two", {("ann", ""): ONE})
    stores.history.forget_decisions(tenant, "p_1")
    assert not kept.settle(read_of(first), b"three", {("ann", ""): ONE})
    assert stores.history.decision(tenant, "d1") is None
    assert kept.tracks(tenant, ["ann"]) == {"ann": {"": ONE}}


def test_settle__many_at_once_for_one_agent__counts_each_once(on_local: Stores, tenant: str) -> None:
    """Outcomes of different decisions add to one record; of one decision, one of the racers counts."""
    kept = outcomes_on(on_local)
    for number in range(12):
        on_local.history.record(rows.decision(tenant, f"d{number}"))

    def work(number: int) -> None:
        row = rows.decision(tenant, f"d{number}")
        for _ in range(200):
            try:
                kept.settle(row, b"o", {("ann", ""): ONE})
            except Unavailable:
                continue
            return

    workers = [Thread(target=work, args=(number % 12,)) for number in range(24)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert kept.tracks(tenant, ["ann"]) == {"ann": {"": Track(12, 12, 12, 60.0)}}


def test_tracks__of_more_agents_than_one_call_reads__are_all_there(stores: Stores, tenant: str) -> None:
    """A desk of 130 takes two calls."""
    kept = outcomes_on(stores)
    row = rows.decision(tenant)
    stores.history.record(row)
    names = [f"agent-{number}" for number in range(130)]
    for version, name in enumerate(names[:3] + names[-2:]):
        assert kept.settle(rows_at(row, version), b"o", {(name, ""): ONE})
    assert sorted(kept.tracks(tenant, names)) == sorted(names[:3] + names[-2:])


def read(history: HistoryStore, tenant: str) -> rows.DecisionRow:
    row = history.decision(tenant, "d1")
    assert row is not None
    return row


def read_of(row: rows.DecisionRow) -> rows.DecisionRow:
    return rows_at(row, 1)


def rows_at(row: rows.DecisionRow, version: int) -> rows.DecisionRow:
    return replace(row, version=version)


@pytest.mark.parametrize("inputs", [b"", b"\x00abc"])
def test_decision__with_inputs__is_read_with_them(stores: Stores, tenant: str, inputs: bytes) -> None:
    """What a decision was made from is kept with it, and one of before has none."""
    row = replace(rows.decision(tenant), inputs=inputs)
    assert stores.history.record(row)
    assert stores.history.decision(tenant, "d1") == row
    assert list(stores.history.decisions_about(tenant, "p_1", before=rows.AT + 1, limit=1)) == [row]


def test_desk__asked_for_records__reads_what_outcomes_made(stores: Stores, tenant: str) -> None:
    """Who chooses an agent sees the very records that outcomes move."""
    stores.history.record(rows.decision(tenant))
    desk: DeskStore
    if stores.api is None:
        assert isinstance(stores.history, MemoryHistory)
        memory = MemoryDesk(stores.history)
        desk, kept = memory, MemoryTracks(stores.history, memory.records)
    else:
        desk = DynamoDesk(stores.api.call, stores.tables["TABLE_DESK"], stores.tables["TABLE_HISTORY"])
        kept = outcomes_on(stores)  # type: ignore[assignment]  # one of the two
    assert kept.settle(read(stores.history, tenant), b"o", {("ann", "refund"): ONE, ("ann", ""): ONE})
    assert desk.tracks(tenant, ["ann", "bo"]) == {"ann": {"refund": ONE, "": ONE}}
