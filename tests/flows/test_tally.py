"""Counting applied events in the container: once each, written now and then, never at an event's expense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from chalicelib.flows import tally as tallying
from chalicelib.flows.tally import FLUSH_SECONDS, Flushed, Tally
from chalicelib.kernel.errors import ServiceRefused, Unavailable, ZhiyinError
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.quality.counters import ARRIVALS, FEEDS, Count
from chalicelib.store.tallies import COUNTS_AT_ONCE, MemoryTallies
from tests.flows.world import NOW, TENANT_ID, World, paid

HOUR, DAY = NOW // HOUR_MS, NOW // DAY_MS


class Fallible(MemoryTallies):
    """Raises what it is told to, by family."""

    def __init__(self) -> None:
        super().__init__()
        self.raises: dict[str, ZhiyinError] = {}
        self.calls = 0

    def add(self, tenant: str, family: str, bucket: int, counts: Mapping[str, int], expires_at: int) -> None:
        self.calls += 1
        if family in self.raises:
            raise self.raises[family]
        super().add(tenant, family, bucket, counts, expires_at)


class Clock:
    """Seconds as the test says."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def tallied(world: World) -> tuple[Fallible, Clock]:
    """Let the world count."""
    store, clock = Fallible(), Clock()
    services = replace(world.ingestion(), tally=Tally(store, clock))
    world.ingestion = lambda profiles=None: services  # type: ignore[method-assign]
    return store, clock


def count(name: str, amount: int = 1, family: str = "f") -> Count:
    return Count(family, 1, name, amount, NOW)


def test_events__applied__count_once_and_duplicates_not_at_all() -> None:
    """What was found to be saved before adds nothing, and what was refused does not either."""
    world = World()
    store, clock = tallied(world)
    orders = [paid(f"o{number}", "1.00") for number in range(3)]
    world.apply(*orders)
    clock.seconds += 60
    assert world.apply(*orders, paid("o9", "no number")).duplicate == 3
    assert store.kept[TENANT_ID, ARRIVALS, HOUR] == {"s_web": 3}
    assert store.kept[TENANT_ID, FEEDS + "s_web", DAY]["orders_paid"] == 3


def test_batches__close_together__are_written_in_one_go() -> None:
    """The first is written at once; those of the next ten seconds wait for the batch after them."""
    world = World()
    store, clock = tallied(world)
    world.apply(paid("o1", "1.00"))
    calls = store.calls
    for number in (2, 3):
        clock.seconds += FLUSH_SECONDS / 3
        world.apply(paid(f"o{number}", "1.00"))
    assert (store.calls, store.kept[TENANT_ID, ARRIVALS, HOUR]) == (calls, {"s_web": 1})
    clock.seconds += FLUSH_SECONDS
    world.apply(paid("o4", "1.00"))
    assert (store.calls, store.kept[TENANT_ID, ARRIVALS, HOUR]) == (2 * calls, {"s_web": 4})


def test_writing__fails__is_tried_again_and_fails_no_event() -> None:
    """The counts stay in the container; the events are applied and reported so."""
    world = World()
    store, clock = tallied(world)
    store.raises[ARRIVALS] = Unavailable("throttled", "Later.")
    world.accept(paid("o1", "1.00"))
    report, left = world.deliver(world.queue[:])
    world.queue.clear()
    assert (report.applied, report.failed, left) == (1, {}, [])
    assert report.counters_waiting > 1 and store.calls == 1
    store.raises.clear()
    clock.seconds += FLUSH_SECONDS
    world.apply(paid("o2", "1.00"))
    assert store.kept[TENANT_ID, ARRIVALS, HOUR] == {"s_web": 2}


def test_writing__refused_for_one_family__does_not_keep_the_others() -> None:
    """An item that has grown too large blocks nothing: it is told of, and what it had is not kept for ever."""
    store, clock = Fallible(), Clock()
    store.raises["f"] = ServiceRefused("ValidationException", "Too large.")
    tally = Tally(store, clock)
    tally.add("t", [count("a"), count("b", family="g")])
    assert tally.flush() == Flushed(left_out=1)
    assert store.kept == {("t", "g", 1): {"b": 1}}
    clock.seconds += FLUSH_SECONDS
    assert tally.flush() == Flushed()


def test_memory__of_a_container_that_cannot_write__is_bounded(monkeypatch) -> None:
    """Beyond the bound new names are left out and told of; known ones go on counting."""
    monkeypatch.setattr(tallying, "MOST_COUNTERS", 3)
    store, clock = Fallible(), Clock()
    store.raises["f"] = Unavailable("throttled", "Later.")
    tally = Tally(store, clock)
    for _ in range(2):
        tally.add("t", [count(name) for name in "abcde"])
    assert tally.flush() == Flushed(waiting=3, left_out=4)
    store.raises.clear()
    clock.seconds += FLUSH_SECONDS
    assert tally.flush() == Flushed()
    assert store.kept == {("t", "f", 1): {"a": 2, "b": 2, "c": 2}}
    tally.add("t", [count("d")])
    clock.seconds += FLUSH_SECONDS
    tally.flush()
    assert store.kept["t", "f", 1]["d"] == 1


def test_events__of_restricted_people__are_counted_as_arrivals_and_not_by_what_they_hold() -> None:
    """That a source sends is known without looking into the events of who asked that their profile rest."""
    world = World()
    store, clock = tallied(world)
    world.apply(paid("o1", "1.00"))
    (key,) = world.profiles.rows
    world.profiles.rows[key] = replace(world.profiles.rows[key], state="restricted")
    clock.seconds += 60
    world.apply(paid("o2", "999.00"), paid("o3", "1.00", ("user_id", "u2")))
    clock.seconds += 60
    world.ingestion().tally.flush()  # type: ignore[union-attr]
    assert store.kept[TENANT_ID, ARRIVALS, HOUR] == {"s_web": 3}
    assert store.kept[TENANT_ID, FEEDS + "s_web", DAY]["orders_paid"] == 2


def test_writing__throttled_half_way__does_not_add_the_first_half_again() -> None:
    """A bucket with many names takes several updates; those that were done are done."""
    store, clock = Fallible(), Clock()
    tally = Tally(store, clock)
    tally.add("t", [count(f"n{number}") for number in range(COUNTS_AT_ONCE + 50)])
    add = store.add

    def once(*asked: Any) -> None:
        if store.calls:
            raise Unavailable("throttled", "Later.")
        add(*asked)

    store.add = once  # type: ignore[method-assign]
    assert tally.flush() == Flushed(waiting=50)
    store.add = add  # type: ignore[method-assign]
    clock.seconds += FLUSH_SECONDS
    assert tally.flush() == Flushed()
    assert store.kept["t", "f", 1] == {f"n{number}": 1 for number in range(COUNTS_AT_ONCE + 50)}
