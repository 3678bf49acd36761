"""Who would sit at the desk, and when: the roster as it is, and with agents more, fewer, or of other skills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.desk.model import Agent, Proficiency
from chalicelib.kernel.moments import HOUR_MS, Millis
from chalicelib.kernel.names import AGENT_PATTERN, WORD_PATTERN
from chalicelib.simulation.model import Sitting
from chalicelib.simulation.past import PastContact

PAUSE_MS = 4 * HOUR_MS
"""Who has no shifts was there while they answered; nothing answered for so long, they had gone."""

MOST_RESKILLED, MOST_SKILLS = 500, 60
"""Agents of other skills, and skills of one: the change is kept with its job, in one item."""

type _Word = Annotated[str, msgspec.Meta(pattern=WORD_PATTERN)]
type _AgentId = Annotated[str, msgspec.Meta(pattern=AGENT_PATTERN)]


class StaffChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``agents`` more (or fewer, below 0), as those who have ``skill`` where that is given; other skills of some agents."""

    agents: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] = 0
    skill: _Word | None = None
    skills: Annotated[
        dict[_AgentId, Annotated[dict[_Word, Proficiency], msgspec.Meta(max_length=MOST_SKILLS)]],
        msgspec.Meta(max_length=MOST_RESKILLED),
    ] = {}


class Staffed(msgspec.Struct, frozen=True):
    """Agents with the hours they sit there. ``like``: who was added → the agent they are a copy of."""

    agents: tuple[Agent, ...]
    sittings: tuple[Sitting, ...]
    like: dict[str, str] = {}


def staffed(
    agents: Iterable[Agent], past: Sequence[PastContact], begins: Millis, ends: Millis, timezone: str
) -> Staffed:
    """The roster over a window: by shifts, and for who declared none by what they answered."""
    roster = tuple(sorted(agents, key=lambda one: one.agent_id))
    answered: dict[str, list[tuple[Millis, Millis]]] = {}
    for one in past:
        if one.agent_id:
            span = (one.at, one.at + (one.handling_seconds or 0) * 1000)
            answered.setdefault(one.agent_id, []).append(span)
    sittings: list[Sitting] = []
    for agent in roster:
        zone = agent.timezone or timezone
        spans = _shifts(agent, begins, ends, zone) if agent.shifts else _answering(answered.get(agent.agent_id, ()))
        sittings += [Sitting(agent.agent_id, *span) for span in spans]
    return Staffed(roster, tuple(sittings))


def changed(was: Staffed, change: StaffChange) -> Staffed:
    """The desk with a change of its agents. Copies sit the hours of those they are copies of."""
    agents = [
        msgspec.structs.replace(one, skills={**one.skills, **change.skills.get(one.agent_id, {})}) for one in was.agents
    ]
    there = {one.agent_id for one in was.sittings}
    among = [one for one in agents if one.agent_id in there and (change.skill is None or change.skill in one.skills)]
    if change.agents < 0:
        gone = _spread(among, -change.agents)
        agents = [one for one in agents if one.agent_id not in gone]
    like: dict[str, str] = {}
    for place in range(change.agents if among else 0):
        model = among[place % len(among)]
        # No declared agent's id has a "+" in it.
        copy = msgspec.structs.replace(model, agent_id=f"{model.agent_id}+{place // len(among) + 1}")
        agents.append(copy)
        like[copy.agent_id] = model.agent_id
    kept = {one.agent_id for one in agents}
    sittings = [one for one in was.sittings if one.agent_id in kept]
    sittings += [
        Sitting(id_, one.begins, one.ends)
        for id_, model_id in like.items()
        for one in was.sittings
        if one.agent_id == model_id
    ]
    return Staffed(tuple(agents), tuple(sittings), like)


def _spread(agents: Sequence[Agent], many: int) -> set[str]:
    """So many agents, evenly out of the list, so that no shift loses all of its own."""
    many = min(many, len(agents))
    return {agents[place * len(agents) // many].agent_id for place in range(many)}


def _answering(spans: Iterable[tuple[Millis, Millis]]) -> list[tuple[Millis, Millis]]:
    """From the first to the last of what was answered, without long pauses."""
    found: list[tuple[Millis, Millis]] = []
    for begins, ends in sorted(spans):
        if found and begins - found[-1][1] < PAUSE_MS:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found


def _shifts(agent: Agent, begins: Millis, ends: Millis, timezone: str) -> list[tuple[Millis, Millis]]:
    """The agent's shifts within a window, as instants."""
    zone = ZoneInfo(timezone)
    first = datetime.fromtimestamp(begins // 1000, UTC).astimezone(zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(ends // 1000, UTC).astimezone(zone).date()
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for shift in agent.shifts:
            if day.weekday() in shift.weekdays:
                starts, stops = shift.start_minute, shift.end_minute
                longer = 0 if starts < stops else 1
                span = (_instant(midnight, starts, 0), _instant(midnight, stops, longer))
                if span[0] < ends and span[1] > begins:
                    found.append((max(span[0], begins), min(span[1], ends)))
    return sorted(found)


def _instant(midnight: datetime, minutes: int, days: int) -> Millis:
    return int((midnight + timedelta(days=days, minutes=minutes)).timestamp() * 1000)
