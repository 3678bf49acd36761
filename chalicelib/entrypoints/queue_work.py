"""What the queues of long work share: each message is worked on while there is time, and comes again if that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import SQSEvent

from chalicelib.entrypoints.compose import journal
from chalicelib.kernel.errors import ZhiyinError


def each_message(
    event: SQSEvent, work: Callable[[str, Callable[[], bool]], None], reserve_millis: int
) -> dict[str, Any]:
    """Work on the body of each message, being told whether more than ``reserve_millis`` are left; answers which failed."""
    failed = []
    for one in event.to_dict()["Records"]:
        try:
            work(one["body"], _has_time(event.context, reserve_millis))
        except ZhiyinError as error:
            journal().warn("message_failed", message_id=one["messageId"], code=error.code)
            failed.append({"itemIdentifier": one["messageId"]})
    journal().flush()
    return {"batchItemFailures": failed}


def _has_time(context: Any, reserve_millis: int) -> Callable[[], bool]:
    """Outside of Lambda there is no deadline."""
    if context is None:
        return lambda: True
    return lambda: context.get_remaining_time_in_millis() > reserve_millis
