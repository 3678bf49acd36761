"""Small desks for the tests of simulations."""

from __future__ import annotations

from random import Random
from typing import Any

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.model import Agent
from chalicelib.simulation.model import Contact, Desk, Sitting, Work
from chalicelib.simulation.play import play
from tests.unit.desk.desks import agent, need

HOUR = 3_600_000
STEADY = DeskRules(relaxing=Relaxing(None, None, None), wrap_up_seconds=0, cost=1, costs={})


def contact(key: int, at: int, **fields: Any) -> Contact:
    of_need = {name: fields.pop(name) for name in ("skill", "priority", "channel", "intent") if name in fields}
    return Contact(key, at, need(**of_need), **fields)


def minute_each(contact: Contact, agent: Agent, attempt: int) -> Work:
    """Every conversation takes a minute and is resolved."""
    return Work(60_000, resolved=True)


def one_at_a_time(many: int, **fields: Any) -> tuple[Agent, ...]:
    return tuple(agent(f"a{place}", units=1, **fields) for place in range(many))


def desk_of(agents: tuple[Agent, ...], work: Any = minute_each, hours: int = 24, **fields: Any) -> Desk:
    return Desk(agents, tuple(Sitting(one.agent_id, 0, hours * HOUR) for one in agents), work, **fields)


def queue_of(arrivals: int, per_second: float, handling_seconds: float, seed: int) -> tuple[list[Contact], Any]:
    """Contacts of a Poisson process, and exponential handling times."""
    dice = Random(seed)
    at, contacts, times = 0.0, [], []
    for key in range(arrivals):
        at += dice.expovariate(per_second)
        contacts.append(contact(key, round(at * 1000)))
        times.append(round(dice.expovariate(1 / handling_seconds) * 1000))
    return contacts, lambda contact, agent, attempt: Work(times[contact.key], resolved=True)


__all__ = ["HOUR", "STEADY", "contact", "desk_of", "minute_each", "one_at_a_time", "play", "queue_of"]
