"""Dry run, then publish: what was foretold of 20,000 people is what happens, also when workers are killed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from multiprocessing.sharedctypes import RawArray

import pytest

from chalicelib.flows.open_job import APPLY_SECONDS
from infra import dynamodb_local
from tests.flows.world import NOW
from tests.proofs import dry_run
from tests.proofs.crew import Worker, work_through
from tests.proofs.dry_run import BUYER, DRAFTS, PUBLISHED, TROUBLED, Desk, Trial
from tests.proofs.faults import CALLS

pytestmark = pytest.mark.proof

PEOPLE = 20_000
WORKERS = 2


def test_publish__of_what_was_tried__is_what_was_foretold(
    database: dynamodb_local.Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None]
) -> None:
    """The same people in the forecast, in the published changes, and in what reads answer before and after."""
    begun = time.monotonic()
    trial = trial_of(database, new_tables(), rate=0.05)
    calm = trial.calm()
    dry_run.store_people(calm.call, trial.tables, PEOPLE)
    jobs = dry_run.services(trial, calm, lambda _: None, PUBLISHED)
    stored = time.monotonic()
    _, deaths = run(trial, dry_run.open_dry_run(jobs))
    tried = time.monotonic()
    dry = dry_run.job(jobs, "dry_run_1")
    heard, more_deaths = run(trial, dry_run.open_publish(jobs))
    applied = dry_run.job(jobs, "apply_2")
    told_at = time.monotonic()
    assert dry.result is not None and applied.result is not None
    assert dry.result.people == applied.result.people == PEOPLE
    foretold, told = dry_run.foretold(dry), dry_run.told(heard)
    at = NOW + APPLY_SECONDS * 1000
    now_published = {**PUBLISHED, **{(one.kind, one.id): one for one in DRAFTS}}
    before = dry_run.read(calm.call, trial.tables, PEOPLE, PUBLISHED, at)
    after = dry_run.read(calm.call, trial.tables, PEOPLE, now_published, at)
    happened = {tag: (after[tag] - before[tag], before[tag] - after[tag]) for tag in dry_run.TAGS}
    assert foretold == told == happened
    gained, lost = foretold[BUYER]
    assert len(gained) > 1_000 and len(lost) > 300 and len(foretold[TROUBLED][0]) > 1_000
    for tag, count in dry.result.tags.items():
        assert (count.gained.count, count.lost.count) == tuple(map(len, foretold[tag]))
        assert count.gained.fingerprint == applied.result.tags[tag].gained.fingerprint
        assert count.lost.fingerprint == applied.result.tags[tag].lost.fingerprint
    assert deaths and more_deaths, "nobody was killed, so nothing is shown"
    told_twice = len(heard) - len(set(heard))
    show(
        f"dry run, then publish: {PEOPLE:,} people; {BUYER} +{len(gained):,} −{len(lost):,}, {TROUBLED} "
        f"+{len(foretold[TROUBLED][0]):,}; foretold = published = read; {deaths} + {more_deaths} kills, "
        f"{told_twice:,} changes published again; dry run {tried - stored:.0f} s, apply {told_at - tried:.0f} s, "
        f"all {time.monotonic() - begun:.0f} s"
    )


def test_dry_run__counts_written_apart_from_their_checkpoint__is_found_out(
    database: dynamodb_local.Running, new_tables: Callable[[], Mapping[str, str]]
) -> None:
    """Negative control: a worker that counts a range twice when it is killed between two writes."""
    trial = trial_of(database, new_tables(), rate=0, mutant=True)
    calm = trial.calm()
    dry_run.store_people(calm.call, trial.tables, 2_000)
    jobs = dry_run.services(trial, calm, lambda _: None, PUBLISHED)
    _, deaths = run(trial, dry_run.open_dry_run(jobs))
    dry = dry_run.job(jobs, "dry_run_1")
    assert deaths >= 1 and dry.result is not None
    assert dry.result.people > 2_000, "somebody was counted twice"


def trial_of(
    database: dynamodb_local.Running, tables: Mapping[str, str], *, rate: float, mutant: bool = False
) -> Trial:
    """Tables of its own, and a place for each worker's faults."""
    counts = [RawArray("q", CALLS + 1) for _ in range(WORKERS)]
    return Trial(database.endpoint, tables, counts, rate, mutant)


def run(trial: Trial, first: dry_run.Message) -> tuple[list[tuple[str, str, str]], int]:
    """Work until the queue is empty. Returns what was published, and how many workers died."""
    desk = Desk(first)
    workers = [Worker(number, desk, lambda number, say: dry_run.Work(trial, number, say)) for number in range(WORKERS)]
    deaths = work_through(workers, desk.heard, kill_share=0.1, chance=random.Random(1))
    return desk.told, deaths
