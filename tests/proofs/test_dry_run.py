"""Dry run, then publish: what was foretold of 20,000 people is what happens, also when workers are killed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from multiprocessing.sharedctypes import RawArray

import pytest

from chalicelib.flows.job_services import JobServices
from chalicelib.flows.open_job import APPLY_SECONDS
from infra import dynamodb_local
from tests.flows.world import NOW
from tests.proofs import dry_run
from tests.proofs.crew import Worker, work_through
from tests.proofs.dry_run import BUYER, DRAFTS, IN_FORCE, TROUBLED, Desk, Trial
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
    dry_run.publish(dry_run.write_drafts(trial, IN_FORCE, None), IN_FORCE)
    jobs = dry_run.services(trial, calm, lambda _: None)
    editing = dry_run.write_drafts(trial, DRAFTS, jobs)
    stored = time.monotonic()
    _, deaths = run(trial, dry_run.open_dry_run(jobs))
    tried = time.monotonic()
    at = NOW + APPLY_SECONDS * 1000
    before = dry_run.read(trial, PEOPLE, at)
    published = time.monotonic()
    heard, more_deaths = run(trial, *dry_run.publish(editing, DRAFTS))
    applied = time.monotonic()
    foretold = dry_run.foretold(dry_run.job(jobs, "dry_run_1"))
    told = dry_run.told(heard, before)
    assert foretold == told == dry_run.outcome(before, dry_run.read(trial, PEOPLE, at))
    counted(jobs, foretold)
    (gained, lost), (troubled, _) = foretold[BUYER], foretold[TROUBLED]
    assert len(gained) > 1_000 and len(lost) > 300 and len(troubled) > 1_000
    assert deaths and more_deaths, "nobody was killed, so nothing is shown"
    show(
        f"dry run, then publish: {PEOPLE:,} people; {BUYER} +{len(gained):,} −{len(lost):,}, {TROUBLED} "
        f"+{len(troubled):,}; foretold = told = read; {deaths} + {more_deaths} kills, "
        f"{len(heard) - len(set(heard)):,} changes told again; dry run {tried - stored:.0f} s, "
        f"two versions told {applied - published:.0f} s, all {time.monotonic() - begun:.0f} s"
    )


def counted(jobs: JobServices, foretold: dry_run.Outcome) -> None:
    """Counts are those of the ids, and everybody was counted once by each job."""
    dry, *applied = (dry_run.job(jobs, one).result for one in ("dry_run_1", "apply_2", "apply_3"))
    assert dry is not None
    for tag, count in dry.tags.items():
        assert (count.gained.count, count.lost.count) == tuple(map(len, foretold[tag]))
    assert [one and one.people for one in (dry, *applied)] == [PEOPLE] * 3
    # A tag that only one of the versions bears on changes for just whom the dry run named.
    assert (
        applied[1] is not None and dry.tags[TROUBLED].gained.fingerprint == applied[1].tags[TROUBLED].gained.fingerprint
    )


def test_dry_run__counts_written_apart_from_their_checkpoint__is_found_out(
    database: dynamodb_local.Running, new_tables: Callable[[], Mapping[str, str]]
) -> None:
    """Negative control: a worker that counts a range twice when it is killed between two writes."""
    trial = trial_of(database, new_tables(), rate=0, mutant=True)
    calm = trial.calm()
    dry_run.store_people(calm.call, trial.tables, 1_000)
    dry_run.publish(dry_run.write_drafts(trial, IN_FORCE, None), IN_FORCE)
    jobs = dry_run.services(trial, calm, lambda _: None)
    dry_run.write_drafts(trial, DRAFTS, None)
    _, deaths = run(trial, dry_run.open_dry_run(jobs))
    dry = dry_run.job(jobs, "dry_run_1")
    assert deaths >= 1 and dry.result is not None
    assert dry.result.people > 1_000, "somebody was counted twice"


def trial_of(
    database: dynamodb_local.Running, tables: Mapping[str, str], *, rate: float, mutant: bool = False
) -> Trial:
    """Tables of its own, and a place for each worker's faults."""
    counts = [RawArray("q", CALLS + 1) for _ in range(WORKERS)]
    return Trial(database.endpoint, tables, counts, rate, mutant)


def run(trial: Trial, *first: dry_run.Message) -> tuple[list[dry_run.Heard], int]:
    """Work until the queue is empty. Returns what was published, and how many workers died."""
    desk = Desk(*first)
    workers = [Worker(number, desk, lambda number, say: dry_run.Work(trial, number, say)) for number in range(WORKERS)]
    deaths = work_through(workers, desk.heard, kill_share=0.1, chance=random.Random(1))
    return desk.told, deaths
