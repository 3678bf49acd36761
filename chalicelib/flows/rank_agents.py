"""Asks the score who may take a conversation, of the agents as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from chalicelib.desk.model import Agent, AgentScore, Conversation, Seat
from chalicelib.desk.relax import step_at
from chalicelib.flows.desk_services import DeskServices
from chalicelib.kernel.moments import Millis
from chalicelib.routing.declaration import PolicyDeclaration


def agents_for(tenant: str, queue: str, skill: str, desk: DeskServices) -> Sequence[Agent]:
    """The agents who could ever answer a queue: by its skill, or by one of the queues that it flows over to."""
    others = overflow_of(desk.policy(tenant), queue)
    return [
        agent
        for agent in desk.agents(tenant)
        if skill in agent.skills or (others and any(other in agent.skills for other in others))
    ]


def rank(
    tenant: str,
    one: Conversation,
    agents: Iterable[Agent],
    seats: Mapping[str, Seat],
    desk: DeskServices,
    now: Millis,
) -> tuple[AgentScore, ...]:
    """Who may take a conversation at the step that it has reached and keeps no room from it, best first."""
    # Room is kept at few seats, and all are looked at.
    keeping = [seat.agent_id for seat in seats.values() if seat.kept_until and seat.is_kept_from(one.order, now)]
    if keeping:
        seats = {id_: seat for id_, seat in seats.items() if id_ not in keeping}
    policy = desk.policy(tenant)
    rules = policy.rules_of(one.need.queue)
    return desk.best(
        one.need,
        agents,
        seats,
        desk.tracks(tenant, seats.keys()),
        rules,
        now,
        step_at(one.relaxes_from, rules, now),
        declined=one.declined,
        overflow=overflow_of(policy, one.need.queue),
        timezone=desk.timezone(tenant),
        language=policy.plain_hints.language,
    )


def at_home(one: Conversation, policy: PolicyDeclaration) -> Conversation:
    """The conversation in a queue that the policy has, asking for its skill: who waits may outlive the policy that put
    them there. Else it would stand on a list that nobody reads, or ask for what nobody of its queue can do.
    """
    need, queues = one.need, policy.queues
    alike = (name for name, queue in queues.items() if queue.skill == need.skill and "human" in queue.modes)
    queue = need.queue if need.queue in queues else next(alike, policy.default.queue)
    if (queue, queues[queue].skill) == (need.queue, need.skill):
        return one
    return replace(one, need=replace(need, queue=queue, skill=queues[queue].skill))


def overflow_of(policy: PolicyDeclaration, queue: str) -> tuple[str, ...]:
    """The skills of the queues that one flows over to."""
    declared = policy.queues.get(queue)
    others = () if declared is None else declared.overflow
    return tuple(policy.queues[other].skill for other in others if other in policy.queues)


def served_by(agent: Agent, policy: PolicyDeclaration) -> tuple[str, ...]:
    """The queues whose conversations an agent could ever be given."""
    return tuple(
        name
        for name, queue in policy.queues.items()
        if queue.skill in agent.skills or any(skill in agent.skills for skill in overflow_of(policy, name))
    )
