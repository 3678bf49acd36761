"""One trial of the desk: callers, agents and the schedule in eight processes with faults in them, and the sum of it all."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from multiprocessing import RawArray
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.desk.model import Agent, Conversation
from chalicelib.store.dynamo_desk import DynamoDesk
from chalicelib.store.dynamo_history import DynamoHistory
from tests.flows.world import TENANT_ID
from tests.proofs import desk_floor, desk_roles
from tests.proofs.crew import Worker, work_through
from tests.proofs.desk_accounts import Accounts, Beside, lost
from tests.proofs.desk_log import Log, api
from tests.proofs.desk_roles import DeskPlan
from tests.proofs.faults import CALLS, EVERYWHERE, IN_TRANSACTIONS
from tests.proofs.faults import KINDS as PLACES

DOORS, PHONES, SCHEDULES = 4, 3, 1
KINDS = (*EVERYWHERE, *IN_TRANSACTIONS, "unprocessed", "stale_read", "stale_index")
_STUCK_SECONDS = 120
_KILL_SHARE = 0.1
"""Of the rate of faults: jobs that are killed by the parent, wherever they are."""
_MOST_AT_ONCE = 240
"""Conversations at the desk at once: some dozens more than sixty agents have room for."""
_VANISH_SHARE = 0.03
_AWAY_SHARE = 0.03
_IDLE_SECONDS = 0.25
_BEFORE_SECONDS, _AFTER_SECONDS = 0.5, 0.1
"""A death so long before or after is told to have disturbed: it is noticed a moment later than it happens."""


class Tried(msgspec.Struct, frozen=True):
    """What is tried: how many routes, which faults how often, on a desk of how many agents and conversations at once."""

    routes: int
    rate: float
    seed: int = 0
    mutant: str = ""
    agents: Sequence[Agent] = desk_floor.agents()
    at_once: int = _MOST_AT_ONCE


class Ended(msgspec.Struct, frozen=True):
    """How a trial ended."""

    tried: Tried
    calls: int
    faults: Mapping[str, int]
    deaths: int
    writes: int
    states: Mapping[str, int]
    """How the conversations ended, and those that did not by their state."""
    lost: int
    """Conversations that were asked for and are nowhere."""
    undecided: int
    """Conversations without the decision that began them."""
    wrong: Mapping[str, int]
    at_rest: Sequence[str]
    beside: Sequence[Beside]
    disturbed: Sequence[Beside]
    answers: Mapping[str, int]
    longest_waits: Mapping[str, float]
    """Seconds that somebody waited at most, by channel."""
    most_waiting: int
    seconds: float


class Floor:
    """What the parent knows: who has asked, which agent says what and when."""

    def __init__(self, routes: int, log: Log, chance: random.Random) -> None:
        self.left = list(range(routes))
        self.routes, self.log, self.chance = routes, log, chance
        self.away = 0
        self.asked = 0
        self.deaths: list[float] = []
        self.answers: Counter[str] = Counter()
        self.called_back: set[str] = set()

    @property
    def all_asked(self) -> bool:
        """Whether every route was answered."""
        return self.asked == self.routes

    @property
    def all_ended(self) -> bool:
        """Whether every conversation is over."""
        return self.all_asked and self.log.ended.value >= self.routes

    def heard(self, said: tuple[str, str]) -> None:
        """Something that a process said aside."""
        self.called_back.add(said[1])


class AtDoors:
    """Routes, as long as no more than ``at_once`` are at the desk. One that failed or was not answered is asked again."""

    def __init__(self, floor: Floor, at_once: int) -> None:
        self._floor, self._at_once = floor, at_once

    def take(self) -> int | None:
        floor = self._floor
        if not floor.left or floor.asked - floor.log.ended.value >= self._at_once:
            return None
        return floor.left.pop()

    def settle(self, job: int, code: str) -> None:
        self._floor.answers[f"route {code}".strip()] += 1
        if code:
            self._floor.left.insert(0, job)
        else:
            self._floor.asked += 1

    def never_answered(self, job: int) -> None:
        self._floor.deaths.append(time.time())
        self._floor.left.insert(0, job)

    @property
    def is_done(self) -> bool:
        return self._floor.all_asked


class AtPhones:
    """Agents, one after the other: they renew their leases, answer what they hold, go away, or are heard of no more."""

    def __init__(self, floor: Floor, agents: Sequence[Agent], *, until_ended: bool) -> None:
        self._floor, self._until_ended = floor, until_ended
        self._agents = [one.agent_id for one in agents]
        self._renew_at = dict.fromkeys(self._agents, 0.0)
        self._silent_until = dict.fromkeys(self._agents, 0.0)
        self._idle_until = dict.fromkeys(self._agents, 0.0)
        self._turn = 0

    def take(self) -> tuple[str, str] | None:
        now, chance = time.time(), self._floor.chance
        for _ in self._agents:
            agent_id = self._agents[self._turn]
            self._turn = (self._turn + 1) % len(self._agents)
            if now < self._silent_until[agent_id]:
                continue
            if now < self._renew_at[agent_id]:
                if now < self._idle_until[agent_id]:
                    continue
                return agent_id, ""
            self._turn -= 1
            self._renew_at[agent_id] = now + desk_floor.RULES.lease_seconds / 3
            return self._says(agent_id, now, chance.random())
        return None

    def _says(self, agent_id: str, now: float, roll: float) -> tuple[str, str] | None:
        if self._until_ended or roll >= _VANISH_SHARE + _AWAY_SHARE:
            return agent_id, "available"
        if roll >= _VANISH_SHARE:
            self._renew_at[agent_id] = now + 1.0
            return agent_id, "away"
        self._silent_until[agent_id] = self._renew_at[agent_id] = now + desk_floor.RULES.lease_seconds * 1.5
        return None

    def settle(self, job: tuple[str, str], codes: Sequence[str]) -> None:
        self._floor.answers.update(f"agent {code}".strip() for code in codes)
        # Who had nothing to answer looks again after a moment.
        self._idle_until[job[0]] = 0.0 if codes else time.time() + _IDLE_SECONDS

    def never_answered(self, job: tuple[str, str]) -> None:
        self._floor.deaths.append(time.time())
        self._renew_at[job[0]] = 0.0

    @property
    def is_done(self) -> bool:
        return self._floor.all_ended if self._until_ended else self._floor.all_asked


class AtSchedule:
    """The schedule looks about every second."""

    def __init__(self, floor: Floor, *, until_ended: bool) -> None:
        self._floor, self._until_ended = floor, until_ended
        self._next = 0.0

    def take(self) -> str | None:
        return "look" if time.time() >= self._next else None

    def settle(self, job: str, looked: Any) -> None:
        self._floor.answers.update({f"schedule {code}": many for code, many in looked.failed.items()})
        self._next = time.time() + 1.0

    def never_answered(self, job: str) -> None:
        self._floor.deaths.append(time.time())

    @property
    def is_done(self) -> bool:
        return self._floor.all_ended if self._until_ended else self._floor.all_asked


def run(endpoint: str, tables: Mapping[str, str], tried: Tried) -> Ended:
    """Route so many conversations under faults and kills; then all is quiet until each of them is over."""
    began = time.monotonic()
    counts = [RawArray("L", CALLS + 1) for _ in range(DOORS + PHONES + SCHEDULES)]
    plan = DeskPlan(endpoint, tables, tried.rate, tried.seed, counts, tried.mutant, KINDS, tried.agents)
    desk = DynamoDesk(api(endpoint).call, tables["TABLE_DESK"], tables["TABLE_HISTORY"])
    with tempfile.TemporaryDirectory() as folder:
        log = Log(endpoint, tables["TABLE_DESK"], Path(folder) / "log")
        for one in tried.agents:
            assert desk.put_agent(TENANT_ID, one)
        floor = Floor(tried.routes, log, random.Random(tried.seed))
        deaths = _work(floor, plan, tried.at_once, until_ended=False)
        _work(floor, replace(plan, rate=0.0), tried.at_once, until_ended=True)
        entries = log.close()
    accounts = Accounts(tried.agents).read(entries)
    kept = _kept(desk, tried.routes)
    calm, disturbed = _apart(accounts.beside, floor.deaths)
    return Ended(
        tried=tried,
        calls=sum(one[CALLS] for one in counts),
        faults={kind: sum(one[PLACES.index(kind)] for one in counts) for kind in KINDS},
        deaths=deaths,
        writes=accounts.writes,
        states=Counter(one.ended_by or one.state for one in kept.values()),
        lost=tried.routes - len(kept),
        undecided=_undecided(DynamoHistory(api(endpoint).call, tables["TABLE_HISTORY"]), kept),
        wrong=accounts.wrong,
        at_rest=(*lost(accounts), *_differences(desk, accounts, kept, floor)),
        beside=calm,
        disturbed=disturbed,
        answers=floor.answers,
        longest_waits=accounts.longest_waits,
        most_waiting=accounts.most_waiting,
        seconds=time.monotonic() - began,
    )


def _work(floor: Floor, plan: DeskPlan, at_once: int, *, until_ended: bool) -> int:
    phones = AtPhones(floor, plan.agents, until_ended=until_ended)
    schedule = AtSchedule(floor, until_ended=until_ended)
    roles: list[tuple[Any, Any]] = [(AtDoors(floor, at_once), desk_roles.door(plan))] * DOORS
    roles += [(phones, desk_roles.phone(plan))] * PHONES + [(schedule, desk_roles.schedule(plan))] * SCHEDULES
    workers = [Worker(number, *role) for number, role in enumerate(roles)]
    share, stuck = plan.rate * _KILL_SHARE, _STUCK_SECONDS + floor.routes
    return work_through(workers, floor.heard, kill_share=share, chance=floor.chance, stuck_seconds=stuck)


def _kept(desk: DynamoDesk, routes: int) -> dict[str, Conversation]:
    """The conversations as the table has them."""
    found = (desk.conversation(TENANT_ID, desk_floor.key_of(number)) for number in range(routes))
    return {one.key: one for one in found if one is not None}


def _undecided(history: DynamoHistory, kept: Mapping[str, Conversation]) -> int:
    return sum(history.decision(TENANT_ID, one.decision_id) is None for one in kept.values())


def _differences(desk: DynamoDesk, accounts: Accounts, kept: Mapping[str, Conversation], floor: Floor) -> list[str]:
    """In words, where the tables are not what the log comes to, or anything is held at the end."""
    wrong: list[str] = []
    seats = desk.seats(TENANT_ID, list(accounts.seats))
    wrong += [
        f"{one.agent_id} has {one.free} of {one.units} free and holds {one.held}, and all is over"
        for one in seats.values()
        if (one.free, one.held) != (one.units, 0)
    ]
    if kept != accounts.conversations:
        wrong.append("conversations are not what the log says")
    if untold := [one for one in kept.values() if one.ended_by == "callback" and one.key not in floor.called_back]:
        wrong.append(f"{len(untold)} are to be called back, and nobody was told")
    return wrong


def _apart(beside: Sequence[Beside], deaths: Sequence[float]) -> tuple[list[Beside], list[Beside]]:
    """Those while which nobody died, and the others."""
    calm: list[Beside] = []
    disturbed: list[Beside] = []
    for one in beside:
        near = any(one.began - _BEFORE_SECONDS <= at <= one.ended + _AFTER_SECONDS for at in deaths)
        (disturbed if near else calm).append(one)
    return calm, disturbed
