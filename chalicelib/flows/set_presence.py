"""An agent says that they are there, and goes on saying so: each time renews a lease, without which they are offline."""

from __future__ import annotations

import msgspec

from chalicelib.desk.model import Presence, Seat
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.tend_seat import tend
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import Millis


class Says(msgspec.Struct, frozen=True):
    """Who says what of an agent, and for how long it holds; 0: as long as the policy says."""

    tenant: str
    agent_id: str
    presence: Presence
    lease_seconds: int = 0


def set_presence(says: Says, desk: DeskServices, now: Millis) -> Seat:
    """Renew the lease and act upon it: who is available is given what waits; offers of who is not go to others at once.

    Raises NotFound ``no_such_agent``.
    """
    seconds = says.lease_seconds or desk.policy(says.tenant).desk.lease_seconds
    lease_until = _gone_since(says, desk, now) if says.presence == "offline" else now + seconds * 1000
    there = desk.store.set_presence(says.tenant, says.agent_id, says.presence, lease_until, now)
    if there:
        tend(says.tenant, says.agent_id, desk, now)
    seat = desk.store.seats(says.tenant, [says.agent_id]).get(says.agent_id) if there else None
    if seat is None:
        raise NotFound("no_such_agent", "There is no such agent.")
    return seat


def _gone_since(says: Says, desk: DeskServices, now: Millis) -> Millis:
    """Who goes keeps no lease: what they answered is given to others after the grace, which does not begin again
    because they say once more that they are gone.
    """
    seat = desk.store.seats(says.tenant, [says.agent_id]).get(says.agent_id)
    return now if seat is None else min(now, seat.lease_until)
