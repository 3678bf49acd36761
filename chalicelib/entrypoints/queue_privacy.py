"""The Lambda behind the queue of erasures: the only function that deletes facets' keys and signs receipts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal, tenant
from chalicelib.entrypoints.queue_work import each_message
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import BadInput

blueprint = Blueprint(__name__)

_PAGE_MILLIS = 15_000
"""What is left to the function when it begins no other page: one takes about two seconds, throttled some more."""


class GoOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our own message: an erasure to be begun or gone on with. It names nobody."""

    tenant: str
    erasure_id: str


@blueprint.on_sqs_message(queue="privacy", batch_size=1, name="erase_people")
@textless
def erase_people(event: SQSEvent) -> dict[str, Any]:
    """Work on an erasure while there is time; a message that failed is delivered again."""

    def work(body: str, has_time: Callable[[], bool]) -> None:
        _work(body, event.context, has_time)

    return each_message(event, work, _PAGE_MILLIS)


def _work(body: str, context: Any, has_time: Callable[[], bool]) -> None:
    # Only this function erases; who packages the app imports this module too, and need not read it.
    from chalicelib.entrypoints.erasing import erasure_services, go_on_later
    from chalicelib.flows.run_erasure import run_erasure

    try:
        told = msgspec.json.decode(body, type=GoOn)
    except msgspec.MsgspecError:
        raise BadInput("bad_message", "The queue message is no erasure.") from None
    is_over = run_erasure(tenant(told.tenant), told.erasure_id, erasure_services(context), now(), has_time)
    if not is_over:
        go_on_later(told.tenant, told.erasure_id, has_time())
    journal().note(
        "erasure_worked_on", tenant=told.tenant, job_id=told.erasure_id, code="over" if is_over else "goes_on"
    )
