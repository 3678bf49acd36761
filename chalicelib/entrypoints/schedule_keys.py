"""The Lambda that moves what an older key holds, after an operator rotated one; invoked by hand it does so at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal, settings
from chalicelib.entrypoints.textless import textless
from chalicelib.entrypoints.turns import take_turns, time_left
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import MINUTE_MS

if TYPE_CHECKING:
    from chalicelib.store.sweeps import Progress

blueprint = Blueprint(__name__)

_EVERY_MINUTES = 15
_ENOUGH_MS = 30_000
"""With less time left nothing more is begun: a page takes a few seconds, and a throttled table longer."""


@blueprint.schedule(
    Rate(_EVERY_MINUTES, unit=Rate.MINUTES), name="rotate_keys", description="Sweeps after keys were rotated"
)
@textless
def rotate_keys(event: CloudWatchEvent) -> None:
    """Go on with every tenant's sweeps."""
    has_time = time_left(event.context, _ENOUGH_MS)
    told = journal()
    # A count of 0 is told as well: it ends the alarm.
    for metric in ("FailedSweeps", "SweepRowsStuck"):
        told.count(metric, 0)
    turn = now() // (_EVERY_MINUTES * MINUTE_MS)
    told.count("SweepTenantsLeft", take_turns(partial(_run, has_time=has_time), turn=turn, has_time=has_time))
    told.flush()


def _run(tenant_id: str, has_time: Callable[[], bool]) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    from chalicelib.entrypoints.rotation import sweep_services, tenant_now
    from chalicelib.flows.sweep_keys import KINDS, sweep_keys

    try:
        tenant = tenant_now(tenant_id)
        for kind in KINDS:
            progress = sweep_keys(kind, tenant, sweep_services(), now(), has_time, budget=settings().sweep_rows_per_run)
            if progress is not None:
                _tell(tenant_id, kind, progress)
    except ZhiyinError as error:
        journal().count("FailedSweeps")
        journal().warn("sweep_failed", tenant=tenant_id, code=error.code)


def _tell(tenant_id: str, kind: str, progress: Progress) -> None:
    told = journal()
    state = "done" if progress.finished_at else "going_on"
    told.note("keys_swept", tenant=tenant_id, operation=kind, count=progress.moved, code=state)
    told.count("SweepRowsMoved", progress.moved)
    told.count("SweepRowsStuck", progress.stuck)
