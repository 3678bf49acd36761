"""A run of learning on DynamoDB Local, its functions killed at random calls: the end state is that of nobody killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.flows.learning_services import LearningLimits
from infra import dynamodb_local
from infra.failures import Failure
from infra.learning.cloud import Cloud, fingerprint, killing, load
from infra.learning.people import NOW
from infra.learning.worker import Setting

PEOPLE = 2_000
LIMITS = LearningLimits(
    sample_people=1_000,
    scored_people=0,
    people_per_range=250,
    page_items=100,
    chunk_people=50,
    write_units_per_second=1_000_000,
    settle_seconds=0,
)
MESSAGES, CALLS = 24, 14
"""A run has more messages, and most of them make more calls of the store: of those drawn, most are killed."""

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def local() -> Iterator[dynamodb_local.Running]:
    try:
        with dynamodb_local.running() as running:
            yield running
    except Failure as failure:
        pytest.skip(str(failure))


def ended(local: dynamodb_local.Running, folder: Path, name: str, kills: int = 0, *, mutant: bool = False) -> str:
    """The fingerprint of what a run on tables of its own leaves."""
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
        fake=True,
    )
    load(local.endpoint, setting.profiles, 0, PEOPLE)
    cloud = Cloud(setting)
    job = cloud.run("run_1", killing(5, kills, MESSAGES, CALLS) if kills else None)
    assert (job.phase, job.judged) == ("finished", PEOPLE)
    assert sum(one.killed for one in cloud.spent.values()) >= kills // 3
    assert not [one for one in (folder / name).rglob("*") if one.is_file()], "the sample is gone"
    return fingerprint(setting, job)


def test_run__killed_at_random_calls__ends_as_undisturbed(local: dynamodb_local.Running, tmp_path: Path) -> None:
    """People, models, what is in force, sizes and the run: byte for byte. A function that writes after its checkpoint,
    the negative control, loses what it had not written when it was killed.
    """
    undisturbed = ended(local, tmp_path, "undisturbed")
    assert ended(local, tmp_path, "killed", 12) == undisturbed
    assert ended(local, tmp_path, "mutant", 12, mutant=True) != undisturbed
