"""P1–P3: any order, any duplication, any batching, any interleaving of writers — the same profiles, byte for byte.

Each proof has a mutant beside it that must fail: without the marker, without the version, or where the
latest arrival wins.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event, Identifier
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.profiles import fold as folding
from chalicelib.store.memory import MemoryHistory, MemoryProfiles
from chalicelib.store.rows import Change, Outcome
from tests.flows.world import NOW, TENANT_ID, World, paid

PEOPLE: Sequence[Sequence[tuple[str, str]]] = [
    (
        ("user_id", f"u{person}"),
        ("phone", f"+861390755123{person}"),
        ("phone", f"+861390755124{person}"),
        ("email", f"reader{person}@shop.test"),
        ("anonymous_id", f"browser-{person}"),
    )
    for person in range(3)
]
"""No two accounts share an identifier: a protection keeps the first link it sees, which is an order by design."""
KINDS = ("order.paid", "order.shipped", "order.refunded", "message.received", "complaint.filed", "profile.described")
WORDS = ("consent.granted", "consent.withdrawn")
DAYS = (0, 1, 2, 40, 89, 91, 130, 400, 729, 731)


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from((*KINDS, *WORDS)))
    trusted = draw(st.booleans())
    who = draw(st.lists(st.sampled_from(draw(st.sampled_from(PEOPLE))), min_size=1, max_size=3, unique=True))
    described = {
        "traits": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "city": st.sampled_from(["上海", "北京"]),
                    "name": st.sampled_from(["张三", "李四"]),
                    "is_vip": st.booleans(),
                    "birth_date": st.just("1995-02-03"),
                },
            )
        )
    }
    of_order = {"order_id": draw(st.sampled_from(["o1", "o2"])), "amount": draw(st.sampled_from(["1.00", "250.5"]))}
    agreed = {"purpose": draw(st.sampled_from(["marketing", "profiling", "raffles"])), "version": "v1"}
    return Event(
        id=draw(st.uuids()).hex,
        type=kind,
        # Equal instants are the hard ones: whole days make them common.
        time=NOW - HOUR_MS - draw(st.sampled_from(DAYS)) * DAY_MS + draw(st.integers(0, 1)),
        received_at=NOW,
        tenant=TENANT_ID,
        source="s_crm" if trusted else "s_web",
        channel=draw(st.sampled_from(["web", "phone"])),
        identifiers=tuple(Identifier(*one) for one in who),
        data={"profile": described, "order": of_order, "consent": agreed}.get(kind.partition(".")[0], {"text": "退款"}),
    )


def deliver(world: World, events: Sequence[Event], *, per_message: int, per_batch: int) -> tuple[int, int, int]:
    """All events, in this order and these portions; returns applied, duplicate, quarantined."""
    for start in range(0, len(events), per_message):
        portion = events[start : start + per_message]
        for source in (world.web, world.crm):
            world.accept(*[one for one in portion if one.source == source.source_id], source=source)
    report = world.ingest(at_once=per_batch)
    assert report.failed == {}
    return report.applied, report.duplicate, report.quarantined


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sent=st.lists(events(), min_size=1, max_size=12, unique_by=lambda one: one.id),
    shuffled=st.randoms(use_true_random=False),
    per_message=st.integers(1, 5),
    per_batch=st.integers(1, 4),
    repeats=st.integers(0, 6),
)
def test_ingest__any_order_duplication_and_batching__bodies_are_byte_equal(
    sent: list[Event], shuffled: random.Random, per_message: int, per_batch: int, repeats: int
) -> None:
    """Profiles are a function of the set of accepted events; merges by links among them included."""
    straight = World()
    applied, duplicate, refused = deliver(straight, sent, per_message=50, per_batch=10)
    assert (applied + refused, duplicate) == (len(sent), 0)

    other = World(secrets=straight.secrets)
    mixed = [*sent, *shuffled.choices(sent, k=repeats)]
    shuffled.shuffle(mixed)
    again_applied, again_duplicate, again_refused = deliver(other, mixed, per_message=per_message, per_batch=per_batch)
    assert again_applied == applied
    assert again_applied + again_duplicate + again_refused == len(mixed)
    assert other.bodies() == straight.bodies()
    assert other.history.markers.keys() == straight.history.markers.keys()
    assert other.codes().keys() == straight.codes().keys()


# -- the mutants: what the proof above must catch


class WithoutMarkers(MemoryProfiles):
    """Forgets which events it has counted."""

    def save(self, change: Change) -> Outcome:
        self._history.markers.clear()
        return super().save(change)


class WithoutVersions(MemoryProfiles):
    """Writes over whatever is there."""

    def save(self, change: Change) -> Outcome:
        profiles = tuple((row, self._version(row.tenant, row.profile_id)) for row, _ in change.profiles)
        identifiers = tuple(
            replace(one, row=replace(one.row, version=1 + self._turn(change.tenant, one.key)))
            for one in change.identifiers
        )
        return super().save(replace(change, profiles=profiles, identifiers=identifiers, checks=(), unmoved=()))


def world_with(store: Callable[[MemoryHistory], MemoryProfiles]) -> World:
    world = World()
    world.profiles = store(world.history)
    return world


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutMarkers])
def test_marker__event_delivered_twice__counts_once_only_with_it(store: Callable[..., MemoryProfiles]) -> None:
    """Negative control: without the marker the same order is paid twice."""
    world = world_with(store)
    one = paid("o1", "10.00")
    world.apply(one)
    world.apply(one)
    counted = world.person("user_id", "u1").series["orders_paid"].count
    assert counted == (1 if store is MemoryProfiles else 2)


@pytest.mark.parametrize("mutant", [False, True])
def test_registers__older_value_arrives_last__wins_only_where_arrival_counts(
    mutant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: if the last arrival won, two orders of arrival would give two profiles."""
    from tests.flows.world import described

    if mutant:
        monkeypatch.setattr(folding, "later_trait", lambda _left, right: right)
    bodies = []
    older = described(("user_id", "u1"), city="北京", at=NOW - 2 * DAY_MS)
    newer = described(("user_id", "u1"), city="上海", at=NOW - DAY_MS)
    for order in ([older, newer], [newer, older]):
        world = World()
        for one in order:
            world.apply(one)
        bodies.append(world.bodies())
    assert (bodies[0] == bodies[1]) is not mutant


class Interrupted:
    """A store where, before this writer's save, another writer is quicker: ``meanwhile`` is asked each time."""

    def __init__(self, store: MemoryProfiles, meanwhile: Callable[[int], None]) -> None:
        self._store, self._meanwhile = store, meanwhile
        self.saves = 0
        self.find, self.load = store.find, store.load

    def save(self, change: Change) -> Outcome:
        self.saves += 1
        self._meanwhile(self.saves)
        return self._store.save(change)


def interrupted(world: World, events: Sequence[Event], other: Callable[[int], Sequence[Event]]) -> World:
    """Ingest ``events`` while another writer ingests ``other(n)`` just before the n-th save."""

    def meanwhile(number: int) -> None:
        beside = World(secrets=world.secrets)
        beside.history, beside.profiles = world.history, world.profiles
        beside.apply(*other(number))

    world.accept(*events)
    store = Interrupted(world.profiles, meanwhile)
    while world.queue:
        world.ingest(world.ingestion(store))
    return world


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutVersions])
def test_two_writers__one_is_quicker_each_time__loses_only_without_versions(
    store: Callable[..., MemoryProfiles],
) -> None:
    """Negative control: without the version condition the slower writer overwrites the quicker one."""
    mine = [paid("o1", "1.00"), paid("o2", "1.00")]
    theirs = [[paid("o3", "1.00")], [paid("o4", "1.00")]]
    world = interrupted(world_with(store), mine, lambda number: theirs[number - 1] if number < 3 else [])
    person = world.person("user_id", "u1")
    counted = person.series["orders_paid"].count
    if store is MemoryProfiles:
        assert counted == len(world.history.markers) == 4
        twin = World(secrets=world.secrets)
        twin.apply(*mine, theirs[0][0], theirs[1][0])
        assert world.bodies() == twin.bodies()
    else:
        assert counted < len(world.history.markers)


def test_two_writers__race_to_create_one_person__make_one() -> None:
    """The profile id follows from the anchor, so both mean the same person."""
    world = interrupted(World(), [paid("o1", "1.00")], lambda number: [paid("o2", "1.00")] if number == 1 else [])
    assert len(world.profiles.rows) == 1
    assert world.person("user_id", "u1").series["orders_paid"].count == 2


def test_two_writers__one_merges_what_the_other_writes_to__nothing_is_lost() -> None:
    """While this writer adds to the phone's profile, the other merges that profile away."""
    world = World()
    world.apply(paid("o1", "1.00", ("phone", "+8613907551234")))
    world.apply(paid("o2", "1.00", ("user_id", "u1")))
    link = paid("o3", "1.00", ("user_id", "u1"), ("phone", "+8613907551234"))
    late = paid("o4", "1.00", ("phone", "+8613907551234"))
    interrupted(world, [late], lambda number: [link] if number == 1 else [])
    assert len(world.bodies()) == 1
    person = world.person("phone", "13907551234")
    assert person.series["orders_paid"].count == 4
    assert person == world.person("user_id", "u1")


def test_two_writers__always_beaten__message_waits_and_is_applied_later() -> None:
    """Rounds are bounded: the queue waits, and nothing is lost."""
    world = World()
    beside = World(secrets=world.secrets)
    beside.history, beside.profiles = world.history, world.profiles
    world.accept(paid("mine", "1.00"))
    beaten = Interrupted(world.profiles, lambda number: _apply(beside, paid(f"o{number}", "1.00")))
    report = world.ingest(world.ingestion(beaten))
    assert (report.applied, list(report.failed.values()), len(world.queue)) == (0, ["contended"], 1)
    assert world.ingest().applied == 1
    assert world.person("user_id", "u1").series["orders_paid"].count == 1 + beaten.saves


def _apply(world: World, one: Event) -> None:
    assert world.apply(one).applied == 1


def test_threads__write_to_one_person__all_of_it_is_there() -> None:
    """Four writers, one person, every event delivered to two of them: each counts once."""
    world = World()
    orders = [paid(f"o{number}", "1.00", id=f"thread-{number}") for number in range(24)]
    workers = []
    for number in range(4):
        beside = World(secrets=world.secrets)
        beside.history, beside.profiles = world.history, world.profiles
        for one in orders[number * 6 :] + orders[: number * 6]:
            if (orders.index(one) + number) % 2 == 0:
                beside.accept(one)
        workers.append(beside)

    def work(worker: World) -> None:
        while worker.queue:
            worker.ingest(at_once=2)

    threads = [Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert world.person("user_id", "u1").series["orders_paid"].count == 24
    assert len(world.history.markers) == 24
    straight = World(secrets=world.secrets)
    straight.apply(*orders)
    assert world.bodies() == straight.bodies()
