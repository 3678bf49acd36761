"""A person's tickets as they are exported: all that was kept of them, without which of the staff did it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from chalicelib.flows.ticket_views import TicketView, view_of
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.served import DESK
from chalicelib.store.tickets import TicketStore
from chalicelib.tickets.model import TIMER, Ticket

MOST_TICKETS = 200


def exported_tickets(
    tenant_id: str, ids: Mapping[str, Millis], tickets: TicketStore | None, now: Millis
) -> tuple[TicketView, ...]:
    """The newest tickets under any id that this person has had, of what was opened since it is theirs."""
    if tickets is None:
        return ()
    found = [
        one
        for profile_id, since in sorted(ids.items())
        for one in tickets.load(tenant_id, tickets.about(tenant_id, profile_id, limit=MOST_TICKETS)).values()
        if one.profile_id == profile_id and one.opened_at > since and one.expires_at > now
    ]
    found.sort(key=lambda one: (one.opened_at, one.ticket_id), reverse=True)
    return tuple(view_of(_without_staff(one)) for one in found[:MOST_TICKETS])


def _without_staff(ticket: Ticket) -> Ticket:
    """Which of the staff somebody is, is not the person's own data."""
    history = tuple(
        replace(
            one,
            who=one.who if one.who == TIMER else DESK,
            was=DESK if one.what == "assigned" and one.was else one.was,
            to=DESK if one.what in ("assigned", "opened") and one.to else one.to,
        )
        for one in ticket.history
    )
    steps = tuple(replace(one, by=DESK if one.by else "") for one in ticket.steps)
    return replace(ticket, agent_id=DESK if ticket.agent_id else "", history=history, steps=steps)
