"""Who comes to a simulated desk, who sits there and when, and what became of each contact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from chalicelib.desk.model import Agent, AgentScore, Need, Relaxation, Seat
from chalicelib.kernel.moments import Millis

type Ending = Literal["answered", "hung_up", "called_back", "unanswered"]
"""Answered by an agent; left while waiting; waited so long that they are to be called back; still waiting at the end."""


class Contact(msgspec.Struct, frozen=True):
    """Somebody who wants an agent. ``patience_ms`` None: they wait for ever. ``sla_ms``: the first answer's limit.

    ``overflow`` are the skills of the queues that theirs flows over to.
    """

    key: int
    at: Millis
    need: Need
    segment: str = ""
    sla_ms: Millis = 0
    patience_ms: Millis | None = None
    overflow: tuple[str, ...] = ()


class Sitting(msgspec.Struct, frozen=True):
    """An agent is there from an instant up to another; who has begun a conversation ends it."""

    agent_id: str
    begins: Millis
    ends: Millis


class Work(msgspec.Struct, frozen=True):
    """How a contact goes with an agent. ``answers`` False: the offer times out, and somebody else is asked."""

    handling_ms: Millis
    resolved: bool
    csat: int | None = None
    transferred: bool = False
    answers: bool = True


class Served(msgspec.Struct, frozen=True):
    """What became of a contact. ``waited_ms`` is until the first agent answered, or until they left.

    ``agent_id`` is the last agent's, ``resolved`` is by them; ``busy`` is what each agent worked on it.
    """

    contact: Contact
    ending: Ending
    waited_ms: Millis
    agent_id: str = ""
    resolved: bool = False
    csat: int | None = None
    transfers: int = 0
    busy: tuple[tuple[str, Millis], ...] = ()


class Moment(msgspec.Struct, frozen=True):
    """The desk at an instant at which somebody is looked for, as the choice of an agent sees it."""

    contact: Contact
    agents: Mapping[str, Agent]
    seats: Mapping[str, Seat]
    freed_at: Mapping[str, Millis]
    now: Millis
    relaxation: Relaxation
    declined: tuple[str, ...]


type Worker = Callable[[Contact, Agent, int], Work]
"""How a contact goes with an agent, at the n-th attempt. Equal arguments give equal work."""
type Chooser = Callable[[Moment, tuple[AgentScore, ...]], str]
"""Picks one of the agents who may answer, best first."""


def the_best(moment: Moment, ranked: tuple[AgentScore, ...]) -> str:
    """Whoever fits best: what the desk does."""
    return ranked[0].agent_id


class Desk(msgspec.Struct, frozen=True):
    """What stays as it is while a desk is played. ``scored``: how many are ranked for the choice."""

    agents: tuple[Agent, ...]
    sittings: tuple[Sitting, ...]
    work: Worker
    choose: Chooser = the_best
    scored: int = 1
    timezone: str = "UTC"
    language: str = ""
