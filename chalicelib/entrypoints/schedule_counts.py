"""The Lambda that counts people every night, tenant by tenant, and goes on where it last stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalice.app import Blueprint, CloudWatchEvent, Cron

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.insights import count_services
from chalicelib.entrypoints.textless import textless
from chalicelib.entrypoints.turns import take_turns, time_left
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import day_of

blueprint = Blueprint(__name__)

_ENOUGH_MS = 60_000
"""With less time left nothing more is begun: a page takes a second, and a throttled table longer."""


@blueprint.schedule(
    Cron("0/15", "17-20", "*", "*", "?", "*"), name="schedule_counts", description="Counts of people, nightly"
)
@textless
def schedule_counts(event: CloudWatchEvent) -> None:
    """Count every tenant's people once a day; what one invocation leaves, the next goes on with.

    Invoked by hand with ``{"detail": {"tenant": id}}`` it counts that tenant again, whenever it was counted last.
    """
    asked = str(dict(event.detail or {}).get("tenant", ""))
    has_time = time_left(event.context, _ENOUGH_MS)
    each = partial(_run, has_time=has_time, again=bool(asked))
    journal().count("CountTenantsLeft", take_turns(each, turn=day_of(now()), has_time=has_time, only=asked))
    journal().flush()


def _run(tenant_id: str, *, has_time: Callable[[], bool], again: bool) -> None:
    """One tenant; what goes wrong with one does not keep the others from their turn."""
    from chalicelib.flows.count_people import count_people

    told = journal()
    try:
        report = count_people(tenant_id, count_services(), now(), has_time, again=again)
    except ZhiyinError as error:
        told.count("FailedCounts")
        told.warn("counts_failed", tenant=tenant_id, code=error.code)
        return
    if report.people or not report.finished:
        told.note("people_counted", tenant=tenant_id, count=report.people, status=report.ranges_left)
    told.count("PeopleCounted", report.people)
    told.count("CountRangesLeft", report.ranges_left)
    told.count("FailedRules", report.failed_rules)
