"""What the OpenAPI document says of the calls of tickets."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.open_ticket import TicketRequest
from chalicelib.flows.ticket_views import TicketView
from chalicelib.tickets.changes import TicketChange
from infra.openapi_parameters import CURSOR, IDEMPOTENCY_KEY, ROWS, Operation, Parameter

OVERDUE = Parameter("overdue", "`true`: only tickets with a limit that ran out and is not kept.", example="true")
OF_QUEUE = Parameter(
    "queue", "Only tickets of this queue; without `status`, those that are open.", example="complaints"
)
OF_AGENT = Parameter("agent", "Only tickets of this agent; without `status`, those that are open.", example="anna")
STATUS = Parameter(
    "status",
    "Only tickets in this status.",
    schema={"enum": ["open", "assigned", "waiting_customer", "resolved", "closed"]},
)
TICKET_PURPOSE = Parameter("purpose", "What for; `service` unless told.", schema={"enum": ["service", "legal"]})

TICKETS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/v1/tickets"): Operation(
        details="Name the person by `profile_id` or by `identifiers`, or nobody. Of the message its facts are kept, and "
        "the text with what is personal masked. Queue, topic and urgency are those that a route would find.",
        body=(TicketRequest,),
        answer=TicketView,
        status=201,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("PATCH", "/v1/tickets/{ticket_id}"): Operation(
        details="Everything that is given is done, in one change, or nothing is. The first `reply` is the first response.",
        body=(TicketChange,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("GET", "/v1/tickets/{ticket_id}"): Operation(
        details="Of who had us restrict their data, what was said is withheld.",
        parameters=(TICKET_PURPOSE,),
    ),
    ("GET", "/v1/tickets"): Operation(parameters=(OVERDUE, OF_QUEUE, OF_AGENT, STATUS, ROWS, CURSOR)),
}
"""The rows of these calls in the table of operations."""
