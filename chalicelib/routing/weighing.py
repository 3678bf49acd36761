"""The agents among whom one is chosen: what is kept of them with a decision, and the decision made again from it.

Apart from ``inputs``, which every route loads: who reserves nothing needs no score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from chalicelib.desk.model import Agent, AgentScore, Need, Relaxation, Seat, Track
from chalicelib.desk.score import ALL_INTENTS, best
from chalicelib.kernel.moments import Millis
from chalicelib.routing.decide import decide_on
from chalicelib.routing.desk_answer import AtDesk, at_desk
from chalicelib.routing.inputs import OTHERS, Inputs, Weighed
from chalicelib.routing.model import Decision
from chalicelib.routing.outcome import added
from chalicelib.routing.policy import Policy

MOST_KEPT = 100
"""Agents kept with a decision, about 10 KB: thousands would cost more to keep than all else, and then fit no item."""


def made_again(policy: Policy, inputs: Inputs, profile_id: str | None, *, decision_id: str, now: Millis) -> Decision:
    """The decision that these inputs come to."""
    decision = decide_on(policy, inputs.facts, profile_id, inputs.profiled, decision_id=decision_id, now=now)
    weighed = inputs.weighed
    if weighed is None:
        return decision
    return at_desk(decision, desk_of(weighed, chosen(weighed, policy, now)))


def desk_of(weighed: Weighed, scores: tuple[AgentScore, ...]) -> AtDesk:
    """What the desk made of a decision: the agents who could have it, or why nobody could yet."""
    return AtDesk(scores, weighed.relaxation, weighed.reservation_id, weighed.waiting, weighed.redirected, weighed.sla)


def chosen(weighed: Weighed, policy: Policy, now: Millis) -> tuple[AgentScore, ...]:
    """The agents who may take it, best first."""
    return best(
        weighed.need,
        weighed.agents,
        weighed.seats,
        weighed.tracks,
        policy.declared.desk,
        now,
        weighed.relaxation,
        declined=weighed.declined,
        overflow=weighed.overflow,
        timezone=weighed.timezone,
        language=weighed.language,
    )


def weighed_among(
    need: Need,
    agents: Iterable[Agent],
    seats: Mapping[str, Seat],
    tracks: Mapping[str, Mapping[str, Track]],
    relaxation: Relaxation,
    now: Millis,
    *,
    declined: Collection[str] = (),
    overflow: Collection[str] = (),
    timezone: str = "UTC",
    language: str = "",
    best_first: Collection[str] = (),
) -> Weighed:
    """What to keep of a desk: those who could have been chosen, and the records that all were measured by.

    ``best_first``: who was chosen, and the next best, who are kept of however many.
    """
    # Present as ``Seat.is_present`` says, without a call for each.
    among = {
        seat.agent_id: agent
        for agent in agents
        if (seat := seats.get(agent.agent_id)) is not None
        and seat.presence == "available"
        and seat.lease_until > now
        and seat.free > 0
    }
    if len(among) > MOST_KEPT:
        first = dict.fromkeys((*best_first, *among))
        kept = set(islice((one for one in first if one in among), MOST_KEPT))
        among = {agent_id: agent for agent_id, agent in among.items() if agent_id in kept}
    return Weighed(
        need=need,
        relaxation=relaxation,
        agents=tuple(among.values()),
        seats=dict(zip(among, map(seats.__getitem__, among), strict=True)),
        tracks=_measured_by(tracks, {need.intent, ALL_INTENTS}, among),
        declined=tuple(declined),
        overflow=tuple(overflow),
        timezone=timezone,
        language=language,
    )


def _measured_by(
    tracks: Mapping[str, Mapping[str, Track]], intents: Collection[str], among: Collection[str]
) -> dict[str, dict[str, Track]]:
    """The records of some agents, each by itself, and the sum of all others'."""
    found: dict[str, dict[str, Track]] = {}
    others: dict[str, Track] = {}
    for who, of in tracks.items():
        told = {intent: one for intent, one in of.items() if intent in intents}
        if told and who in among:
            found[who] = told
            continue
        for intent, one in told.items():
            others[intent] = added(others.get(intent, Track()), one)
    return {**found, OTHERS: others} if others else found
