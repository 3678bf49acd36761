"""One trial: doors, a queue, processes with faults in them, dead letters, one replay, and the sum of it all."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Mapping
from multiprocessing import RawArray

import msgspec
from msgspec.structs import replace

from chalicelib.flows.ingest_events import Report
from tests.flows.oracle import contributions_of, expected_bodies
from tests.flows.world import TENANT_ID, World, tenant_of
from tests.proofs import accounts, material
from tests.proofs.crew import Worker, work_through
from tests.proofs.desks import CommandDesk, LookingDesk, QueueDesk
from tests.proofs.faults import CALLS, KINDS
from tests.proofs.queueing import Queue
from tests.proofs.roles import Plan, ingester, operator, reader, ticking

EVENTS, COMMANDS = 180, 40
INGESTERS, OPERATORS, READERS = 4, 2, 1
FORGETFUL = "acknowledged first"
"""The mutant of the queue: a message is taken off it whatever became of it."""
_DOUBLED = 0.1
_KILL_SHARE = 0.5
"""Of the rate of faults: jobs that are killed by the parent, wherever they are."""
_TENANT = tenant_of(TENANT_ID)


class Ended(msgspec.Struct, frozen=True):
    """How a trial ended: with its faults still on, and after the one replay of the dead letters."""

    rate: float
    mutant: str
    faults: Mapping[str, int]
    calls: int
    deaths: int
    commands: Mapping[str, int]
    """How the operators' commands ended: kind and, where it was refused, the code."""
    chaotic: accounts.Account
    final: accounts.Account
    wrong: tuple[str, ...]
    """What differs from the pure fold of all that was accepted; empty when all is byte-equal."""
    seen: Collection[tuple[str, int, int]]
    seconds: float

    @property
    def adds_up(self) -> bool:
        """Whether every item is accounted for, before and after the replay."""
        return self.chaotic.adds_up and self.final.adds_up


class Trial:
    """What is sent, and the processes that it is sent to."""

    def __init__(self, endpoint: str, tables: Mapping[str, str], *, rate: float, seed: int, mutant: str = "") -> None:
        self.chance = random.Random(seed)
        self.events = material.events_of(self.chance, EVENTS)
        self.doors = material.Doors(World())
        self.sent = self.doors.sent(self.events, self.chance)
        self.queue = Queue(self.chance, doubled=_DOUBLED)
        self.items = {self.queue.send(body, lane): named for lane, body, named in self.sent.bodies}
        self.counts = [RawArray("L", CALLS + 1) for _ in range(INGESTERS + OPERATORS + READERS)]
        self.plan = Plan(endpoint, tables, rate, seed, self.counts, mutant)
        self.published: set[tuple[str, str, int]] = set()
        self.reports: list[Report] = []
        self.commands = CommandDesk(material.commands_of(self.chance, self.events, COMMANDS), self.queue)
        self.looking = LookingDesk(self.queue, self.chance, [who for person in material.people(8) for who in person])

    def drain(self, rate: float) -> int:
        """Until nothing is left in the queue and no command to be given. Returns the deaths."""
        plan, now = replace(self.plan, rate=rate), ticking(time.time())
        forgetful = plan.mutant == FORGETFUL
        desks = [QueueDesk(self.queue, one, self.reports, forgetful=forgetful) for one in range(INGESTERS)]
        roles = [(desk, ingester(plan, now)) for desk in desks]
        roles += [(self.commands, operator(plan, now))] * OPERATORS + [(self.looking, reader(plan, now))] * READERS
        workers = [Worker(number, *role) for number, role in enumerate(roles)]
        return work_through(workers, self.published.update, kill_share=rate * _KILL_SHARE, chance=self.chance)

    def stored(self) -> accounts.Stored:
        """What the tables hold now."""
        return accounts.read_back(self.plan.endpoint, self.plan.tables)

    def account(self, stored: accounts.Stored) -> accounts.Account:
        """What became of the items that were accepted."""
        return accounts.account(self.sent, stored, [self.items[one.message_id] for one in self.queue.dead])


def run(endpoint: str, tables: Mapping[str, str], *, rate: float, seed: int, mutant: str = "") -> Ended:
    """Deliver the same shuffled events from several processes under faults, until the queue is drained."""
    began = time.monotonic()
    trial = Trial(endpoint, tables, rate=rate, seed=seed, mutant=mutant)
    deaths = trial.drain(rate)
    faults = {kind: sum(one[place] for one in trial.counts) for place, kind in enumerate(KINDS)}
    calls = sum(one[CALLS] for one in trial.counts)
    stored = trial.stored()
    chaotic = trial.account(stored)
    applied = [one for one in trial.events if trial.doors.item(one) in stored.events]
    wrong = [f"before the replay: {one}" for one in differences(stored, accounts.straight(applied, stored.secrets))]

    trial.queue.replay()
    trial.commands.ask_again()
    trial.drain(0.0)
    stored = trial.stored()
    wrong += differences(stored, accounts.straight(trial.events, stored.secrets))
    if missing := accounts.announced(stored) - trial.published:
        wrong.append(f"{len(missing)} changes were never published")
    return Ended(
        rate=rate,
        mutant=mutant,
        faults=faults,
        calls=calls,
        deaths=deaths,
        commands=trial.commands.ended,
        chaotic=chaotic,
        final=trial.account(stored),
        wrong=tuple(wrong),
        seen=trial.looking.seen,
        seconds=time.monotonic() - began,
    )


def differences(stored: accounts.Stored, should: World) -> list[str]:
    """In words, where the tables are not what the same events and operators' words come to without chaos."""
    wrong = []
    rows = {key.hex(): row for (_, key), row in should.history.markers.items()}
    if stored.events.keys() != rows.keys():
        wrong.append(f"{len(stored.events.keys() ^ rows.keys())} events are there or are not")
    elif any(row.content != rows[key].content for key, row in stored.events.items()):
        wrong.append("event rows differ")
    bodies = expected_bodies(contributions_of(rows.values()), should.keys.index(_TENANT), stored.ties)
    if stored.bodies != bodies:
        wrong.append(f"bodies differ: {len(stored.bodies)} people, {len(bodies)} expected")
    leads = accounts.leads_of(bodies)
    if {key: row.profile_id for key, row in stored.identifiers.items() if row.profile_id} != leads:
        wrong.append("identifiers lead elsewhere")
    if stored.kept_ties != stored.ties:
        wrong.append("what operators said is not what the profiles keep")
    if accounts.facets_of(stored.bodies.values()) != accounts.folded(stored.events.values()):
        wrong.append("facets are not the fold of the stored contributions")
    return wrong
