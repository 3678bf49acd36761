"""The desk under races: others write between one's read and one's write, calls die, answers are lost.

Whatever happens, capacity is never exceeded, no conversation has two agents, none is lost, and once all is quiet
nobody waits beside an agent who could have them. Each of the store's two conditions is needed: without it this fails.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.model import Conversation
from chalicelib.flows.answer_reservation import accept, decline, leave, release
from chalicelib.flows.rank_agents import rank
from chalicelib.flows.reserve import reserve
from chalicelib.kernel.errors import Unavailable, ZhiyinError
from chalicelib.store.memory_desk import MemoryDesk
from tests.flows.desk_world import NoRoom, NoVersion, Racing, T, World, mistakes

AGENTS = {"a_1": 10, "a_2": 4, "a_3": 2, "a_4": 7}
NAMES = [f"c_{number}" for number in range(12)]
RULES = DeskRules(relaxing=Relaxing(5, 15, None), lease_seconds=20, orphaned_after_seconds=5, wrap_up_seconds=3)


class Killed(Exception):
    """The call ended in the middle."""


class Chaotic(MemoryDesk):
    """Before a write, others may act; the caller may die before it or after it, or never learn that it was done."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.others: Callable[[], object] | None = None
        self.depth = 0
        self.deaths = 0
        self.lost_races = 0
        self.found: list[str] = []
        """What was ever wrong with an account, at the end of a call."""

    def _move(self, *asked: Any) -> bool:
        if self.others is None:
            return super()._move(*asked)
        if self.depth < 3 and self.chance.random() < 0.6:
            self.depth += 1
            try:
                self.others()
            finally:
                self.depth -= 1
        fate = self.chance.random()
        if fate < 0.02:
            self.deaths += 1
            raise Killed
        done = super()._move(*asked)
        self.lost_races += not done
        if fate > 0.98:
            self.deaths += 1
            raise Unavailable("no_answer", "lost") if fate > 0.99 else Killed
        return done


class ChaoticNoVersion(Chaotic, NoVersion):
    """Without the condition on the conversation's version."""


class ChaoticNoRoom(Chaotic, NoRoom):
    """Without the condition on what is free and who is there."""


def some_call(world: World, chance: random.Random) -> None:
    """One call by anybody, about anything."""
    name, agent = chance.choice(NAMES), chance.choice(list(AGENTS))
    known = world.store.conversation(T, world.asked(name).key) is not None
    roll = chance.random()
    if roll < 0.35 or not known:
        channel = chance.choice(["chat", "email", "phone"])
        queue = chance.choice(["orders", "payments"])
        world.reserve(name, channel=channel, queue=queue, skill=queue, priority=chance.randrange(1, 9))
    elif roll < 0.85:
        chance.choice([accept, accept, release, release, decline, leave])(world.answering(name), world.desk, world.now)
    elif roll < 0.95:
        world.says(agent, chance.choice(["available", "available", "away", "offline"]))
    else:
        world.look()


def ignored(call: Callable[[], object]) -> None:
    """A caller who dies, is refused, or is told to try again."""
    try:
        call()
    except (Killed, ZhiyinError):
        return


def run(store: Chaotic, chance: random.Random, calls: int) -> World:
    """Calls by many at once, some of which die; then all is quiet for a while, and those who are there stay."""
    world = World(store, RULES)
    for agent, units in AGENTS.items():
        world.hire(agent, units=units, orders=chance.randrange(1, 6), payments=chance.randrange(1, 6))
    store.others = lambda: some_call(world, chance)
    for _ in range(calls):
        ignored(lambda: some_call(world, chance))
        store.found += mistakes(store, AGENTS)
        world.now += chance.randrange(400)
    store.others = None
    for _ in range(60):
        world.says("a_1", "available")
        world.look(1_000)
    return world


def lost(world: World) -> list[Conversation]:
    """Who waits beside an agent that could have them."""
    agents = world.store.agents(T)
    seats = world.store.seats(T, AGENTS)
    listed = [one for queue in ("orders", "payments") for one in world.store.waiting(T, queue, 1_000)]
    return [one for one in listed if rank(T, one, agents, seats, world.desk, world.now)]


@pytest.mark.parametrize("seed", range(25))
def test_desk__races_deaths_and_lost_answers__accounts_balance_and_nobody_is_lost(seed: int) -> None:
    """Free is units less what is held, nobody is overdrawn, and who could be answered is not left waiting."""
    chance = random.Random(seed)
    store = Chaotic(chance)
    world = run(store, chance, 800)
    assert store.found + mistakes(store, AGENTS) == []
    assert lost(world) == []
    # The trial tried something.
    assert store.lost_races > 3
    assert store.deaths > 3


@pytest.mark.parametrize("mutant", [ChaoticNoVersion, ChaoticNoRoom])
def test_desk__a_store_without_a_condition__breaks_the_account(mutant: type[Chaotic]) -> None:
    """The trial above can fail: without either condition it does, one seed or another."""

    def breaks(seed: int) -> bool:
        chance = random.Random(seed)
        store = mutant(chance)
        run(store, chance, 800)
        return bool(store.found)

    assert any(map(breaks, range(5)))


def test_reserve__the_seat_is_taken_in_between__the_next_best() -> None:
    """Who loses the best agent to another gets the second."""
    store = Racing()
    world = World(store)
    world.hire("a_1", orders=5)
    world.hire("a_2", orders=4)
    store.before = [lambda: world.reserve("faster")]
    world.reserve("c")
    assert (world.of("faster").agent_id, world.of("c").agent_id) == ("a_1", "a_2")
    world.balanced()


def test_reserve__the_same_conversation_in_between__one_agent() -> None:
    """Two calls about one conversation at once are answered alike."""
    store = Racing()
    world = World(store)
    world.hire("a_1")
    world.hire("a_2")
    store.before = [lambda: reserve(world.asked("c"), world.desk, world.now + 1)]
    placed = world.reserve("c")
    assert (placed.conversation, placed.moved) == (world.of("c"), False)
    assert sorted([world.free("a_1"), world.free("a_2")]) == [0, 2]


def test_reserve__an_agent_comes_while_it_is_put_on_the_list__is_given_it() -> None:
    """No wake-up is lost between looking at the seats and standing on the list."""
    store = Racing()
    world = World(store)
    world.hire("a_1", present=False)
    store.before = [lambda: world.says("a_1", "available")]
    placed = world.reserve("c")
    assert (world.of("c").state, world.of("c").agent_id) == ("reserved", "a_1")
    assert placed.conversation == world.of("c"), "and whoever asked is told so"


def test_accept__the_offer_times_out_in_between__is_refused() -> None:
    """The schedule and the agent at the same instant: one of them has it."""
    store = Racing()
    world = World(store)
    world.hire("a_1")
    world.reserve("c")
    answering = world.answering("c")
    store.before = [lambda: world.look(20_000)]
    with pytest.raises(ZhiyinError) as caught:
        accept(answering, world.desk, world.now + 19_999)
    assert caught.value.code == "reservation_over" or world.of("c").attempt > 1
    world.balanced()


def test_decline__accepted_in_between__is_refused() -> None:
    """An agent who clicks both keeps what came first."""
    store = Racing()
    world = World(store)
    world.hire("a_1")
    world.reserve("c")
    answering = world.answering("c")
    store.before = [lambda: accept(answering, world.desk, world.now)]
    with pytest.raises(ZhiyinError) as caught:
        decline(answering, world.desk, world.now)
    assert caught.value.code == "reservation_over"
    assert world.of("c").state == "accepted"
    world.balanced()
