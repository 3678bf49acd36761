"""Puts tickets together: a part of ``compose`` of its own, because few functions need it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chalicelib.entrypoints.compose import api, journal, patience, profiles, publish, read_services, send, settings
from chalicelib.flows.tell_desk import TellServices
from chalicelib.flows.ticket_services import TicketServices
from chalicelib.store.tickets import DynamoTickets


def ticket_store() -> DynamoTickets:
    """Tickets and their lists."""
    return DynamoTickets(api("dynamodb").call, settings().table_desk)


def ticket_services(tenant_id: str) -> TicketServices:
    """What a tenant's tickets need. Raises Unavailable when its policy cannot be had."""
    return TicketServices(
        tickets=ticket_store(),
        reading=read_services(tenant_id),
        telling=TellServices(profiles(), send, settings().message_limit_bytes),
        publish=publish,
        waits=lambda ticket_id, code: journal().warn(
            "ticket_news_wait", tenant=tenant_id, operation=ticket_id, code=code
        ),
    )


def timed(services: TicketServices, context: object) -> TicketServices:
    """The same within the time that a function's invocation has left."""
    return msgspec.structs.replace(services, patience=patience(context))


def count_adoption(said: Iterable[bool]) -> None:
    """Count the proposed steps that a change took up or turned down: what adoption is measured by."""
    for adopted in said:
        journal().count("ProposedStepsAdopted" if adopted else "ProposedStepsDeclined")
    journal().flush()
