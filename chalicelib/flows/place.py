"""Finds a conversation its place: with the best agent who is there, else on the waiting list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from msgspec.structs import replace

from chalicelib.desk.capacity import cost_of
from chalicelib.desk.model import Agent, AgentScore, Conversation, Need, Seat
from chalicelib.desk.moves import back, offered
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.drain import drain
from chalicelib.flows.rank_agents import agents_for, at_home, rank
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import DecisionRow

type Step = Callable[[Conversation | None], Conversation | None]
"""From a conversation as it is to the one that asks for an agent now; None: nothing is to be done."""
type Note = Callable[[Conversation, tuple[AgentScore, ...]], DecisionRow | None]
"""The decision to keep with a conversation as it stands and the agents who could have it, best first."""
ROUNDS = 12
"""How often all is looked at anew because others were faster: each time, somebody else has got something."""


class Placed(msgspec.Struct, frozen=True):
    """A conversation as it stands. ``scores``: who could have it, best first, to whom it is offered; none: it was put on
    its list, where it may have been given to somebody since. Not ``moved``: nothing was to be done.
    """

    conversation: Conversation | None
    scores: tuple[AgentScore, ...] = ()
    moved: bool = False


def no_note(standing: Conversation, scores: tuple[AgentScore, ...]) -> None:
    """Nothing is decided: it is only moved on."""


def place(
    tenant: str, key: str, need: Need, step: Step, desk: DeskServices, now: Millis, note: Note = no_note
) -> Placed:
    """Offer a conversation to the best agent, else put it on its list. Whoever loses a race looks again.

    Raises Unavailable ``desk_contended``.
    """
    agents = {one.agent_id: one for one in agents_for(tenant, need.queue, need.skill, desk)}
    for _ in desk.patience.attempts(ROUNDS):
        seats, was = desk.store.look(tenant, agents.keys(), key)
        fresh = step(was)
        if fresh is None:
            return Placed(was)
        scores = rank(tenant, fresh, agents.values(), seats, desk, now)
        if scores:
            offer = _offer(tenant, fresh, agents[scores[0].agent_id], desk, now)
            if desk.store.assign(tenant, was, offer, now, note(offer, scores)):
                return Placed(offer, scores, moved=True)
        elif desk.store.wait(tenant, was, fresh, note(fresh, ())):
            given = look_again(tenant, fresh, agents, desk, now)
            return Placed((desk.store.conversation(tenant, key) if given else None) or fresh, moved=True)
    raise Unavailable("desk_contended", "Others were faster each time; try again.")


def look_again(tenant: str, waits: Conversation, agents: Mapping[str, Agent], desk: DeskServices, now: Millis) -> int:
    """Who was put on a list looks at the seats once more: capacity that came free before was not drained to them.

    The seat gives what is most pressing of all that wait for it, which need not be this. How many were given.
    """
    given = 0
    seats: Mapping[str, Seat] = desk.store.seats(tenant, agents.keys())
    # Room that is kept for somebody may be kept for who has gone: the drain looks.
    unkept = {id_: replace(seat, kept_until=0) for id_, seat in seats.items()}
    for score in rank(tenant, waits, agents.values(), unkept, desk, now):
        given += drain(tenant, seats[score.agent_id], desk, now)
        kept = desk.store.conversation(tenant, waits.key)
        if kept is None or kept.state != "waiting":
            break
    return given


def send_back(tenant: str, was: Conversation, desk: DeskServices, now: Millis, *, declined: bool) -> bool:
    """Take a conversation from its agent and give it to the next, or to its place on the list. False when it is not what
    it was read to be.
    """
    policy = desk.policy(tenant)
    now_in = at_home(was, policy)
    rules = policy.rules_of(now_in.need.queue)
    step = partial(_back_if, was, lambda: back(now_in, rules, now, declined=declined))
    return place(tenant, was.key, now_in.need, step, desk, now).moved


def _back_if(was: Conversation, fresh: Callable[[], Conversation], kept: Conversation | None) -> Conversation | None:
    return fresh() if kept is not None and kept.version == was.version else None


def _offer(tenant: str, fresh: Conversation, agent: Agent, desk: DeskServices, now: Millis) -> Conversation:
    rules = desk.policy(tenant).rules_of(fresh.need.queue)
    return offered(fresh, agent.agent_id, cost_of(fresh.need.channel, agent, rules), rules, now)
