"""Time limits of a ticket: how long each is, when it is warned of, and what is due next."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from chalicelib.kernel.moments import Millis
from chalicelib.tickets.declaration import TicketRules
from chalicelib.tickets.model import PRIORITIES, Clock, Kind, Limit, Priority, Ticket

RESEND_MS = 5_000
"""What was saved and not told yet is told by the timer after so long: by then whoever saved it has, or is gone."""


def limit_ms(limit: Limit, kind: Kind, priority: Priority, queue_seconds: int, rules: TicketRules) -> Millis:
    """How long a limit is: the kind's own or the queue's, at the pace of the priority."""
    own = rules.limits.get(kind)
    seconds = None
    if own is not None:
        seconds = own.first_response_seconds if limit == "first_response" else own.resolve_seconds
    return max(1, round((queue_seconds if seconds is None else seconds) * 1000 * rules.pace.get(priority, 1.0)))


def clock(since: Millis, length_ms: Millis, rules: TicketRules) -> Clock:
    """A limit that begins to run."""
    return Clock(warn_at=since + round(length_ms * rules.warn_share), due_at=since + length_ms)


def later(one: Clock, by_ms: Millis) -> Clock:
    """A limit that stood still for a while. What was noticed of it stays noticed."""
    return replace(
        one,
        warn_at=one.warn_at if one.warned_at else one.warn_at + by_ms,
        due_at=one.due_at if one.overdue_at else one.due_at + by_ms,
    )


def raised(priority: Priority, levels: int) -> Priority:
    """A priority so many levels up, the highest at most."""
    return PRIORITIES[min(PRIORITIES.index(priority) + levels, len(PRIORITIES) - 1)]


def due_at(ticket: Ticket, rules: TicketRules) -> Millis:
    """When somebody must look at it next; 0: never."""
    return min(_instants(ticket, rules), default=0)


def _instants(ticket: Ticket, rules: TicketRules) -> Iterator[Millis]:
    if ticket.outgoing:
        yield ticket.changed_at + RESEND_MS
    if ticket.is_open and not ticket.first_response.met_at:
        yield from _of_clock(ticket.first_response)
    if ticket.is_open and not ticket.paused_at:
        yield from _of_clock(ticket.resolve)
    if asks_survey(ticket, rules):
        yield ticket.settled_at + (rules.survey_after_seconds or 0) * 1000


def _of_clock(one: Clock) -> Iterator[Millis]:
    if not one.overdue_at:
        yield one.due_at
        if not one.warned_at:
            yield one.warn_at


def asks_survey(ticket: Ticket, rules: TicketRules) -> bool:
    """Whether the person is still to be asked how it was: of a closed ticket of somebody who is known, once."""
    wanted = rules.survey_after_seconds is not None and ticket.status == "closed" and bool(ticket.profile_id)
    return wanted and not ticket.survey_asked_at and ticket.survey is None
