"""What profiles learn of conversations at the desk: told once it is so, never lost, and never in anybody's way."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.flows.answer_reservation import accept, decline, leave, release
from chalicelib.kernel.errors import Unavailable
from tests.flows.desk_world import AT, T, World


@pytest.fixture
def world() -> World:
    """A desk with one agent, and nothing to write up."""
    made = World(rules=DeskRules(wrap_up_seconds=0, relaxing=Relaxing(20, 60, 600)))
    made.hire("a_1")
    return made


def news(world: World) -> list[tuple[str, str]]:
    return [(one.type.partition(".")[2], one.agent_id) for one in world.told]


def test_conversation__accepted_and_released__is_opened_and_closed_once(world: World) -> None:
    """The profile hears who took it on after how long, and that it is over; repeats of both calls tell nothing more."""
    world.reserve("c")
    answering = world.answering("c")
    world.now += 4_000
    for _ in range(2):
        accept(answering, world.desk, world.now)
    world.look(1_000)
    for _ in range(2):
        release(answering, world.desk, world.now)
    world.look(1_000)
    world.look(1_000)
    assert news(world) == [("opened", "a_1"), ("closed", "a_1")]
    key = world.of("c").key
    assert [(one.id, one.profile_id) for one in world.told] == [
        (f"opened:{key}:1", "p_1"),
        (f"closed:{key}:1", "p_1"),
    ]
    assert (world.told[0].at, world.told[0].waited_seconds) == (AT + 4_000, 4)
    assert (world.of("c").news, world.of("c").look_at) == ((), 0)


def test_conversation__goes_to_another_agent__is_transferred(world: World) -> None:
    """Its agent has gone for good: who takes it over is news, and who took it over is who served."""
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    world.hire("a_2", present=False)
    for _ in range(40):
        world.says("a_2", "available")
        world.look(10_000)
    assert world.of("c").agent_id == "a_2"
    accept(world.answering("c"), world.desk, world.now)
    release(world.answering("c"), world.desk, world.now)
    world.look(1_000)
    assert news(world) == [("opened", "a_1"), ("transferred", "a_2"), ("closed", "a_2")]
    world.balanced()


def test_conversation__nobody_answered__is_no_news(world: World) -> None:
    """An offer that was declined served nobody, nor did a person who left the list."""
    world.reserve("c")
    decline(world.answering("c"), world.desk, world.now)
    leave(world.answering("c", ""), world.desk, world.now)
    world.look(1_000)
    assert world.told == []


def test_conversation__of_nobody_known__is_no_news(world: World) -> None:
    """There is no profile that could learn."""
    world.reserve("c", profile_id="")
    accept(world.answering("c"), world.desk, world.now)
    release(world.answering("c"), world.desk, world.now)
    assert world.look(1_000).failed == {} and world.told == []


def test_conversation__begins_anew__is_opened_anew(world: World) -> None:
    """What was not told of the first time is told all the same, each under its own id."""
    for _ in range(2):
        world.reserve("c")
        accept(world.answering("c"), world.desk, world.now)
        release(world.answering("c"), world.desk, world.now)
    world.look(1_000)
    assert [kind for kind, _ in news(world)] == ["opened", "closed"] * 2
    assert len({one.id for one in world.told}) == 4


def test_news__cannot_be_told__stays_and_holds_nobody_up(world: World) -> None:
    """While nothing can be queued, conversations move as ever; once it can, all is told."""
    world.deaf = True
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    assert world.look(1_000).failed == {"queue_throttled": 1}
    release(world.answering("c"), world.desk, world.now)
    assert world.free("a_1") == 2
    world.reserve("other")
    assert world.of("other").state == "reserved"
    world.look(1_000)
    assert world.told == []
    world.deaf = False
    world.look(10_000)
    assert news(world) == [("opened", "a_1"), ("closed", "a_1")]
    world.balanced()


def test_news__killed_after_telling__is_told_again_under_the_same_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: ingestion knows a repeat by its id."""
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    with monkeypatch.context() as killed:

        def dies(*_: Any) -> bool:
            raise Unavailable("store_throttled", "The store takes nothing now.")

        killed.setattr(world.store, "change", dies)
        world.look(1_000)
    world.look(10_000)
    assert [one.id for one in world.told] == [f"opened:{world.of('c').key}:1"] * 2
    assert world.of("c").news == ()


def test_news__of_an_offer_that_times_out__is_told_after_it_has_gone_on(world: World) -> None:
    """What time asks for is done first: news waits until nothing else of the conversation is due."""
    world.deaf = True
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    release(world.answering("c"), world.desk, world.now)
    world.reserve("c")
    world.hire("a_2")
    world.deaf = False
    world.says("a_1", "available")
    world.look(21_000)
    assert (world.of("c").attempt, world.of("c").agent_id) == (3, "a_2")
    assert world.told == []
    accept(world.answering("c"), world.desk, world.now)
    world.look(1_000)
    assert news(world) == [("opened", "a_1"), ("closed", "a_1"), ("opened", "a_2")]
    world.balanced()


def test_news__of_who_was_erased__is_forgotten(world: World) -> None:
    """Whose name is taken off a conversation that goes on is told nothing more."""
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    assert world.store.forget(T, "p_1") == 1
    release(world.answering("c"), world.desk, world.now)
    world.look(1_000)
    assert world.told == []
