"""Acts upon a seat: gives work to who is there, and takes it back from who is not."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.desk.model import Conversation, Seat
from chalicelib.desk.moves import FIRST_LOOK_MS
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.drain import drain
from chalicelib.flows.place import send_back
from chalicelib.kernel.moments import Millis

LOOKED_AT_AGAIN_MS = 90_000
"""However long a lease is, a seat with one is looked at so soon again: by that the schedule knows a desk in use."""


def tend(tenant: str, agent_id: str, desk: DeskServices, now: Millis) -> int:
    """Do what a seat's state asks for, and note when it is due next. How many conversations moved."""
    seat = desk.store.seats(tenant, [agent_id]).get(agent_id)
    if seat is None:
        return 0
    if seat.is_present(now):
        given = drain(tenant, seat, desk, now)
        desk.store.settle(tenant, seat, min(seat.lease_until, now + LOOKED_AT_AGAIN_MS))
        return given
    lapsed = seat.lease_until <= now
    if lapsed and seat.presence != "offline":
        # By the clock of another it might still be there: from here on nothing more is given to it.
        if not desk.store.settle(tenant, seat, now + FIRST_LOOK_MS, offline=True):
            return 0
        seat = replace(seat, presence="offline")
    taken = _take_back(tenant, seat, desk, now)
    # What was just given back has marked the seat; what is held is read after it.
    seat = desk.store.seats(tenant, [agent_id]).get(agent_id, seat)
    desk.store.settle(tenant, seat, _due_next(tenant, seat, desk, now))
    return taken


def _take_back(tenant: str, seat: Seat, desk: DeskServices, now: Millis) -> int:
    """Offers of who is not there go back at once, what they answered after the grace; the wrapping-up ends by itself."""
    orphaned = now >= _orphaned_at(tenant, seat, desk)
    back = [one for one in desk.store.held_by(tenant, seat.agent_id) if _goes_back(one, orphaned=orphaned)]
    return sum(send_back(tenant, one, desk, now, declined=False) for one in back)


def _goes_back(one: Conversation, *, orphaned: bool) -> bool:
    return one.state == "reserved" or (orphaned and one.state == "accepted")


def _orphaned_at(tenant: str, seat: Seat, desk: DeskServices) -> Millis:
    return seat.lease_until + desk.policy(tenant).desk.orphaned_after_seconds * 1000


def _due_next(tenant: str, seat: Seat, desk: DeskServices, now: Millis) -> Millis:
    """When somebody must look again at a seat that nothing is given to."""
    if seat.lease_until > now:
        return min(seat.lease_until, now + LOOKED_AT_AGAIN_MS)
    states = {one.state for one in desk.store.held_by(tenant, seat.agent_id)}
    if "reserved" in states:
        return now + FIRST_LOOK_MS
    return max(now + FIRST_LOOK_MS, _orphaned_at(tenant, seat, desk)) if "accepted" in states else 0
