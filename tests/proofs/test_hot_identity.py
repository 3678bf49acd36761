"""P12: ten thousand events on one identity from eight processes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.aws.retrying import RetryPolicy, wait
from chalicelib.flows.admission import Message
from chalicelib.flows.ingest_events import ATTEMPTS, Report, ingest_events
from chalicelib.flows.services import Patience
from chalicelib.kernel.codec import decode
from chalicelib.profiles.model import Body
from infra.dynamodb_local import Running
from tests.flows.world import World, paid
from tests.proofs import accounts
from tests.proofs.crew import Role, Say, Worker, work_through
from tests.proofs.desks import QueueDesk
from tests.proofs.faults import FaultyApi, Lock
from tests.proofs.material import Doors
from tests.proofs.queueing import Queue
from tests.proofs.roles import Plan, ingestion, ticking

pytestmark = pytest.mark.proof

EVENTS, WRITERS, PER_MESSAGE = 10_000, 8, 10


class Worked(msgspec.Struct):
    """A batch's report, and what it took: how often each call was sent, and how many transactions."""

    report: Report
    sent: list[int]
    transactions: int

    @property
    def failed(self) -> Mapping[str, str]:
        return self.report.failed


def ingester(plan: Plan, now: Callable[[], int], lock: Lock) -> Callable[[int, Say], Role]:
    def opened(number: int, say: Say) -> Role:
        api = FaultyApi(plan.endpoint, one_at_a_time=lock, retry=RetryPolicy())
        patience = Patience(pause=wait, random=random.Random(number).random)
        services = replace(ingestion(plan, api, lambda _: None), patience=patience)

        def work(batch: Sequence[tuple[str, str]]) -> Worked:
            api.attempts.clear()
            report = ingest_events([Message(*one) for one in batch], services, now())
            operations = [operation for operation, _ in api.attempts]
            return Worked(report, [sent for _, sent in api.attempts], operations.count("TransactWriteItems"))

        return work

    return opened


def spread(values: Sequence[int]) -> str:
    """Median, the 99th of a hundred, and the most."""
    ordered = sorted(values)
    return f"p50 {ordered[len(ordered) // 2]}, p99 {ordered[len(ordered) * 99 // 100]}, max {ordered[-1]}"


def test_hot_identity__ten_thousand_events_from_eight_processes__all_are_there(
    database: Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None]
) -> None:
    """Nothing is lost or counted twice, and no message is tried so often that the queue gives it up."""
    tables, chance = new_tables(), random.Random(12)
    orders = [
        paid("o1", "1.00", id=f"hot-{number}", days_ago=number % 60, channel="shop", source="s_web")
        for number in range(EVENTS)
    ]
    world = World()
    queue = Queue(chance)
    sent = Doors(world).sent(orders, chance, copies=1, poison=0)
    for number, (_, body, _) in enumerate(sent.bodies):
        queue.send(body, lane=number % WRITERS)
    reports: list[Any] = []
    plan = Plan(database.endpoint, tables, 0.0, 12, ())
    now = ticking(time.time())
    lock = get_context("fork").Lock()
    workers = [Worker(one, QueueDesk(queue, one, reports), ingester(plan, now, lock)) for one in range(WRITERS)]
    began = time.monotonic()
    work_through(workers, lambda _: None, kill_share=0.0, chance=chance)
    seconds = time.monotonic() - began

    stored = accounts.read_back(database.endpoint, tables)
    ((_, body),) = stored.bodies.items()
    (facet,) = decode(body, Body).facets.values()
    sends = [one for worked in reports for one in worked.sent]
    show(
        f"hot identity: {EVENTS} events, {WRITERS} processes, {seconds:.0f} s; counted {facet.series['orders_paid'].count};"
        f" dead {len(queue.dead)}; receives per message at most {queue.most_received} of 5; batches {len(reports)},"
        f" of which {sum(bool(one.failed) for one in reports)} were put back in part"
    )
    show(
        f"  times a call was sent: {spread(sends)}; transactions per batch: {spread([one.transactions for one in reports])}"
    )
    assert facet.series["orders_paid"].count == len(stored.events) == EVENTS
    assert sum(one.report.applied for one in reports) == EVENTS
    assert queue.dead == []
    assert max(sends) <= 6
    assert max(one.transactions for one in reports) <= ATTEMPTS * EVENTS
