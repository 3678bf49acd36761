"""The desk as it is now: who waits where and for how long, who is there, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.desk.keys import offer_of
from chalicelib.desk.model import Agent, Conversation, Presence, Seat
from chalicelib.desk.queues import AS_DECLARED
from chalicelib.flows.desk_door import DeskDoor
from chalicelib.flows.desk_views import AgentsView, AgentView, DeskView, QueueView, ReservationView, SettingsView
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.routing.by_day import laid_over
from chalicelib.store.queue_settings import SetQueue, settings_of

MOST_LISTED = 500
"""So many of a queue are looked at for the longest wait; all are counted."""


def show_desk(tenant: str, door: DeskDoor, now: Millis) -> DeskView:
    """Queues that people answer, and agents by id."""
    kept = door.queues.queues(tenant)
    declared = laid_over(door.policy.declared, settings_of(kept))
    queues = [name for name, queue in declared.queues.items() if "human" in queue.modes]
    shown = tuple(queue_view(tenant, name, kept, door, now) for name in queues)
    return DeskView(format_moment(now), shown, show_agents(tenant, door, now).agents)


def show_agents(tenant: str, door: DeskDoor, now: Millis) -> AgentsView:
    """Every agent as declared and as of now."""
    agents = sorted(door.desk.agents(tenant), key=lambda one: one.agent_id)
    seats = door.desk.seats(tenant, [one.agent_id for one in agents])
    return AgentsView(tuple(agent_view(tenant, one, seats.get(one.agent_id), door, now) for one in agents))


def show_agent(tenant: str, agent_id: str, door: DeskDoor, now: Millis) -> AgentView:
    """One agent. Raises NotFound ``no_such_agent``."""
    agent = agent_of(tenant, agent_id, door)
    return agent_view(tenant, agent, door.desk.seats(tenant, [agent_id]).get(agent_id), door, now)


def agent_of(tenant: str, agent_id: str, door: DeskDoor) -> Agent:
    """An agent as declared. Raises NotFound ``no_such_agent``."""
    agent = door.desk.agent(tenant, agent_id)
    if agent is None:
        raise NotFound("no_such_agent", "There is no such agent.")
    return agent


def agent_view(tenant: str, agent: Agent, seat: Seat | None, door: DeskDoor, now: Millis) -> AgentView:
    """An agent, with what they hold."""
    holds = () if seat is None or not seat.held else tuple(door.desk.held_by(tenant, agent.agent_id))
    free = agent.units if seat is None else seat.free
    return AgentView(
        agent_id=agent.agent_id,
        skills=agent.skills,
        units=agent.units,
        costs=agent.costs,
        languages=agent.languages,
        shifts=agent.shifts,
        timezone=agent.timezone,
        version=agent.version,
        presence=presence_of(seat, now),
        lease_until=None if seat is None or seat.lease_until <= now else format_moment(seat.lease_until),
        free=free,
        load=round(1 - free / agent.units, 3),
        conversations=tuple(reservation_view(one) for one in holds),
    )


def presence_of(seat: Seat | None, now: Millis) -> Presence:
    """Whose lease ran out is offline, whatever they said last."""
    return seat.presence if seat is not None and seat.lease_until > now else "offline"


def reservation_view(one: Conversation) -> ReservationView:
    """A conversation as it stands."""
    need = one.need
    return ReservationView(
        reservation_id=one.reservation_id,
        state=one.state,
        agent_id=one.agent_id or None,
        queue=need.queue,
        skill=need.skill,
        channel=need.channel,
        priority=need.priority,
        decision_id=one.decision_id,
        relaxation=one.relaxation,
        waits_since=format_moment(one.waits_since),
        since=format_moment(one.state_since),
        expires_at=format_moment(one.due_at) if one.due_at and one.state in ("reserved", "wrapping") else None,
        units=one.cost if one.holds else 0,
        ended_by=one.ended_by,
    )


def show_reservation(tenant: str, reservation_id: str, door: DeskDoor) -> ReservationView:
    """A conversation as it stands, by any id that it was offered under. Raises NotFound ``no_such_reservation``."""
    named = offer_of(reservation_id)
    found = None if named is None else door.desk.conversation(tenant, named[0])
    if found is None:
        raise NotFound("no_such_reservation", "There is no such reservation.")
    return reservation_view(found)


def queue_view(tenant: str, queue: str, kept: Mapping[str, SetQueue], door: DeskDoor, now: Millis) -> QueueView:
    """A queue of the policy, with who waits in it."""
    changed = kept.get(queue)
    settings = AS_DECLARED if changed is None else changed.settings
    declared = laid_over(door.policy.declared, {queue: settings}).queues[queue]
    waiting = list(door.desk.waiting(tenant, queue, MOST_LISTED))
    since = min((one.waits_since for one in waiting), default=now)
    return QueueView(
        queue=queue,
        name=declared.name,
        skill=declared.skill,
        open=settings.is_open(now, door.timezone),
        waiting=len(waiting) if len(waiting) < MOST_LISTED else door.desk.waits(tenant, queue),
        longest_wait_seconds=max(0, now - since) // 1000,
        first_response_seconds=declared.sla.first_response_seconds,
        overflow=declared.overflow,
        settings=msgspec.convert(settings, SettingsView, from_attributes=True),
        changed_at=None if changed is None else format_moment(changed.changed_at),
        changed_by=None if changed is None else changed.changed_by,
    )
