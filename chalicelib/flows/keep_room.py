"""Keeps the room of one agent for a conversation that takes more than anybody has free at once.

A call may take what five chats take. While chats come, each takes what another gave back, and a call would never find all of
it free. So once it has waited a while and is the most pressing, the agent who is nearest to having room gives nothing
more to who is less pressing, until they can take it.
"""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.desk.capacity import cost_of
from chalicelib.desk.model import Agent, Conversation, Seat
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.rank_agents import agents_for, rank
from chalicelib.kernel.moments import Millis

WAITED_MS = 30_000
"""Nobody's room is kept for who has only just come: somebody may have it in a moment."""
KEPT_MS = 45_000
"""How long it is kept without being asked for again: an agent's sign of life does so sooner."""


def asks_for_room(tenant: str, one: Conversation, agent: Agent, seat: Seat, desk: DeskServices, now: Millis) -> bool:
    """Whether a conversation has waited a while for an agent who could answer it and has no room for it yet."""
    return now - one.waits_since >= WAITED_MS and _lacks_room_alone(tenant, one, agent, seat, desk, now)


def keep_room(tenant: str, one: Conversation, agent: Agent, seat: Seat, desk: DeskServices, now: Millis) -> bool:
    """Whether this seat's room is kept for a conversation that ``asks_for_room``: that of one seat is, for each."""
    agents = {each.agent_id: each for each in agents_for(tenant, one.need.queue, one.need.skill, desk)}
    seats = desk.store.seats(tenant, agents.keys())
    able = [each for id_, each in seats.items() if _lacks_room_alone(tenant, one, agents[id_], each, desk, now)]
    keeps = [each.agent_id for each in able if each.kept_until > now and each.kept_for == one.order]
    nearest = keeps or [each.agent_id for each in sorted(able, key=lambda each: (-each.free, each.agent_id))]
    if seat.agent_id not in nearest[:1]:
        return False
    return desk.store.keep_room(tenant, seat, one.order, now + KEPT_MS)


def _lacks_room_alone(
    tenant: str, one: Conversation, agent: Agent, seat: Seat, desk: DeskServices, now: Millis
) -> bool:
    """Whether an agent could have it, were all their units free."""
    if cost_of(one.need.channel, agent, desk.policy(tenant).rules_of(one.need.queue)) <= seat.free:
        return False
    empty = replace(seat, free=seat.units, kept_until=0)
    return bool(rank(tenant, one, [agent], {agent.agent_id: empty}, desk, now))
