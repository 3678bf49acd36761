"""The Lambda that judges every tenant's sources each hour; invoked by hand it does so at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent, Cron

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.textless import textless
from chalicelib.entrypoints.turns import take_turns, time_left
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import HOUR_MS

if TYPE_CHECKING:
    from chalicelib.flows.judge_sources import Judged

blueprint = Blueprint(__name__)

_ENOUGH_MS = 30_000
"""With less time left no further tenant is begun."""


# Ten past: by then containers have written what they counted in the hour before.
@blueprint.schedule(Cron(10, "*", "*", "*", "?", "*"), name="schedule_quality", description="Health of sources, hourly")
@textless
def schedule_quality(event: CloudWatchEvent) -> None:
    """Judge the sources of every tenant."""
    told = journal()
    # A count of 0 is told as well: it ends the alarm.
    for metric in ("SilentSources", "ShiftedSources", "FailedQualityRuns"):
        told.count(metric, 0)
    left = take_turns(_run, turn=now() // HOUR_MS, has_time=time_left(event.context, _ENOUGH_MS))
    told.count("QualityTenantsLeft", left)
    told.flush()


def _run(tenant_id: str) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    # Who packages the app imports this module too, and need not read what judges.
    from chalicelib.entrypoints.quality import quality_services
    from chalicelib.flows.judge_sources import judge_sources

    try:
        judged = judge_sources(tenant_id, quality_services(), now())
    except ZhiyinError as error:
        journal().count("FailedQualityRuns")
        journal().warn("quality_failed", tenant=tenant_id, code=error.code)
        return
    _tell(tenant_id, judged)


def _tell(tenant_id: str, judged: Judged) -> None:
    told = journal()
    told.count("SilentSources", len(judged.judgement.in_state("silent")))
    told.count("ShiftedSources", len(judged.judgement.in_state("changed", "drifting")))
    for source in judged.turned:
        state = judged.judgement.sources[source].state
        if state == "healthy":
            told.note("source_well", tenant=tenant_id, source=source)
        else:
            told.warn("source_not_well", tenant=tenant_id, source=source, code=state)
