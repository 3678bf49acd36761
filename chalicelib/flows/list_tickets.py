"""Lists tickets, newest first: by queue, agent, status, or those that are overdue. Nothing is scanned."""

from __future__ import annotations

import re

import msgspec

from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.flows.ticket_views import TicketsView, brief_of
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import Position
from chalicelib.store.tickets import ALL, OPEN, OVERDUE, TicketStore, of_agent, of_queue
from chalicelib.tickets.changes import STEPS
from chalicelib.tickets.model import OPEN as OPEN_STATUSES
from chalicelib.tickets.model import Ticket

_CURSOR = re.compile(r"(\d{1,16})\.([A-Za-z0-9_]{1,64})", re.ASCII)
LONGEST_FILTER = 128
_ROUNDS = 4
"""Reads of one page: a filter that few pass ends a page early, and the cursor goes on."""


class TicketQuestion(msgspec.Struct, frozen=True):
    """Which tickets are asked for; '' and False leave it open."""

    overdue: bool = False
    queue: str = ""
    agent: str = ""
    status: str = ""

    @property
    def list(self) -> str:
        """The shortest list that has all of them. Queues and agents list what is open, and so does ``overdue``."""
        if self.overdue:
            return OVERDUE
        if self.status and self.status not in OPEN_STATUSES:
            return ALL
        if self.agent:
            return of_agent(self.agent)
        if self.queue:
            return of_queue(self.queue)
        return OPEN if self.status else ALL

    def asks_for(self, ticket: Ticket) -> bool:
        """Whether a ticket is one of them."""
        wanted = (self.queue or ticket.queue, self.agent or ticket.agent_id, self.status or ticket.status)
        return wanted == (ticket.queue, ticket.agent_id, ticket.status) and (ticket.is_overdue or not self.overdue)


def list_tickets(
    tenant_id: str, question: TicketQuestion, limit: int, cursor: str, tickets: TicketStore, now: Millis
) -> TicketsView:
    """One page and the cursor of the next ('' = no more). Raises BadInput ``bad_cursor``, ``bad_limit``, ``bad_request``."""
    check_limit(limit)
    if question.status and question.status not in STEPS:
        raise BadInput("bad_request", "That is no status of a ticket.", "status")
    if max(map(len, (question.queue, question.agent))) > LONGEST_FILTER:
        raise BadInput("bad_request", f"At most {LONGEST_FILTER} characters: it becomes part of a key.", "queue")
    position = position_of(cursor, _CURSOR)
    page: list[Ticket] = []
    for _ in range(_ROUNDS):
        places = tickets.listed(tenant_id, question.list, before=position, limit=limit + 1)
        found = tickets.load(tenant_id, [one for _, one in places])
        for place in places[:limit]:
            position = place
            one = found.get(place[1])
            if one is not None and one.expires_at > now and question.asks_for(one):
                page.append(one)
            if len(page) == limit:
                return _view(page, position)
        if len(places) <= limit:
            return _view(page, None)
    return _view(page, position)


def _view(page: list[Ticket], position: Position | None) -> TicketsView:
    return TicketsView(tuple(map(brief_of, page)), "" if position is None else cursor_of(position))
