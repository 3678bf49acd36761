"""The Lambda that chains every tenant's audit and tells the log each new head: the witness outside the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history, journal
from chalicelib.entrypoints.textless import textless
from chalicelib.entrypoints.turns import take_turns, time_left
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
    """Write the checkpoints that are due."""
    has_time = time_left(event.context, _ENOUGH_MS)
    told = journal()
    # A count of 0 is told as well: silence means that nobody chains.
    for metric in ("AuditRowsChained", "FailedAuditRuns"):
        told.count(metric, 0)
    turn = now() // (_EVERY_MINUTES * MINUTE_MS)
    told.count("AuditTenantsLeft", take_turns(partial(_run, has_time=has_time), turn=turn, has_time=has_time))
    told.flush()


def _run(tenant_id: str, has_time: Callable[[], bool]) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    # Who packages the app imports this module too, and need not read what chains.
    from chalicelib.flows.chain_audit import chain_next
    from chalicelib.privacy.audit_chain import told

    try:
        while has_time():
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
