"""The Lambda that looks after the desk every second of a minute, while somebody uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.moments import MINUTE_MS

if TYPE_CHECKING:
    from chalicelib.flows.look_after_desk import Looked

blueprint = Blueprint(__name__)

_AWAKE_MS = MINUTE_MS
"""How long it looks: until the next one does. That the two overlap harms nobody; a second that none looks would."""


@blueprint.schedule(
    Rate(1, unit=Rate.MINUTES), name="schedule_desk", description="Offers, steps and leases of the desk"
)
@textless
def schedule_desk(event: CloudWatchEvent) -> None:
    """Look after what is due at the desk until the minute is over; leave at once where nobody is there."""
    # Only this function runs it; who packages the app imports this module too, and need not read it.
    from chalicelib.entrypoints.desk_in_time import desk_in_time
    from chalicelib.flows.look_after_desk import look_after_desk

    begun = now()
    desk, watch = desk_in_time(event.context)
    _tell(look_after_desk(desk, watch, begun + _AWAKE_MS))


def _tell(looked: Looked) -> None:
    told = journal()
    told.count("DeskLookedAt", looked.seats + looked.conversations + looked.tickets)
    told.count("DeskMoved", looked.moved)
    told.count("DeskWaiting", looked.waiting)
    told.count("DeskLeft", int(looked.left))
    told.count("DeskLag", looked.lag_ms / 1000, "Seconds")
    for code, things in sorted(looked.failed.items()):
        told.count("FailedAtDesk", things)
        told.warn("desk_failed", code=code, count=things)
    told.flush()
