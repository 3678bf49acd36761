"""The Lambda that chains every tenant's audit and tells the log each new head: the witness outside the table."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import api, history, journal, settings
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import MINUTE_MS

blueprint = Blueprint(__name__)

_EVERY_MINUTES = 5
_ENOUGH_MS = 20_000
"""With less time left no further checkpoint is begun."""


@blueprint.schedule(
    Rate(_EVERY_MINUTES, unit=Rate.MINUTES), name="schedule_audit", description="Checkpoints over the audit"
)
@textless
def schedule_audit(event: CloudWatchEvent) -> None:
    """Write the checkpoints that are due. Who is first changes each time, so that nobody is always left."""
    from chalicelib.store.scan import tenant_ids

    ids = tenant_ids(api("dynamodb").call, settings().table_catalogue)
    first = now() // (_EVERY_MINUTES * MINUTE_MS) % max(len(ids), 1)
    left = [*ids[first:], *ids[:first]]
    told = journal()
    context: Any = event.context
    # A count of 0 is told as well: silence means that nobody chains.
    for metric in ("AuditRowsChained", "FailedAuditRuns"):
        told.count(metric, 0)
    while left and context.get_remaining_time_in_millis() > _ENOUGH_MS:
        _run(left.pop(0), context)
    told.count("AuditTenantsLeft", len(left))
    told.flush()


def _run(tenant_id: str, context: Any) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    # The function that serves HTTP imports this module too, and need not read what chains.
    from chalicelib.flows.chain_audit import chain_next
    from chalicelib.privacy.audit_chain import told

    try:
        while context.get_remaining_time_in_millis() > _ENOUGH_MS:
            made = chain_next(tenant_id, history(), now())
            if made is None:
                return
            rows = len(made.leaves)
            journal().count("AuditRowsChained", rows)
            journal().note("audit_chained", tenant=tenant_id, checkpoint=made.number, count=rows, head=told(made.head))
    except (ZhiyinError, msgspec.DecodeError) as error:
        code = error.code if isinstance(error, ZhiyinError) else "checkpoint_unreadable"
        journal().count("FailedAuditRuns")
        journal().warn("audit_not_chained", tenant=tenant_id, code=code)
