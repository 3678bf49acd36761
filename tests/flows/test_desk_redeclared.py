"""Agents who are declared anew, removed and hired again, and clocks that disagree, while everybody calls and some die."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.desk.model import Agent
from chalicelib.store.memory_desk import MemoryDesk
from tests.flows.desk_world import T, World, mistakes
from tests.flows.test_desk_racing import AGENTS, NAMES, RULES, Chaotic, ignored, lost, some_call


class Declared(Chaotic):
    """The same with agents who come with less or more than they hold."""

    def balances(self) -> bool:
        """Free is units less what is held, below 0 where less was declared than is held, and nothing is held by nobody."""
        held = [one for one in self.conversations.values() if one.holds]
        return all((T, one.agent_id) in self.seats_of for one in held) and not [
            one for one in mistakes(self, AGENTS) if "overdrawn" not in one
        ]


class Unmoved(Declared):
    """A mutant: who is declared anew has all of their units free."""

    def put_agent(self, *asked: Any) -> bool:
        done = super().put_agent(*asked)
        seat = self.seats_of[T, asked[1].agent_id]
        self.seats_of[T, seat.agent_id] = replace(seat, free=seat.units)
        return done


def declared_or_gone(world: World, store: MemoryDesk, chance: random.Random) -> None:
    """A supervisor changes somebody, or removes them."""
    agent_id = chance.choice(list(AGENTS))
    was = store.agent(T, agent_id)
    if was is not None and chance.random() < 0.2:
        store.delete_agent(T, was)
        return
    skills = {one: chance.randrange(1, 6) for one in chance.sample(["orders", "payments"], chance.randrange(1, 3))}
    version = 1 if was is None else was.version + 1
    agent = Agent(agent_id, skills, chance.choice([1, 2, 4, 10]), chance.choice([{}, {"chat": 1}]), version=version)
    store.put_agent(T, agent, world.now + 11_000)


def run(store: Declared, chance: random.Random, calls: int) -> tuple[World, bool]:
    """The desk after so many calls and a quiet while, and whether its accounts ever were wrong."""
    world, wrong = World(store, RULES), False
    for agent in AGENTS:
        world.hire(agent, units=10, orders=3, payments=3)
    store.others = lambda: some_call(world, chance)
    for _ in range(calls):
        ignored(lambda: some_call(world, chance))
        if chance.random() < 0.1:
            declared_or_gone(world, store, chance)
        wrong = wrong or not store.balances()
        world.now += chance.choice([-3_000, 0, 400, 800, 3_000])
    store.others = None
    was = store.agent(T, "a_1")
    store.put_agent(T, Agent("a_1", {"orders": 4}, 10, version=1 if was is None else was.version + 1), world.now)
    for _ in range(60):
        world.says("a_1", "available")
        world.look(1_000)
    return world, wrong


@pytest.mark.parametrize("seed", range(8))
def test_desk__agents_change_under_it__accounts_balance_and_nobody_is_lost(seed: int) -> None:
    """Whatever is declared while conversations are held, and however the clocks of two calls differ."""
    chance = random.Random(seed)
    store = Declared(chance)
    world, wrong = run(store, chance, 600)
    assert not wrong
    assert lost(world) == []
    assert len(store.conversations) == len(NAMES)


def test_desk__declared_without_what_is_held__breaks_the_account() -> None:
    """The trial can fail."""
    chance = random.Random(1)
    assert run(Unmoved(chance), chance, 300)[1]
