"""The Lambda behind the queue of the catalogue's jobs: dry runs, and what a published version has changed."""

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
    from chalicelib.flows.catalogue_job import Job

blueprint = Blueprint(__name__)

WHAT_IF = "what_if_"
"""How the ids of what-ifs begin (``flows.what_if_job.PREFIX``, which would cost the reader of this module its start)."""

_PAGE_MILLIS = 25_000
"""What is left to the function when it begins no other page: most take a second, those of long pasts longer."""


class GoOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our own message: a job to be planned, or a part of it to be gone on with from its checkpoint."""

    tenant: str
    job_id: str
    part: str = ""


@blueprint.on_sqs_message(queue="catalogue", batch_size=1, name="catalogue_jobs")
@textless
def catalogue_jobs(event: SQSEvent) -> dict[str, Any]:
    """Work on a job while there is time; a message that failed is delivered again."""
    return each_message(event, _work, _PAGE_MILLIS)


def _work(body: str, has_time: Callable[[], bool]) -> None:
    try:
        told = msgspec.json.decode(body, type=GoOn)
    except msgspec.MsgspecError:
        raise BadInput("bad_message", "The queue message is no job.") from None
    job = _go_on(told, has_time)
    if job is not None and job.is_over:
        count = job.result.people if job.result is not None else 0
        code = job.failure or job.state
        journal().note("job_over", tenant=job.tenant_id, job_id=job.job_id, operation=job.sort, code=code, count=count)


def _go_on(told: GoOn, has_time: Callable[[], bool]) -> Job | None:
    # Only this function runs jobs; who packages the app imports this module too, and need not read them.
    if told.job_id.startswith(WHAT_IF):
        from chalicelib.entrypoints.what_if import what_if_services
        from chalicelib.flows.run_what_if import run_what_if

        return run_what_if(told.tenant, told.job_id, told.part, what_if_services(told.tenant), now(), has_time)
    from chalicelib.entrypoints.catalogue_jobs import job_services
    from chalicelib.flows.run_job import run_job

    return run_job(told.tenant, told.job_id, told.part, job_services(told.tenant), now(), has_time)
