"""What a store of tallies promises, whichever it is."""

from __future__ import annotations

from threading import Thread

import pytest

from chalicelib.flows.tally import Flushed, Tally
from chalicelib.profiles.measures import deltas, load_measures
from chalicelib.quality.counters import counts_of
from chalicelib.store.tallies import COUNTS_AT_ONCE, DynamoTallies, MemoryTallies, TallyStore
from tests.bench.world import KINDS
from tests.flows.world import event
from tests.store import rows
from tests.store.backends import Stores
from tests.store.meter import Meter


@pytest.fixture
def tallies(stores: Stores) -> TallyStore:
    return DynamoTallies(stores.api.call, stores.tables["TABLE_HISTORY"]) if stores.api else MemoryTallies()


def test_tally__added_to__is_the_sum(tallies: TallyStore, tenant: str) -> None:
    """Counts add up by name; names of any script and form are told apart."""
    tallies.add(tenant, "events", 7, {"s_web": 2, "退款": 1, "pk": 3, "a.b|c#0": 1}, rows.EXPIRES)
    tallies.add(tenant, "events", 7, {"s_web": 5, "expires_at": 1}, rows.EXPIRES)
    assert tallies.read(tenant, "events", 7, 7) == {7: {"s_web": 7, "退款": 1, "pk": 3, "a.b|c#0": 1, "expires_at": 1}}


def test_tally__read__has_the_buckets_of_its_family_and_tenant(tallies: TallyStore, tenant: str) -> None:
    """Both ends belong to it; what is empty is not there, nor what is another family's or tenant's."""
    for bucket in (9, 10, 12, 13):
        tallies.add(tenant, "events", bucket, {"s": bucket}, rows.EXPIRES)
    tallies.add(tenant, "events#x", 11, {"s": 1}, rows.EXPIRES)
    tallies.add(f"{tenant}x", "events", 11, {"s": 1}, rows.EXPIRES)
    tallies.add(tenant, "events", 11, {}, rows.EXPIRES)
    assert tallies.read(tenant, "events", 10, 12) == {10: {"s": 10}, 12: {"s": 12}}
    assert tallies.read(tenant, "events", 14, 13) == {}
    assert tallies.read(tenant, "events", 12, 900) == {12: {"s": 12}, 13: {"s": 13}}


def test_tally__very_many_names__all_are_counted(tallies: TallyStore, tenant: str) -> None:
    """More names than one update may have take several."""
    many = {f"name-{number}": number + 1 for number in range(2 * COUNTS_AT_ONCE + 3)}
    tallies.add(tenant, "words", 1, many, rows.EXPIRES)
    assert tallies.read(tenant, "words", 1, 1) == {1: many}


def test_tally__of_writers_at_once__loses_nothing(on_local: Stores, tenant: str) -> None:
    """Containers add to one bucket at the same time: the update adds, it does not replace."""
    assert on_local.api is not None
    kept = DynamoTallies(on_local.api.call, on_local.tables["TABLE_HISTORY"])

    def work() -> None:
        for _ in range(20):
            kept.add(tenant, "events", 1, {"s": 1}, rows.EXPIRES)

    workers = [Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert kept.read(tenant, "events", 1, 1) == {1: {"s": 80}}


def test_tally__written__expires_and_is_in_no_index(dynamodb: Stores, tenant: str) -> None:
    """DynamoDB deletes it by itself, and no list of people's events ever holds it."""
    assert dynamodb.api is not None
    table = dynamodb.tables["TABLE_HISTORY"]
    DynamoTallies(dynamodb.api.call, table).add(tenant, "events", 1, {"s": 1}, rows.EXPIRES)
    item = dynamodb.call("GetItem", TableName=table, Key={"pk": {"S": f"{tenant}#t#events#1"}})["Item"]
    assert item["expires_at"] == {"N": str(rows.EXPIRES // 1000)}
    assert item.keys() == {"pk", "expires_at", "n.s"}


def test_tally__of_a_busy_container__costs_a_twentieth_of_a_unit_an_event(on_local: Stores, tenant: str) -> None:
    """A thousand events of one source between two writings: four updates, however many events there were."""
    assert on_local.api is not None
    meter = Meter(on_local.api.call)
    tally = Tally(DynamoTallies(meter, on_local.tables["TABLE_HISTORY"]), lambda: 0.0)
    for number in range(1_000):
        kind, channel, data = KINDS[number % len(KINDS)]
        told = {name: one.format(n=number) if isinstance(one, str) else one for name, one in data.items()}
        one = event(kind, channel=channel, **told)
        tally.add(tenant, counts_of(one, deltas(load_measures(), one, 12), ()))
    assert tally.flush() == Flushed()
    assert meter.units <= 50
