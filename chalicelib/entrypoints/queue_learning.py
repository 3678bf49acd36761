"""The Lambda behind the queue of learning: ranges of people, to be sampled or judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.queue_work import each_message
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import BadInput

if TYPE_CHECKING:
    from chalicelib.flows.learning_job import LearningJob

blueprint = Blueprint(__name__)

_PAGE_MILLIS = 60_000
"""What is left to the function when it begins no other page: a page waits for the budget of write units, too."""


class GoOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our own message: a run to be planned, or a part of it to be gone on with from its checkpoint."""

    tenant: str
    job_id: str
    part: str = ""


@blueprint.on_sqs_message(queue="learning", batch_size=1, name="learn_ranges")
@textless
def learn_ranges(event: SQSEvent) -> dict[str, Any]:
    """Work on a range while there is time; a message that failed is delivered again."""
    return each_message(event, _work, _PAGE_MILLIS)


def _work(body: str, has_time: Callable[[], bool]) -> None:
    # Only this function goes through people; who packages the app imports this module too, and need not read it.
    from chalicelib.entrypoints.learning import learning_services
    from chalicelib.flows.learn_ranges import learn_range

    try:
        told = msgspec.json.decode(body, type=GoOn)
    except msgspec.MsgspecError:
        raise BadInput("bad_message", "The queue message is no range.") from None
    job = learn_range(told.tenant, told.job_id, told.part, learning_services(), now(), has_time)
    if job is not None and job.is_over:
        _tell(job)


def _tell(job: LearningJob) -> None:
    told = journal()
    told.note("learning_over", tenant=job.tenant_id, job_id=job.job_id, code=job.failure or job.phase, count=job.judged)
    told.count("PeopleJudged", job.judged)
    told.count("PeopleJudgedAnew", job.changed)
    if job.drift is not None:
        from chalicelib.flows.tell_drift import drift_counts

        for name, count in drift_counts(job.drift.report).items():
            told.count(name, count)
        if job.drift.report.verdict == "alarm":
            told.warn("models_drifted", tenant=job.tenant_id, job_id=job.job_id, count=len(job.drift.versions))
