"""Rotation of the index key: whoever was known is found, nobody is found for somebody else, and the old key can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event, Identifier
from chalicelib.flows.find_person import by_identifiers
from chalicelib.identity.blind_index import version_of
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS
from chalicelib.profiles.model import Profile
from chalicelib.store.rows import Change, EventRow, Outcome
from tests.flows.rotating import (
    BOTH,
    NEW,
    ONE,
    TOLD,
    check_gone,
    index_keys,
    ingestion_with,
    sweep,
    with_branches,
    with_index,
)
from tests.flows.test_erasure import erase as erase_profile
from tests.flows.world import NOW, TENANT_ID, KeySet, World, event, paid

ANN, BEN = ("user_id", "ann"), ("user_id", "ben")
PHONE, OTHER = ("phone", "+8613900139001"), ("phone", "+8613900139002")


def found(world: World, who: tuple[str, str], keys: KeySet | None = None) -> Profile | None:
    reading = replace(world.reading(), index=(keys or world.keys).index)
    return by_identifiers(world.tenant(TENANT_ID), [Identifier(*who)], reading)


def orders(world: World, who: tuple[str, str], keys: KeySet | None = None) -> int:
    """How many orders the person has whom this identifier leads to; -1: it leads to nobody."""
    person = found(world, who, keys)
    return -1 if person is None else person.series["orders_paid"].count if "orders_paid" in person.series else 0


def erase(world: World, who: tuple[str, str]) -> None:
    person = found(world, who)
    assert person is not None
    erase_profile(world, person.profile_id, f"x-{who[1]}")


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(paid("o1", "1.00", ANN, PHONE), paid("o2", "1.00", BEN))
    return world


@pytest.mark.parametrize("stage", [TOLD, BOTH])
def test_lookup__two_keys__finds_whom_the_older_one_named(world: World, stage: int) -> None:
    """Both names are looked up while both keys are there, by readers and by ingestion."""
    before = {who: found(world, who) for who in (ANN, BEN, PHONE)}
    with_index(world, stage)
    assert {who: found(world, who) for who in before} == before
    world.apply(paid("o3", "1.00", PHONE), paid("o4", "1.00", BEN))
    assert (orders(world, ANN), orders(world, BEN)) == (2, 2)


def test_new_identifiers__after_the_newer_key_began__are_named_with_it(world: World) -> None:
    """Those that nobody knows; those that are known keep their name, their facet, and the id of their profile."""
    before = set(world.profiles.identifiers)
    with_index(world, BOTH)
    world.apply(paid("o3", "1.00", ANN, OTHER), paid("o4", "1.00", ("user_id", "new")))
    made = {key for _, key in world.profiles.identifiers} - {key for _, key in before}
    assert len(made) == 2
    assert {version_of(key) for key in made} == {2}
    assert orders(world, OTHER) == orders(world, ANN) == 2


def test_sweep__done__the_newer_key_alone_finds_everybody(world: World) -> None:
    """Aliases lead from the newer name to the one that is kept; profiles and history keep their bytes."""
    bodies, history = world.bodies(), dict(world.history.markers)
    ids = {who: found(world, who) for who in (ANN, BEN, PHONE)}
    with_index(world, BOTH)
    progress = sweep(world, "index")
    assert progress is not None
    assert (progress.moved, progress.stuck, bool(progress.finished_at)) == (3, 0, True)
    assert (world.bodies(), world.history.markers) == (bodies, history)
    check_gone(world, "index")
    with_index(world, NEW)
    assert {who: found(world, who) for who in ids} == ids
    world.apply(paid("o3", "1.00", ANN, OTHER), paid("o4", "1.00", PHONE))
    assert orders(world, ANN) == orders(world, OTHER) == 3


def test_sweep__of_both_keys__is_independent(world: World) -> None:
    """Originals that were sealed before the branch key was rotated tell of the identifiers too."""
    with_branches(world, 1, 2)
    sweep(world, "branch")
    check_gone(world, "branch")
    with_branches(world, 2)
    with_index(world, BOTH)
    progress = sweep(world, "index")
    assert progress is not None
    assert (progress.moved, progress.stuck) == (3, 0)


def test_reader_without_dual_lookup__finds_nobody(world: World) -> None:
    """Negative control: without the older key, before the sweep, nobody is found; ingestion would make them anew."""
    with_index(world, BOTH)
    alone = index_keys(NEW)
    assert orders(world, ANN, alone) == -1
    world.accept(paid("o3", "1.00", ANN))
    world.ingest(ingestion_with(world, alone))
    assert orders(world, ANN) == 1, "two people where there is one"


def test_remove__before_the_sweep__is_refused(world: World) -> None:
    """What an older key alone leads to is counted before it may go."""
    with_index(world, BOTH)
    with pytest.raises(Conflict, match="3 rows"):
        check_gone(world, "index")


def test_redelivery__after_the_old_key_is_gone__counts_nothing_twice(world: World) -> None:
    """Event keys are of the part that all versions share: a duplicate is one for ever."""
    again = [*world.sent]
    with_index(world, BOTH)
    sweep(world, "index")
    with_index(world, NEW)
    report, left = world.deliver(again)
    assert (report.applied, report.duplicate, left) == (0, 2, [])


def test_erased__before_the_rotation__hold_the_old_key_until_the_horizon(world: World) -> None:
    """Nobody can tell the names of the erased: until their last event would be too old, only the old key finds them."""
    late = paid("late", "1.00", ANN, days_ago=2)
    erase(world, ANN)
    with_index(world, BOTH)
    world.apply(late)
    assert orders(world, ANN) == -1
    assert "person_erased" in world.codes()
    progress = sweep(world, "index")
    assert progress is not None
    assert (progress.moved, progress.stuck) == (1, 0)
    with pytest.raises(Conflict, match="2 identifiers of erased people"):
        check_gone(world, "index")
    world.now += 731 * DAY_MS
    check_gone(world, "index")


def test_erased__after_their_alias_was_written__stay_erased_without_the_old_key(world: World) -> None:
    """An alias outlives the person and leads to the tombstone: it holds nothing of them."""
    late = paid("late", "1.00", ANN, PHONE, days_ago=2)
    with_index(world, BOTH)
    sweep(world, "index")
    erase(world, ANN)
    check_gone(world, "index")
    with_index(world, NEW)
    world.apply(late)
    assert orders(world, ANN) == orders(world, PHONE) == -1
    world.now += DAY_MS
    world.apply(event("order.paid", ANN, at=world.now - MINUTE_MS, order_id="again", amount="1.00"))
    assert orders(world, ANN) == 1, "a new registration is a new generation"


def test_identifier__whose_first_event_expired__is_told_by_a_later_one(world: World) -> None:
    """The event that a link names may be gone; any later one that carries the identifier will do."""
    world.apply(paid("o3", "1.00", ANN, PHONE, days_ago=0))
    first = min((row for row in world.history.markers.values() if row.at), key=lambda row: row.at)
    gone = [place for place, row in world.history.markers.items() if row.at == first.at]
    for place in gone:
        del world.history.markers[place]
    with_index(world, BOTH)
    progress = sweep(world, "index")
    assert progress is not None
    assert (progress.moved, progress.stuck) == (2, 1), "Ben's only event is gone, and Ann's two identifiers are told"
    with pytest.raises(Conflict, match="1 rows"):
        check_gone(world, "index")


def test_second_rotation__aliases_of_the_first__lead_on(world: World) -> None:
    """A name of two keys ago gets an alias under the third."""
    with_index(world, BOTH)
    sweep(world, "index")
    with_index(world, NEW)
    before = {who: found(world, who) for who in (ANN, BEN, PHONE)}
    tenant = world.tenants[TENANT_ID]
    world.tenants[TENANT_ID] = replace(tenant, later_index_keys={3: b"wrapped"}, index_starts={3: 0})
    world.keys.index_written, world.keys.index_versions = 3, (2, 3)
    progress = sweep(world, "index")
    assert progress is not None
    assert (progress.moved, progress.stuck) == (3, 0)
    check_gone(world, "index", 2)
    world.tenants[TENANT_ID] = replace(tenant, index_version=3)
    world.keys.index_versions = (3,)
    assert {who: found(world, who) for who in before} == before


def test_two_writers__one_with_each_key__make_one_person(world: World) -> None:
    """Where another gave an unknown identifier its other name meanwhile, the save is refused and decided anew."""
    with_index(world, BOTH)
    theirs = ingestion_with(world, index_keys(TOLD))
    event_of_them = world.accept(paid("o3", "1.00", OTHER, ("user_id", "cat")))
    world.queue.clear()
    raced: list[Outcome] = []

    class Overtaken:
        """Before the first save, another function that writes with the older key saves the same identifiers."""

        def __getattr__(self, name: str) -> object:
            return getattr(world.profiles, name)

        def save(self, change: Change) -> Outcome:
            if not raced:
                raced.append(Outcome(saved=False))
                assert world.deliver(event_of_them, theirs)[0].applied == 1
            outcome = world.profiles.save(change)
            raced.append(outcome)
            return outcome

    world.accept(paid("o4", "1.00", OTHER))
    ours = replace(ingestion_with(world, index_keys(BOTH)), profiles=Overtaken())
    assert world.ingest(ours).applied == 1
    assert [one.saved for one in raced] == [False, False, True]
    assert orders(world, OTHER) == orders(world, ("user_id", "cat")) == 2
    assert len([key for _, key in world.profiles.identifiers if key.startswith("phone:")]) == 2


def test_one_batch__messages_opened_with_different_keys__make_one_person() -> None:
    """A batch may hold messages of before and after the newer key began to be written with."""
    world = World()
    with_index(world, BOTH)
    world.accept(paid("o1", "1.00", ANN))
    world.accept(paid("o2", "1.00", ANN, PHONE))
    stages = iter([TOLD, BOTH])
    mixed = replace(world.ingestion(), keys=lambda tenant: index_keys(next(stages)).ingest(tenant))
    assert world.ingest(mixed).applied == 2
    assert orders(world, ANN) == orders(world, PHONE) == 2
    assert len(world.profiles.identifiers) == 2


def test_tenant_that_never_rotated__reads_what_it_always_did(world: World) -> None:
    """No name more is computed or looked up: route and ingestion cost what they cost."""
    asked: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(world.profiles, name)

        def find(self, tenant: str, keys: list[str], *, fresh: bool) -> Mapping[str, object]:
            asked.append(len(keys))
            return world.profiles.find(tenant, keys, fresh=fresh)

    by_identifiers(
        world.tenant(TENANT_ID),
        [Identifier(*ANN), Identifier(*PHONE)],
        replace(world.reading(), profiles=Counting()),
    )
    world.accept(paid("o3", "1.00", ANN, PHONE))
    world.ingest(replace(world.ingestion(), profiles=Counting()))
    assert asked == [2, 2]


USERS = tuple(("user_id", one) for one in ("ann", "ben", "cat"))
PHONES = tuple(("phone", f"+861390013911{one}") for one in range(3))
EVENTS = st.tuples(st.sampled_from(USERS), st.sampled_from((None, *PHONES)), st.integers(0, 1))


def told(place: int, user: tuple[str, str], phone: tuple[str, str] | None) -> Event:
    return paid(f"o{place}", "1.00", user, *([phone] if phone else []), id=f"e{place}", days_ago=9 - place % 9)


def partition(world: World, keys: KeySet) -> Iterator[tuple[frozenset[tuple[str, str]], int]]:
    """Who is one person with whom, and how many orders they have."""
    people: dict[str, set[tuple[str, str]]] = {}
    counts: dict[str, int] = {}
    for who in (*USERS, *PHONES):
        person = found(world, who, keys)
        if person is not None:
            people.setdefault(person.profile_id, set()).add(who)
            counts[person.profile_id] = orders(world, who, keys)
    return ((frozenset(one), counts[profile_id]) for profile_id, one in people.items())


def play(told_events: list[tuple[int, Event, int]], *, sweeps: bool = True, dual: bool = True) -> World:
    """Each stage's events in turn, by functions of which some are a stage behind; a sweep before the old key goes."""
    world = World()
    for stage in (ONE, TOLD, BOTH, NEW):
        if stage == NEW and sweeps:
            sweep(world, "index")
            check_gone(world, "index")
        with_index(world, stage)
        for of_stage, one, behind in told_events:
            if of_stage == stage:
                known = max(ONE, stage - behind)
                world.accept(one)
                world.ingest(ingestion_with(world, index_keys(known if dual or known != BOTH else NEW)))
    assert world.queue == []
    return world


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((ONE, TOLD, BOTH, NEW)), EVENTS), max_size=14))
def test_rotation__any_events_at_any_stage__come_to_the_people_of_no_rotation(
    drawn: list[tuple[int, tuple[tuple[str, str], tuple[str, str] | None, int]]],
) -> None:
    """No wrong match and no missed one: who is one person does not depend on whether keys were rotated meanwhile."""
    at = [(stage, told(place, user, phone), behind) for place, (stage, (user, phone, behind)) in enumerate(drawn)]
    straight = World()
    for stage in (ONE, TOLD, BOTH, NEW):
        for of_stage, one, _ in at:
            if of_stage == stage:
                straight.apply(one)
    rotated = play(at)
    assert set(partition(rotated, index_keys(NEW))) == set(partition(straight, KeySet()))
    assert all(isinstance(row, EventRow) for row in rotated.history.markers.values())


@pytest.mark.parametrize("mutant", [{"sweeps": False}, {"dual": False}], ids=["no sweep", "no dual look-up"])
def test_rotation__mutants__are_found(mutant: Mapping[str, bool]) -> None:
    """Negative control: without the sweep, or with functions that try one name only, people come apart."""
    at = [(stage, told(place, ANN, PHONES[0]), 0) for place, stage in enumerate((ONE, TOLD, BOTH, NEW))]
    assert set(partition(play(at), index_keys(NEW))) == {(frozenset({ANN, PHONES[0]}), 4)}
    with pytest.raises((AssertionError, Conflict)):
        assert set(partition(play(at, **mutant), index_keys(NEW))) == {(frozenset({ANN, PHONES[0]}), 4)}


def test_now__of_the_tenant__is_what_versions_go_by() -> None:
    """A version is written with from its time on; until then everybody only learns of it."""
    world = World()
    with_index(world, TOLD)
    tenant = world.tenants[TENANT_ID]
    begins = tenant.index_starts[2]
    assert (tenant.index_written(NOW), tenant.index_written(begins - 1), tenant.index_written(begins)) == (1, 1, 2)
    assert replace(tenant, later_index_keys={}).index_written(begins) == 1
