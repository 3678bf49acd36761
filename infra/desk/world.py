"""A day of contacts: who comes when with what, where the policy sends them, and how each would go with each agent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from random import Random

import msgspec

from chalicelib.desk.declaration import DESK, DeskRules, Relaxing
from chalicelib.desk.model import Agent, Need
from chalicelib.kernel.moments import DAY_MS, parse_moment
from chalicelib.routing.decide import decide
from chalicelib.routing.model import Caller, Decision, RouteRequest
from chalicelib.routing.policy import shipped_policy
from chalicelib.simulation.model import Contact, Work
from infra.desk.staff import CLOSES, HOUR_MS, INTENTS, MINUTE_MS, OPENS, Staff, chance, satisfaction

MIDNIGHT = parse_moment("2026-03-02T00:00:00+08:00")
WARM_UP_DAYS = 10
CONTACTS = 4_500
SEGMENTS: Mapping[str, tuple[float, Mapping[str, float]]] = {
    "regular": (0.62, {}),
    "newcomer": (0.14, {"newcomer": 0.9}),
    "senior": (0.10, {"elderly": 0.9}),
    "vip": (0.08, {"vip": 0.95}),
    "leaving": (0.06, {"churn_risk": 0.9}),
}
"""Segment → its share of contacts, and the tags by which the policy knows it."""
CHANNELS = {"chat": (0.60, 8.0, 5.0), "phone": (0.25, 6.0, 4.0), "email": (0.15, 7.0, None)}
"""Channel → its share, the mean minutes it takes, and the mean minutes that people wait before they leave."""
_BY_HOUR = (0.5, 1.1, 1.5, 0.9, 0.8, 1.0, 1.0, 0.9, 0.8, 1.1, 1.6, 0.8)
"""Arrivals in the hours that are open, by their mean: a peak before noon and one in the evening."""
_SPREAD = 0.7
"""Of the logarithm of handling times."""
_GOLDEN = 0.6180339887
RULES: DeskRules = msgspec.structs.replace(DESK, relaxing=Relaxing(callback_after_seconds=None))


class Chance(msgspec.Struct, frozen=True):
    """What is drawn for a contact before anybody is chosen, so that routers differ by their choices alone."""

    resolved: float
    length: float
    survey: float
    csat: float
    transfer: float
    answers: float


class Day(msgspec.Struct, frozen=True):
    """The contacts of a day, and what is drawn for each."""

    begins: int
    contacts: tuple[Contact, ...]
    chances: tuple[Chance, ...]


def make_day(seed: int, number: int, staff: Staff) -> Day:
    """A day of the seed's world; each has its own arrivals."""
    dice = Random(f"day/{seed}/{number}")  # noqa: S311 - repeatable, not secret
    begins = MIDNIGHT + number * DAY_MS
    times = sorted(_moment(dice, begins) for _ in range(round(dice.gauss(CONTACTS, math.sqrt(CONTACTS)))))
    contacts = tuple(_contact(key, at, staff, dice) for key, at in enumerate(times))
    return Day(begins, contacts, tuple(_chance(dice) for _ in contacts))


def demand() -> dict[str, float]:
    """Skill → the share of contacts that ask for it."""
    found: dict[str, float] = {}
    for intent, (often, _) in INTENTS.items():
        for segment, (share, _) in SEGMENTS.items():
            skill = sent(intent, segment, "chat").skill
            found[skill] = found.get(skill, 0.0) + often * share
    return found


@cache
def sent(intent: str, segment: str, channel: str) -> Decision:
    """Where the shipped policy sends a person of a segment with this intent, who asks for a human."""
    request = RouteRequest(channel=channel, purpose="service", profile_id="p_one", message="转人工", intent=intent)
    caller = Caller("p_one", tags=SEGMENTS[segment][1])
    return decide(shipped_policy(), request, caller, decision_id="simulated", now=MIDNIGHT + 12 * HOUR_MS)


def work_of(day: Day, staff: Staff) -> _Worker:
    """How each contact of the day would go with each agent."""
    return _Worker(day, staff)


class _Worker:
    def __init__(self, day: Day, staff: Staff) -> None:
        self._day, self._staff = day, staff

    def __call__(self, contact: Contact, agent: Agent, attempt: int) -> Work:
        drawn, need, staff = self._day.chances[contact.key], contact.need, self._staff
        skill = agent.skills.get(need.skill, 0)
        resolved = _again(drawn.resolved, attempt) < chance(staff, agent, need)
        minutes = CHANNELS[need.channel][1] * staff.pace[agent.agent_id] * (1.0 if skill else 1.25)
        minutes *= math.exp(_SPREAD * drawn.length - _SPREAD**2 / 2) * (
            1.0 if need.language in agent.languages else 1.4
        )
        liked = satisfaction(staff, agent, resolved=resolved) + 0.8 * drawn.csat
        transferred = _again(drawn.transfer, attempt) < (0.35 if not skill else 0.12 if skill < 3 else 0.03)
        return Work(
            handling_ms=round(minutes * MINUTE_MS * (0.4 if transferred else 1.0)),
            resolved=resolved and not transferred,
            csat=max(1, min(5, round(liked))) if drawn.survey < 0.3 and not transferred else None,
            transferred=transferred,
            answers=_again(drawn.answers, attempt) >= 0.02,
        )


def _again(drawn: float, attempt: int) -> float:
    """What is drawn for another attempt: as evenly spread, and as repeatable."""
    return (drawn + (attempt - 1) * _GOLDEN) % 1.0


def _moment(dice: Random, begins: int) -> int:
    hour = dice.choices(range(OPENS, CLOSES), _BY_HOUR)[0]
    return begins + hour * HOUR_MS + dice.randrange(HOUR_MS)


def _contact(key: int, at: int, staff: Staff, dice: Random) -> Contact:
    intent = dice.choices(list(INTENTS), [share for share, _ in INTENTS.values()])[0]
    segment = dice.choices(list(SEGMENTS), [share for share, _ in SEGMENTS.values()])[0]
    channel = dice.choices(list(CHANNELS), [share for share, _, _ in CHANNELS.values()])[0]
    patience = CHANNELS[channel][2]
    decision = sent(intent, segment, channel)
    need = Need(
        queue=decision.queue,
        skill=decision.skill,
        channel=channel,
        priority=decision.priority,
        intent=intent,
        language="en" if dice.random() < 0.08 else "zh",
        last_agent=dice.choice(staff.agents).agent_id if dice.random() < 0.3 else "",
    )
    return Contact(
        key=key,
        at=at,
        need=need,
        segment=segment,
        sla_ms=20_000 if channel != "email" else 4 * HOUR_MS,
        patience_ms=None if patience is None else round(dice.expovariate(1 / patience) * MINUTE_MS),
        overflow=("general",),
    )


def _chance(dice: Random) -> Chance:
    return Chance(dice.random(), dice.gauss(0, 1), dice.random(), dice.gauss(0, 1), dice.random(), dice.random())
