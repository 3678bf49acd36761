"""One trial: doors, a queue, processes with faults in them, dead letters, one replay, and the sum of it all."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Mapping, Sequence
from multiprocessing import RawArray
from typing import Any

import msgspec

from chalicelib.flows.ingest_events import Report
from tests.flows.oracle import contributions_of, expected_bodies
from tests.flows.world import TENANT_ID, World, tenant_of
from tests.proofs import accounts, material
from tests.proofs.crew import Worker, work_through
from tests.proofs.faults import CALLS, KINDS
from tests.proofs.queueing import Letter, Queue
from tests.proofs.roles import Plan, ingester, reader, ticking

EVENTS, INGESTERS, READERS = 240, 4, 1
_BATCH = 10
_DOUBLED = 0.1
_KILL_SHARE = 0.5
"""Of the rate of faults: jobs that are killed by the parent, wherever they are."""


_TENANT = tenant_of(TENANT_ID)
FORGETFUL = "acknowledged first"
"""The mutant of the queue: a message is taken off it whatever became of it."""


class QueueDesk:
    """Batches of a queue for one worker; what is not answered is handed out again, unless it is ``forgetful``."""

    def __init__(self, queue: Queue, lane: int, reports: list[Any], *, forgetful: bool = False) -> None:
        self._queue, self._lane, self._reports, self._forgetful = queue, lane, reports, forgetful

    def take(self) -> list[tuple[str, str]] | None:
        batch = self._queue.receive(self._lane, _BATCH)
        self._batch: list[Letter] = batch
        return [(one.message_id, one.body) for one in batch] or None

    def settle(self, job: Any, report: Report) -> None:
        self._reports.append(report)
        self._queue.settle(self._batch, () if self._forgetful else report.failed)

    def never_answered(self, job: Any) -> None:
        if self._forgetful:
            self._queue.settle(self._batch, ())
        else:
            self._queue.never_answered(self._batch)

    @property
    def is_done(self) -> bool:
        return self._queue.is_drained


class LookingDesk:
    """Somebody asks for people as long as the queue is not drained."""

    def __init__(self, queue: Queue, chance: random.Random, who: Sequence[tuple[str, str]]) -> None:
        self._queue, self._chance, self._who = queue, chance, who
        self.seen: list[tuple[str, int, int]] = []

    def take(self) -> tuple[str, str]:
        return self._chance.choice(self._who)

    def settle(self, job: Any, seen: tuple[str, int, int]) -> None:
        self.seen.append(seen)

    def never_answered(self, job: Any) -> None:
        """Nobody waits for it."""

    @property
    def is_done(self) -> bool:
        return self._queue.is_drained


class Ended(msgspec.Struct, frozen=True):
    """How a trial ended: with its faults still on, and after the one replay of the dead letters."""

    rate: float
    mutant: str
    seed: int
    faults: Mapping[str, int]
    calls: int
    deaths: int
    hand_outs: int
    chaotic: accounts.Account
    final: accounts.Account
    equal_before_replay: bool
    wrong: tuple[str, ...]
    """What differs from the pure fold of all that was accepted; empty when all is byte-equal."""
    seen: Collection[tuple[str, int, int]]
    reported: int
    seconds: float

    @property
    def is_equal(self) -> bool:
        """Whether bodies, rows and announcements are what they must be, before and after the replay."""
        return self.equal_before_replay and not self.wrong

    @property
    def adds_up(self) -> bool:
        """Whether every item is accounted for, before and after the replay."""
        return self.chaotic.adds_up and self.final.adds_up


def run(
    endpoint: str, tables: Mapping[str, str], *, rate: float, seed: int, mutant: str = "", over_limits: bool = True
) -> Ended:
    """Deliver the same shuffled events from several processes under faults, until the queue is drained."""
    began = time.monotonic()
    chance = random.Random(seed)
    world = World()
    events = material.events_of(chance, EVENTS, over_limits=over_limits)
    doors = material.Doors(world)
    sent = doors.sent(events, chance)
    queue = Queue(chance, doubled=_DOUBLED)
    items = {queue.send(body, lane): named for lane, body, named in sent.bodies}
    counts = [RawArray("L", CALLS + 1) for _ in range(INGESTERS + READERS)]
    plan = Plan(endpoint, tables, rate, seed, counts, mutant)
    published: set[tuple[str, str, int]] = set()
    reports: list[Report] = []
    looking = LookingDesk(queue, chance, [who for person in material.people(8) for who in person])

    deaths = _drain(plan, queue, looking, reports, published, chance)
    faults = {kind: sum(one[place] for one in counts) for place, kind in enumerate(KINDS)}
    calls = sum(one[CALLS] for one in counts)
    chaotic_store = accounts.read_back(endpoint, tables)
    chaotic = accounts.account(sent, chaotic_store, [items[one.message_id] for one in queue.dead])
    applied = [one for one in events if doors.item(one) in chaotic_store.events]
    equal_before = _differences(chaotic_store, accounts.straight(applied, chaotic_store.secrets)) == ()

    queue.replay()
    calm = msgspec.structs.replace(plan, rate=0.0)
    _drain(calm, queue, looking, reports, published, chance)
    stored = accounts.read_back(endpoint, tables)
    wrong = _differences(stored, accounts.straight(events, stored.secrets))
    if missing := accounts.announced(stored.events.values()) - published:
        wrong += (f"{len(missing)} changes were never published",)
    return Ended(
        rate=rate,
        mutant=mutant,
        seed=seed,
        faults=faults,
        calls=calls,
        deaths=deaths,
        hand_outs=queue.handed_out,
        chaotic=chaotic,
        final=accounts.account(sent, stored, [items[one.message_id] for one in queue.dead]),
        equal_before_replay=equal_before,
        wrong=wrong,
        seen=looking.seen,
        reported=sum(one.applied for one in reports),
        seconds=time.monotonic() - began,
    )


def _drain(
    plan: Plan,
    queue: Queue,
    looking: LookingDesk,
    reports: list[Report],
    published: set[tuple[str, str, int]],
    chance: random.Random,
) -> int:
    now = ticking(time.time())
    desks = [QueueDesk(queue, one, reports, forgetful=plan.mutant == FORGETFUL) for one in range(INGESTERS)]
    workers = [Worker(one, desk, ingester(plan, now)) for one, desk in enumerate(desks)]
    workers += [Worker(INGESTERS + one, looking, reader(plan, now)) for one in range(READERS)]
    return work_through(workers, published.update, kill_share=plan.rate * _KILL_SHARE, chance=chance)


def _differences(stored: accounts.Stored, should: World) -> tuple[str, ...]:
    """In words, where the tables are not what the same events come to without chaos."""
    wrong = []
    markers = {key.hex(): row for (_, key), row in should.history.markers.items()}
    if stored.events.keys() != markers.keys():
        wrong.append(f"{len(stored.events.keys() ^ markers.keys())} events are there or are not")
    else:
        differing = [key for key, row in stored.events.items() if row.content != markers[key].content]
        wrong += [f"{len(differing)} event rows differ"] if differing else []
    bodies = expected_bodies(contributions_of(should.history.markers.values()), should.keys.index(_TENANT))
    if stored.bodies != bodies:
        wrong.append(f"bodies differ: {len(stored.bodies)} people, {len(bodies)} expected")
    leads = {key: row.profile_id for (_, key), row in should.profiles.identifiers.items()}
    if {key: row.profile_id for key, row in stored.identifiers.items()} != leads:
        wrong.append("identifiers lead elsewhere")
    if accounts.facets_of(stored.bodies.values()) != accounts.folded(stored.events.values()):
        wrong.append("facets are not the fold of the stored contributions")
    return tuple(wrong)
