"""A run of learning on DynamoDB Local, its functions killed at random calls: the end state is that of nobody killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chalicelib.flows.learning_services import LearningLimits
from infra import dynamodb_local
from infra.failures import Failure
from infra.learning.cloud import Cloud, Kills, fingerprint, load, unjudged
from infra.learning.people import NOW
from infra.learning.worker import Setting

PEOPLE = 600
LIMITS = LearningLimits(
    sample_people=PEOPLE,
    scored_people=0,
    people_per_range=150,
    page_items=50,
    chunk_people=50,
    write_units_per_second=1_000_000,
    settle_seconds=0,
)
CALLS = {"plan": 4, "scan": 9, "train": 10, "assign": 120}
"""About so many calls of the store each kind of message makes, where nobody is killed."""
TIMES = 2

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def local() -> Iterator[dynamodb_local.Running]:
    try:
        with dynamodb_local.running() as running:
            yield running
    except Failure as failure:
        pytest.skip(str(failure))


class Left(NamedTuple):
    """What a run on tables of its own leaves: everything, byte for byte, and how many were forgotten."""

    everything: str
    forgotten: int


def ended(
    local: dynamodb_local.Running, folder: Path, name: str, kills: Kills | None = None, *, mutant: bool = False
) -> Left:
    """Learn as the functions do, in contests that are bounded closely; of each kind of message some must be killed."""
    tables = dynamodb_local.create_tables(local, f"{name}-{folder.name}")
    setting = Setting(
        local.endpoint,
        tables["TABLE_PROFILES"],
        tables["TABLE_HISTORY"],
        tables["TABLE_CATALOGUE"],
        str(folder / name),
        LIMITS,
        NOW,
        mutant=mutant,
        small=True,
    )
    load(local.endpoint, setting.profiles, 0, PEOPLE)
    cloud = Cloud(setting)
    job = cloud.run("run_1", kills)
    assert (job.phase, job.judged) == ("finished", PEOPLE)
    assert kills is None or all(cloud.killed[work] for work in CALLS), "kills came about wherever they can"
    assert not [one for one in (folder / name).rglob("*") if one.is_file()], "the sample is gone"
    assert any(one.number and not one.reason for one in job.outcomes), "something was learned and is in force"
    return Left(fingerprint(setting, job), unjudged(setting))


def test_run__killed_at_random_calls__ends_as_undisturbed(local: dynamodb_local.Running, tmp_path: Path) -> None:
    """People, models, what is in force, sizes and the run: byte for byte, and nobody is forgotten.

    The negative control writes after its checkpoint. Left alone it ends alike; killed it forgets people.
    """
    undisturbed = ended(local, tmp_path, "undisturbed")
    assert undisturbed.forgotten == 0
    assert ended(local, tmp_path, "killed", Kills.drawn(5, TIMES, CALLS)) == undisturbed
    assert ended(local, tmp_path, "mutant", mutant=True) == undisturbed
    assert ended(local, tmp_path, "mutant-killed", Kills.drawn(6, TIMES, CALLS), mutant=True).forgotten > 0
