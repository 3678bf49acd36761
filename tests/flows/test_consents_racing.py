"""Words about a person race with events, merges and splits: nothing is lost, and nobody is opted in by a race.

The mutant beside them, a store without versions, must fail.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from msgspec.structs import replace

from chalicelib.flows.record_consent import ConsentOrder, record_consent
from chalicelib.flows.restrict_person import RestrictOrder, restrict_person
from chalicelib.flows.services import Change
from chalicelib.kernel.errors import Unavailable
from chalicelib.store.memory import MemoryHistory, MemoryProfiles
from tests.flows.test_any_order import Interrupted, WithoutVersions, world_with
from tests.flows.world import NOW, TENANT_ID, World, consent, event, paid

USER, OTHER = ("user_id", "u1"), ("user_id", "u2")


def beside(world: World) -> World:
    """Another container on the same store."""
    other = World(secrets=world.secrets)
    other.history, other.profiles = world.history, world.profiles
    return other


def restriction(world: World, number: int = 1, *, lift: bool = False) -> RestrictOrder:
    return RestrictOrder(f"r{number}", world.person(*USER).profile_id, "asked", "t_officer", lift=lift)


def withdrawal(world: World, number: int = 1) -> ConsentOrder:
    return ConsentOrder(f"{number:032x}", world.person(*USER).profile_id, ("profiling",), False, "asked", "t_officer")


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutVersions])
def test_restriction__while_events_come_in__loses_none_and_stands(
    store: Callable[[MemoryHistory], MemoryProfiles],
) -> None:
    """An event is quicker three times. Negative control: without versions it is overwritten."""
    world = world_with(store)
    world.apply(paid("o0", "1.00", USER))
    other = beside(world)
    racing = Interrupted(
        world.profiles, lambda number: None if number > 3 else _applied(other, paid(f"o{number}", "1.00", USER))
    )
    services = replace(world.identity(), profiles=racing)
    assert restrict_person(restriction(world), world.tenant(TENANT_ID), services, NOW).state == "restricted"
    counted = world.person(*USER).series["orders_paid"].count
    assert counted == (4 if store is MemoryProfiles else 1)


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutVersions])
def test_events__while_a_person_is_restricted__opt_nobody_in(store: Callable[[MemoryHistory], MemoryProfiles]) -> None:
    """The slower save of the event sees the restriction. Negative control: without versions it takes it back."""
    world = world_with(store)
    world.apply(event("page.viewed", USER))
    officer = beside(world)

    def meanwhile(number: int) -> None:
        if number == 1:
            restrict_person(restriction(officer), world.tenant(TENANT_ID), officer.identity(), NOW)

    world.published.clear()
    world.accept(paid("o1", "5000.00", USER))
    world.ingest(world.ingestion(Interrupted(world.profiles, meanwhile)))
    person = world.person(*USER)
    assert person.series["orders_paid"].count == 1
    assert (person.state == "restricted") is (store is MemoryProfiles)
    assert (not _set(world.published)) is (store is MemoryProfiles)


def test_consent__withdrawn_while_others_merge_and_split__stands_with_whom_it_was_said_of() -> None:
    """Another operator is quicker with a merge, then with its split: the word is said of the person there is then."""
    world = World()
    world.apply(paid("o1", "1.00", USER), paid("o2", "1.00", OTHER))
    mine, other = world.person(*USER).profile_id, world.person(*OTHER).profile_id
    merges: list[str] = []

    def meanwhile(number: int) -> None:
        if number == 1:
            merges.append(world.merge(mine, other, force=True).merge_id)
        elif number == 2:
            world.split(merge_id=merges[0])

    services = replace(world.identity(), profiles=Interrupted(world.profiles, meanwhile))
    order = ConsentOrder("1" * 32, mine, ("profiling",), False, "asked", "t_officer")
    record_consent(order, world.tenant(TENANT_ID), services, NOW)
    assert (world.person(*USER).said, world.person(*OTHER).said) == ({"profiling": False}, {})


@pytest.mark.parametrize(("say", "order"), [(restrict_person, restriction), (record_consent, withdrawal)])
def test_word__always_beaten__is_refused_and_can_be_said_again(
    say: Callable[..., object], order: Callable[[World], object]
) -> None:
    """Attempts are bounded; who is told 503 says it again under the same key."""
    world = World()
    world.apply(paid("o0", "1.00", USER))
    other, said = beside(world), order(world)
    beaten = Interrupted(world.profiles, lambda number: _applied(other, paid(f"b{number}", "1.00", USER)))
    with pytest.raises(Unavailable):
        say(said, world.tenant(TENANT_ID), replace(world.identity(), profiles=beaten), NOW)
    assert world.person(*USER).is_profiled
    say(said, world.tenant(TENANT_ID), world.identity(), NOW)
    assert not world.person(*USER).is_profiled


def test_bus__that_is_down_when_a_word_is_kept__hears_of_it_from_the_repeat() -> None:
    """The word counts; what it cleared is told when the caller says it again under the same key."""
    world = World()
    world.apply(paid("o1", "5000.00", USER))
    order = withdrawal(world)
    world.bus_down = True
    with pytest.raises(Unavailable):
        record_consent(order, world.tenant(TENANT_ID), world.identity(), NOW)
    assert not world.person(*USER).is_profiled
    world.bus_down = False
    world.published.clear()
    record_consent(order, world.tenant(TENANT_ID), world.identity(), NOW)
    assert [one for one in world.published if one.type == "tag.cleared"]


def test_threads__events_words_and_restrictions_at_once__all_of_it_is_there() -> None:
    """Four writers and two officers on one person: every event counts once, and the last word of each kind stands."""
    world = World()
    world.apply(paid("first", "1.00", USER))
    workers = []
    for number in range(4):
        worker = beside(world)
        worker.accept(*(paid(f"t{number}-{one}", "1.00", USER) for one in range(6)))
        no = consent(USER, granted=bool(number % 2), purpose="analytics", at=NOW - 1_000 + number)
        worker.accept(no, source=worker.crm)
        workers.append(worker)

    def work(worker: World) -> None:
        while worker.queue:
            worker.ingest(at_once=2)

    def restricts() -> None:
        officer = beside(world)
        for number in range(7):
            _said(
                lambda n=number: restrict_person(  # type: ignore[misc]
                    restriction(officer, n, lift=bool(n % 2)), world.tenant(TENANT_ID), officer.identity(), NOW
                )
            )

    def objects() -> None:
        officer = beside(world)
        for number in range(1, 6):
            order = ConsentOrder(
                f"{number:032x}", world.person(*USER).profile_id, ("marketing",), bool(number % 2), "asked", "t_officer"
            )
            _said(lambda o=order: record_consent(o, world.tenant(TENANT_ID), officer.identity(), NOW))  # type: ignore[misc]

    threads = [Thread(target=work, args=(one,)) for one in workers] + [Thread(target=restricts), Thread(target=objects)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    person = world.person(*USER)
    assert (person.series["orders_paid"].count, person.state) == (25, "restricted")
    assert person.said == {"analytics": True, "marketing": True}


def _said(say: Callable[[], object]) -> None:
    """As a caller does: again until it is kept."""
    while True:
        try:
            say()
        except Unavailable:
            continue
        return


def _applied(world: World, one: object) -> None:
    assert world.apply(one).applied == 1  # type: ignore[arg-type]


def _set(told: list[Change]) -> list[Change]:
    return [one for one in told if one.type in ("tag.set", "segment.entered")]
