"""Agents with declared skills, and the truth about them that no router is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

import msgspec

from chalicelib.desk.model import Agent, Need, Track
from chalicelib.simulation.model import Sitting

AGENTS = 40
UNITS = 10
NEVER = UNITS + 1
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
OPENS, CLOSES = 9, 21

INTENTS = {
    "logistics": (0.24, 0.80),
    "return": (0.16, 0.74),
    "refund": (0.14, 0.70),
    "product_question": (0.14, 0.85),
    "fault": (0.12, 0.60),
    "payment": (0.08, 0.72),
    "account": (0.07, 0.78),
    "complaint": (0.05, 0.52),
}
"""Intent → its share of contacts, and how often a middling agent resolves it."""
_WORKS_ON = {"phone": {"chat": NEVER, "email": NEVER}, "text": {"phone": NEVER}, "both": {}}
_KINDS = ("phone", "text", "phone", "text", "both")
_ALSO = {"vip": 3}
"""Desks teach more agents to serve VIPs than VIPs would keep busy: they serve others meanwhile."""
_SURE = 1_000_000


class Staff(msgspec.Struct, frozen=True):
    """Who works there, and the truth: how often each resolves an intent (in logits), how liked and how fast they are."""

    agents: tuple[Agent, ...]
    resolves: Mapping[str, Mapping[str, float]]
    liked: Mapping[str, float]
    pace: Mapping[str, float]


def make_staff(seed: int, demand: Mapping[str, float]) -> Staff:
    """Agents whose skills follow the demand (skill → share). What they are good at only partly shows in proficiency."""
    dice = Random(f"staff/{seed}")  # noqa: S311 - repeatable, not secret
    skills = sorted(demand)
    weights = [demand[skill] * _ALSO.get(skill, 1) for skill in skills]
    agents, resolves, liked, pace = [], {}, {}, {}
    for place in range(AGENTS):
        agent_id = f"agent_{place:02}"
        # Everybody in turn is at home in one skill, so that none is without agents; others come by demand.
        own = skills[place % len(skills)] if place < 2 * len(skills) else dice.choices(skills, weights)[0]
        learnt = {skill: dice.randint(1, 5) for skill in dice.choices(skills, weights, k=4)}
        talent = dice.gauss(0, 0.35)
        agents.append(
            Agent(
                agent_id=agent_id,
                skills=learnt | {own: dice.randint(3, 5), "general": 3},
                units=UNITS,
                costs=_WORKS_ON[_KINDS[place % len(_KINDS)]],
                languages=("zh", "en") if dice.random() < 0.3 else ("zh",),
            )
        )
        resolves[agent_id] = {
            intent: _logit(usual) + talent + dice.gauss(0, 0.7) for intent, (_, usual) in INTENTS.items()
        }
        liked[agent_id] = dice.gauss(0, 0.5)
        pace[agent_id] = math.exp(dice.gauss(0, 0.15))
    return Staff(tuple(agents), resolves, liked, pace)


def sittings(staff: Staff, begins: int, dice: Random) -> tuple[Sitting, ...]:
    """A day: an early and a late shift that overlap, some minutes late or early, with a pause."""
    found = []
    for place, agent in enumerate(staff.agents):
        early = (place // len(_KINDS)) % 2 == 0
        first = begins + (OPENS if early else CLOSES - 8) * HOUR_MS + dice.randint(-5, 5) * MINUTE_MS
        pause = first + dice.randint(180, 270) * MINUTE_MS
        found += [
            Sitting(agent.agent_id, first, pause),
            Sitting(agent.agent_id, pause + 30 * MINUTE_MS, first + 8 * HOUR_MS + 30 * MINUTE_MS),
        ]
    return tuple(found)


def chance(staff: Staff, agent: Agent, need: Need) -> float:
    """The true probability that this agent resolves this at the first contact."""
    skill = agent.skills.get(need.skill, 0)
    logit = staff.resolves[agent.agent_id][need.intent] + (0.3 * (skill - 3) if skill else -1.2)
    if need.language not in agent.languages:
        logit -= 1.5
    if need.last_agent == agent.agent_id:
        logit += 0.4
    return 1 / (1 + math.exp(-logit))


def satisfaction(staff: Staff, agent: Agent, *, resolved: bool) -> float:
    """The mean of the answers to surveys, 1 to 5, before chance."""
    return max(1.0, min(5.0, (4.2 if resolved else 2.4) + staff.liked[agent.agent_id]))


def true_record(staff: Staff, agent: Agent, need: Need) -> Track:
    """The record of endless conversations of this agent with just such people: what a router could know at best."""
    rate = chance(staff, agent, need)
    csat = sum(
        share * satisfaction(staff, agent, resolved=resolved) for resolved, share in ((True, rate), (False, 1 - rate))
    )
    return Track(_SURE, round(rate * _SURE), _SURE, csat * _SURE)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
