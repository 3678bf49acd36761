"""Plays a desk through: a heap of what happens next, and the choice of agents that the real desk makes.

Nobody waits whom an agent with room could have: who comes is offered to everybody, and who frees a place is offered
to those who wait, in their order. So of those who wait only the agent who just became free needs to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush

from msgspec.structs import replace

from chalicelib.desk.ageing import order
from chalicelib.desk.capacity import cost_of
from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.model import Agent, Seat, Track
from chalicelib.desk.relax import next_step_at, step_at
from chalicelib.desk.score import ALL_INTENTS, best
from chalicelib.kernel.moments import Millis
from chalicelib.simulation.model import Contact, Desk, Ending, Moment, Served, Work
from chalicelib.simulation.waiting import Talk, Waiting

type Tracks = dict[str, dict[str, Track]]
type _Happening = tuple[Millis, int, Callable[..., None], tuple[object, ...]]

MOST_TRANSFERS = 2
NO_TRACK = Track()


def play(
    contacts: Iterable[Contact], desk: Desk, rules: DeskRules, tracks: Tracks, *, learn: bool = True
) -> list[Served]:
    """What becomes of every contact, in the order of their keys. ``tracks`` are added to where the desk learns."""
    return _Floor(desk, rules, tracks, learn=learn).play(contacts)


class _Floor:
    """The desk at one instant: seats, who waits, and what happens next."""

    def __init__(self, desk: Desk, rules: DeskRules, tracks: Tracks, *, learn: bool) -> None:
        self._desk, self._rules, self._tracks, self._learn = desk, rules, tracks, learn
        self._agents: Mapping[str, Agent] = {one.agent_id: one for one in desk.agents}
        self._seats = {one.agent_id: _empty(one) for one in desk.agents}
        self._freed = dict.fromkeys(self._agents, 0)
        self._waiting = Waiting()
        self._served: dict[int, Served] = {}
        self._next: list[_Happening] = []
        self._count = 0

    def play(self, contacts: Iterable[Contact]) -> list[Served]:
        for sitting in self._desk.sittings:
            self._later(sitting.begins, self._sits, sitting.agent_id, sitting.ends)
        for contact in contacts:
            place = order(contact.at, contact.need.priority, self._rules)
            self._later(contact.at, self._comes, Talk(contact, place))
        now = 0
        while self._next:
            now, _, happens, about = heappop(self._next)
            happens(now, *about)
        for talk in self._waiting:
            self._over(talk, "unanswered", now - talk.contact.at)
        return [self._served[key] for key in sorted(self._served)]

    def _later(self, at: Millis, happens: Callable[..., None], *about: object) -> None:
        self._count += 1
        heappush(self._next, (at, self._count, happens, about))

    def _sits(self, now: Millis, agent_id: str, ends: Millis) -> None:
        seat = self._seats[agent_id]
        self._seats[agent_id] = replace(seat, presence="available", lease_until=ends, idle_since=now)
        self._freed[agent_id] = now
        self._drain(now, agent_id)

    def _comes(self, now: Millis, talk: Talk) -> None:
        if not self._offer(now, talk, self._agents.values()):
            self._waits(now, talk)

    def _waits(self, now: Millis, talk: Talk) -> None:
        self._waiting.add(talk)
        if talk.is_timed:
            return
        talk.is_timed = True
        self._relaxes(now, talk)
        if talk.contact.patience_ms is not None:
            self._later(max(now, talk.contact.at + talk.contact.patience_ms), self._hangs_up, talk)

    def _relaxes(self, now: Millis, talk: Talk) -> None:
        """More agents may answer from here on; nobody answers any more when the last step is reached."""
        came, before = talk.contact.at, talk.relaxation
        talk.relaxation = step_at(came, self._rules, now)
        next_at = next_step_at(came, self._rules, now)
        if next_at:
            self._later(next_at, self._relaxes, talk)
        if not talk.is_waiting or talk.relaxation == before:
            return
        if talk.relaxation == "callback":
            self._waiting.take(talk)
            self._over(talk, "called_back", now - came)
        elif self._offer(now, talk, self._agents.values()):
            self._waiting.take(talk)

    def _hangs_up(self, now: Millis, talk: Talk) -> None:
        if talk.is_waiting and talk.waited is None:
            self._waiting.take(talk)
            self._over(talk, "hung_up", now - talk.contact.at)

    def _drain(self, now: Millis, agent_id: str) -> None:
        """Offer those who wait to an agent who just got room, in their order."""
        alone = (self._agents[agent_id],)
        for talk in self._waiting or ():
            if self._seats[agent_id].free <= 0:
                return
            if self._offer(now, talk, alone):
                self._waiting.take(talk)

    def _offer(self, now: Millis, talk: Talk, agents: Iterable[Agent]) -> bool:
        contact = talk.contact
        ranked = best(
            contact.need,
            agents,
            self._seats,
            self._tracks,
            self._rules,
            now,
            talk.relaxation,
            declined=talk.declined,
            overflow=contact.overflow,
            timezone=self._desk.timezone,
            language=self._desk.language,
            most=self._desk.scored,
        )
        if not ranked:
            return False
        moment = Moment(contact, self._agents, self._seats, self._freed, now, talk.relaxation, talk.declined)
        self._give(now, talk, self._desk.choose(moment, ranked))
        return True

    def _give(self, now: Millis, talk: Talk, agent_id: str) -> None:
        agent, seat, rules = self._agents[agent_id], self._seats[agent_id], self._rules
        cost = cost_of(talk.contact.need.channel, agent, rules)
        self._seats[agent_id] = replace(seat, free=seat.free - cost, held=seat.held + 1, idle_since=now)
        talk.attempt += 1
        work = self._desk.work(talk.contact, agent, talk.attempt)
        if not work.answers:
            self._later(now + rules.reservation_seconds * 1000, self._times_out, talk, agent_id, cost)
            return
        if talk.waited is None:
            talk.waited = now - talk.contact.at
        talk.busy = (*talk.busy, (agent_id, work.handling_ms))
        self._later(now + work.handling_ms, self._ends, talk, agent_id, work)
        self._later(now + work.handling_ms + rules.wrap_up_seconds * 1000, self._frees, agent_id, cost)

    def _times_out(self, now: Millis, talk: Talk, agent_id: str, cost: int) -> None:
        self._again(now, talk, agent_id)
        self._frees(now, agent_id, cost)

    def _ends(self, now: Millis, talk: Talk, agent_id: str, work: Work) -> None:
        if self._learn:
            learn(self._tracks, agent_id, talk.contact.need.intent, work)
        if work.transferred and talk.transfers < MOST_TRANSFERS:
            talk.transfers += 1
            self._again(now, talk, agent_id)
        else:
            self._over(talk, "answered", talk.waited or 0, agent_id, work)

    def _again(self, now: Millis, talk: Talk, agent_id: str) -> None:
        """Whoever is handed on goes to anybody else, or waits at their old place."""
        talk.declined = (*talk.declined, agent_id)
        if not self._offer(now, talk, self._agents.values()):
            self._waits(now, talk)

    def _frees(self, now: Millis, agent_id: str, cost: int) -> None:
        seat = self._seats[agent_id]
        self._seats[agent_id] = replace(seat, free=seat.free + cost, held=seat.held - 1)
        self._freed[agent_id] = now
        self._drain(now, agent_id)

    def _over(self, talk: Talk, ending: Ending, waited: Millis, agent_id: str = "", work: Work | None = None) -> None:
        self._served[talk.contact.key] = Served(
            contact=talk.contact,
            ending=ending,
            waited_ms=waited,
            agent_id=agent_id,
            resolved=work is not None and work.resolved,
            csat=work.csat if work is not None else None,
            transfers=talk.transfers,
            busy=talk.busy,
        )


def learn(tracks: Tracks, agent_id: str, intent: str, work: Work) -> None:
    """Add how a conversation went to an agent's record, of its intent and of all."""
    record = tracks.setdefault(agent_id, {})
    for key in {intent, ALL_INTENTS}:
        was = record.get(key, NO_TRACK)
        record[key] = Track(
            outcomes=was.outcomes + 1,
            resolved=was.resolved + work.resolved,
            surveys=was.surveys + (work.csat is not None),
            csat_sum=was.csat_sum + (work.csat or 0),
        )


def _empty(agent: Agent) -> Seat:
    """The seat of somebody who has not come yet."""
    return Seat(agent.agent_id, "offline", 0, agent.units, agent.units, 0, 0)
