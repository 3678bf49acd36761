"""The Lambda that begins a run of learning for every tenant, weekly."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Cron

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import Conflict, ZhiyinError
from chalicelib.kernel.moments import day_of

blueprint = Blueprint(__name__)

_ENOUGH_MS = 10_000
_DAYS = 7
PRINCIPAL = "schedule"


@blueprint.schedule(
    Cron(0, 17, "?", "*", "SAT", "*"), name="schedule_learning", description="Segments and scores learned anew, weekly"
)
@textless
def schedule_learning(event: CloudWatchEvent) -> None:
    """Open a run of each tenant. One that is opened twice in a week is the one it was."""
    from chalicelib.entrypoints.turns import take_turns, time_left

    week = day_of(now()) // _DAYS
    left = take_turns(lambda one: _open(one, week), turn=week, has_time=time_left(event.context, _ENOUGH_MS))
    journal().count("LearningTenantsLeft", left)
    journal().flush()


def _open(tenant_id: str, week: int) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    from chalicelib.entrypoints.learning import learning_door
    from chalicelib.flows.open_learning import RunOrder, open_run

    try:
        open_run(RunOrder(tenant_id, f"weekly_{week}", PRINCIPAL), learning_door(), now())
    except Conflict as error:
        journal().note("learning_goes_on", tenant=tenant_id, code=error.code)
    except ZhiyinError as error:
        journal().count("FailedLearningRuns")
        journal().warn("learning_not_opened", tenant=tenant_id, code=error.code)
