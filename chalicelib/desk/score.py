"""Which agent fits a conversation best: a sum of weighted parts, each 0 to 1. It runs on the path of every route."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.model import HIGHEST_PROFICIENCY, Agent, AgentScore, Need, Relaxation, Seat, Track
from chalicelib.desk.shifts import in_shift
from chalicelib.kernel.moments import Millis

MOST_SCORED = 4
"""How many are shown: who is offered the conversation, and the runners-up of a decision."""
HALF_IDLE_MS = 300_000
"""So long without new work counts half of what waiting for work can count."""
ALL_INTENTS = ""
"""The key under which an agent's record over all intents stands."""
LEAST_PRIOR = 1e-9
"""A prior of 0 takes a record as it stands, and everybody's for who has none."""
UNKNOWN = 0.5
"""What nobody has a record of says nothing for or against anybody."""
PARTS = ("skill", "load", "resolution", "csat", "last_agent", "language", "wait")

type Tracks = Mapping[str, Mapping[str, Track]]
"""Agent → intent → how they did."""
type _Candidate = tuple[Agent, Seat, int]
"""An agent, the seat, and what the conversation would take of it."""
type _Ranked = tuple[float, Millis, str, int]
"""The score taken from 0, when work was last given, the agent's id, and the place among the candidates."""

_NO_TRACK = Track()


class _Scale(msgspec.Struct):
    """What all candidates for one conversation are measured by. ``language``: of agents who list none."""

    weights: tuple[float, ...]
    need: Need
    intent: str
    prior: float
    resolved: float
    csat: float
    now: Millis
    language: str


def best(
    need: Need,
    agents: Iterable[Agent],
    seats: Mapping[str, Seat],
    tracks: Tracks,
    rules: DeskRules,
    now: Millis,
    relaxation: Relaxation,
    *,
    declined: Collection[str] = (),
    overflow: Collection[str] = (),
    timezone: str = "UTC",
    language: str = "",
    most: int = MOST_SCORED,
) -> tuple[AgentScore, ...]:
    """The agents who may take it now, best first; equal ones by who was given work longest ago, then by id.

    ``declined`` are never asked again. ``overflow`` are the skills of the queues that this one flows over to;
    ``timezone`` and ``language`` are the policy's, for agents who list none.
    """
    open_to = _candidates(need, agents, seats, rules, now, relaxation, declined, overflow, timezone)
    if not open_to:
        return ()
    scale = _scale(need, rules, tracks, now, language)
    ranked = _ranked(open_to, tracks, scale)
    return tuple(_shown(-minus, open_to[place], tracks, scale) for minus, _, _, place in ranked[:most])


def _candidates(
    need: Need,
    agents: Iterable[Agent],
    seats: Mapping[str, Seat],
    rules: DeskRules,
    now: Millis,
    relaxation: Relaxation,
    declined: Collection[str],
    overflow: Collection[str],
    timezone: str,
) -> list[_Candidate]:
    """Who is there, has room for it, may be asked at this step, and did not decline; with what it costs each."""
    if relaxation == "callback":
        return []
    least = rules.skilled_from if relaxation == "skilled" else 1
    flows_over = overflow if relaxation == "overflow" else ()
    asked, channel, usual = need.skill, need.channel, rules.costs.get(need.channel, rules.cost)
    found = []
    for agent in agents:
        skills = agent.skills
        if skills.get(asked, 0) < least and not (flows_over and any(skill in skills for skill in flows_over)):
            continue
        agent_id, costs = agent.agent_id, agent.costs
        seat = seats.get(agent_id)
        if seat is None or seat.presence != "available" or seat.lease_until <= now:
            continue
        cost = costs.get(channel, usual) if costs else usual
        if seat.free < cost or agent_id in declined:
            continue
        if not agent.shifts or in_shift(agent, now, timezone):
            found.append((agent, seat, cost))
    return found


def _scale(need: Need, rules: DeskRules, tracks: Tracks, now: Millis, language: str) -> _Scale:
    """What all candidates are measured by: weights that sum to 1, and everybody's record as the prior of each."""
    weights = msgspec.structs.astuple(rules.weights)
    whole = sum(weights) or 1.0
    intent, resolution, csat = _everybody(need.intent, tracks)
    prior = max(rules.prior, LEAST_PRIOR)
    return _Scale(
        weights=tuple(weight / whole for weight in weights),
        need=need,
        intent=intent,
        prior=prior,
        resolved=prior * resolution,
        csat=prior * csat,
        now=now,
        language=language,
    )


def _everybody(intent: str, tracks: Tracks) -> tuple[str, float, float]:
    """The intent to look records up by, and everybody's resolution and satisfaction at it.

    An intent that nobody has a record of is judged by all that was done.
    """
    rows = [of_agent[intent] for of_agent in tracks.values() if intent in of_agent]
    if not rows and intent != ALL_INTENTS:
        return _everybody(ALL_INTENTS, tracks)
    outcomes = resolved = surveys = 0
    points = 0.0
    for row in rows:
        outcomes += row.outcomes
        resolved += row.resolved
        surveys += row.surveys
        points += row.csat_sum
    csat = (points / surveys - 1) / 4 if surveys else UNKNOWN
    return intent, resolved / outcomes if outcomes else UNKNOWN, csat


def _ranked(open_to: Sequence[_Candidate], tracks: Tracks, scale: _Scale) -> list[_Ranked]:
    """The candidates best first: the score less than 0, by what equal ones go, and the place among the candidates.

    The score is the sum of ``_values`` times the weights, added in the order of ``PARTS``: kept decisions are made again from it.
    It is spelled out because it is done for every agent of a queue; what those share who list no language, and who
    have no record, is reckoned once.
    """
    w_skill, w_load, w_resolution, w_csat, w_last, w_language, w_wait = scale.weights
    need, now, prior, resolved, csat = scale.need, scale.now, scale.prior, scale.resolved, scale.csat
    skill, last_agent, asked, intent = need.skill, need.last_agent, need.language, scale.intent
    usual = w_resolution * (resolved / prior), w_csat * (csat / prior)
    speaks, speaks_not = w_language * True, w_language * False
    unlisted = speaks if not asked or asked == (scale.language or asked) else speaks_not
    found = []
    for place, (agent, seat, cost) in enumerate(open_to):
        agent_id, languages, idle_since = agent.agent_id, agent.languages, seat.idle_since
        of_agent = tracks.get(agent_id)
        track = of_agent.get(intent) if of_agent else None
        if track is None:
            does, pleases = usual
        else:
            does = w_resolution * ((track.resolved + resolved) / (track.outcomes + prior))
            pleases = w_csat * (((track.csat_sum - track.surveys) / 4 + csat) / (track.surveys + prior))
        idle = now - idle_since if now > idle_since else 0
        score = (
            w_skill * (agent.skills.get(skill, 0) / HIGHEST_PROFICIENCY)
            + w_load * ((seat.free - cost) / (seat.units or 1))
            + does
            + pleases
            + w_last * (agent_id == last_agent)
            + (unlisted if not languages or not asked else speaks if asked in languages else speaks_not)
            + w_wait * (idle / (idle + HALF_IDLE_MS))
        )
        found.append((-score, idle_since, agent_id, place))
    found.sort()
    return found


def _values(one: _Candidate, tracks: Tracks, scale: _Scale) -> tuple[float, ...]:
    """The value of each part, in the order of ``PARTS``. A record is drawn to everybody's as far as it is short:
    (sum + prior x everybody's mean) / (n + prior). Answers of 1 to 5 become 0 to 1.
    """
    agent, seat, cost = one
    need, prior = scale.need, scale.prior
    of_agent = tracks.get(agent.agent_id)
    track = of_agent.get(scale.intent, _NO_TRACK) if of_agent else _NO_TRACK
    asked, idle = need.language, max(0, scale.now - seat.idle_since)
    speaks = not asked or asked in (agent.languages or (scale.language or asked,))
    return (
        agent.skills.get(need.skill, 0) / HIGHEST_PROFICIENCY,
        (seat.free - cost) / (seat.units or 1),
        (track.resolved + scale.resolved) / (track.outcomes + prior),
        ((track.csat_sum - track.surveys) / 4 + scale.csat) / (track.surveys + prior),
        agent.agent_id == need.last_agent,
        speaks,
        idle / (idle + HALF_IDLE_MS),
    )


def _shown(score: float, one: _Candidate, tracks: Tracks, scale: _Scale) -> AgentScore:
    """The score with its parts, which are spelled out for those alone who are shown."""
    values = zip(PARTS, scale.weights, _values(one, tracks, scale), strict=True)
    parts = {name: round(weight * value, 4) for name, weight, value in values}
    return AgentScore(one[0].agent_id, round(score, 4), parts)
