"""Tickets: open, read, list and change them. Nearly all is imported by the call that needs it: routes are in a hurry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import profiles, tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, check_purpose, limit_of, query, typed_body

if TYPE_CHECKING:
    from chalicelib.flows.ticket_views import TicketsView, TicketView
    from chalicelib.tickets.model import Ticket

blueprint = Blueprint(__name__)

WRITE, READ = "tickets:write", "desk:read"
_PURPOSES = ("service", "legal")


@blueprint.route("/v1/tickets", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def open_(request: Request, caller: Caller) -> Response:
    """Open a ticket from a message or from fields: its facts are extracted and its handling steps proposed."""
    from chalicelib.entrypoints.tickets import ticket_services
    from chalicelib.flows.open_ticket import TicketRequest, open_ticket

    asked, tenant = typed_body(request, TicketRequest), tenant_of(caller)
    ticket_id = "tk_" + idempotency_key(request, caller)
    made = open_ticket(asked, tenant, ticket_id, caller.principal, ticket_services(caller.tenant_id), now())
    return json_answer(_shown(caller, made, "tickets.opened", "service"), 201)


@blueprint.route("/v1/tickets/{ticket_id}", methods=["PATCH"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def change(request: Request, caller: Caller, ticket_id: str) -> TicketView:
    """Change a ticket: assign, reply, note, take up a step, settle, reopen, or record its survey."""
    from chalicelib.entrypoints.tickets import count_adoption, ticket_services
    from chalicelib.flows.change_ticket import change_ticket
    from chalicelib.tickets.changes import TicketChange

    asked, tenant = typed_body(request, TicketChange), tenant_of(caller)
    doing_id, services = idempotency_key(request, caller), ticket_services(caller.tenant_id)
    made = change_ticket(ticket_id, asked, tenant, doing_id, caller.principal, services, now())
    count_adoption(asked.adopt.values())
    return _shown(caller, made, "tickets.changed", "service")


@blueprint.route("/v1/tickets/{ticket_id}", authorizer=principal_auth)
@serves(blueprint, READ)
def ticket(request: Request, caller: Caller, ticket_id: str) -> TicketView:
    """A ticket with its facts, steps, links and history. ``purpose`` is service unless said."""
    from chalicelib.entrypoints.tickets import ticket_store
    from chalicelib.flows.ticket_services import ticket_of

    purpose = query(request, "purpose") or "service"
    check_purpose(caller, purpose, _PURPOSES)
    found = ticket_of(caller.tenant_id, ticket_id, ticket_store(), now())
    return _shown(caller, found, "tickets.read", purpose)


@blueprint.route("/v1/tickets", authorizer=principal_auth)
@serves(blueprint, READ)
def tickets(request: Request, caller: Caller) -> TicketsView:
    """Tickets, newest first: all, or by queue, agent and status; with ``overdue=true`` those that are late."""
    from chalicelib.entrypoints.tickets import ticket_store
    from chalicelib.flows.list_tickets import TicketQuestion, list_tickets

    question = TicketQuestion(
        query(request, "overdue") == "true",
        query(request, "queue"),
        query(request, "agent"),
        query(request, "status"),
    )
    limit, cursor = limit_of(request), query(request, "cursor")
    return list_tickets(caller.tenant_id, question, limit, cursor, ticket_store(), now())


def _shown(caller: Caller, one: Ticket, action: str, purpose: str) -> TicketView:
    """The ticket as this caller may see it, noted before it is answered."""
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.ticket_views import view_of, withheld_of

    view = view_of(one, withheld_of(caller.tenant_id, one, purpose, profiles()))
    if one.profile_id:
        note(caller, action, (one.profile_id,), purpose, view)
    return view
