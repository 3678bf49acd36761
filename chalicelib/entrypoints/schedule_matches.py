"""The Lambda that looks for probable matches every night, tenant by tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent, Cron

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal, tenant
from chalicelib.entrypoints.textless import textless
from chalicelib.entrypoints.turns import take_turns, time_left
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import day_of

if TYPE_CHECKING:
    from chalicelib.flows.propose_matches import MatchReport

blueprint = Blueprint(__name__)

_ENOUGH_MS = 300_000
"""With less time left no further tenant is begun."""


@blueprint.schedule(Cron(0, 19, "*", "*", "?", "*"), name="schedule_matches", description="Probable matches, nightly")
@textless
def schedule_matches(event: CloudWatchEvent) -> None:
    """Bring every tenant's list up to date."""
    left = take_turns(_run, turn=day_of(now()), has_time=time_left(event.context, _ENOUGH_MS))
    journal().count("MatchTenantsLeft", left)
    journal().flush()


def _run(tenant_id: str) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    from chalicelib.entrypoints.matching import match_services
    from chalicelib.flows.propose_matches import propose_matches

    try:
        report = propose_matches(tenant(tenant_id), match_services(), now())
    except ZhiyinError as error:
        journal().count("FailedMatchRuns")
        journal().warn("matches_failed", tenant=tenant_id, code=error.code)
        return
    _tell(tenant_id, report)


def _tell(tenant_id: str, report: MatchReport) -> None:
    told = journal()
    told.note("matches_listed", tenant=tenant_id, count=report.opened)
    told.count("MatchesProposed", report.opened)
    told.count("MatchesMerged", report.merged)
    told.count("MatchesWithdrawn", report.withdrawn)
    told.count("MatchesLeftOut", report.left_out)
