"""The Lambda that tells, every minute, of the tags that time alone has set or cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal, raise_alarm
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.moments import MINUTE_MS

if TYPE_CHECKING:
    from chalicelib.flows.fire_timers import Fired

blueprint = Blueprint(__name__)

_AWAKE_MS = MINUTE_MS - 5_000
"""How long it waits for what falls due: then the next one has begun, or is about to."""
_HALF = 8
"""Two runs that overlap, because there is much to do, begin at different halves of the shards."""


@blueprint.schedule(Rate(1, unit=Rate.MINUTES), name="schedule_timers", description="Tags that change by time alone")
@textless
def schedule_timers(event: CloudWatchEvent) -> None:
    """Fire what is due now and within the minute. What cannot be fired stays due, for the next minute."""
    # Only this function runs it; who packages the app imports this module too, and need not read it.
    from chalicelib.entrypoints.timing import timer_services
    from chalicelib.flows.fire_timers import look_after_timers

    begun = now()
    fired = look_after_timers(timer_services(event.context), begun // MINUTE_MS % 2 * _HALF, begun + _AWAKE_MS)
    _tell(fired)


def _tell(fired: Fired) -> None:
    told = journal()
    told.count("TimersLookedAt", fired.people)
    told.count("TimerChanges", fired.changes)
    told.count("TimersLeft", int(fired.left))
    told.count("TimerLag", fired.lag_ms / 1000, "Seconds")
    for code, people in sorted(fired.failed.items()):
        told.count("FailedTimers", people)
        told.warn("timers_failed", code=code, count=people)
    for tenant_id, failed in sorted(fired.failed_rules.items()):
        raise_alarm(tenant_id, sorted(failed, key=lambda one: one.tag_id))
    told.flush()
