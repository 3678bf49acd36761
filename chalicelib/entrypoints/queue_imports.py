"""The Lambda behind the queue of imports: announced uploads, and imports to be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.queue_work import each_message
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import BadInput

if TYPE_CHECKING:
    from chalicelib.flows.run_import import Upload

blueprint = Blueprint(__name__)

_RANGE_MILLIS = 25_000
"""What is left to the function when it begins no other range: one takes a few seconds, and a throttled queue longer."""


class GoOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our own message: an import to be gone on with from its checkpoint."""

    tenant: str
    import_id: str


@blueprint.on_sqs_message(queue="imports", batch_size=1, name="import_ranges")
@textless
def import_ranges(event: SQSEvent) -> dict[str, Any]:
    """Work on an import while there is time; a message that failed is delivered again."""
    return each_message(event, _work, _RANGE_MILLIS)


def _work(body: str, has_time: Callable[[], bool]) -> None:
    # Only this function runs imports; who packages the app imports this module too, and need not read them.
    from chalicelib.entrypoints.importing import import_services
    from chalicelib.flows.run_import import Upload, begin_import, run_import

    services = import_services()
    for one in _named(body):
        if isinstance(one, Upload):
            begin_import(one, services, now())
        job = run_import(
            one.tenant_id if isinstance(one, Upload) else one.tenant, one.import_id, services, now(), has_time
        )
        if job is not None and job.is_over:
            journal().note(
                "import_over",
                tenant=job.tenant_id,
                import_id=job.import_id,
                code=job.failure or job.state,
                count=job.counts.records,
            )


def _named(body: str) -> Iterator[Upload | GoOn]:
    """The imports that a message speaks of. Raises BadInput ``bad_message`` for one that is none of ours."""
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
        if "Records" in told:
            yield from map(_upload, told["Records"])
        elif told.get("Event") != "s3:TestEvent":
            yield msgspec.convert(told, GoOn)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError):
        raise BadInput("bad_message", "The queue message is neither an upload nor an import.") from None


def _upload(record: dict[str, Any]) -> Upload:
    from chalicelib.flows.run_import import Upload

    told = record["s3"]["object"]
    # S3 announces keys encoded as in a form.
    _, tenant_id, import_id = unquote_plus(told["key"]).split("/")
    return Upload(tenant_id, import_id, int(told["size"]), str(told["eTag"]).strip('"'))
