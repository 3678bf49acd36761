"""Puts tickets together: a part of ``compose`` of its own, because few functions need it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chalicelib.desk.model import Conversation
from chalicelib.entrypoints.compose import (
    api,
    journal,
    profiles,
    publish,
    read_services,
    send,
    settings,
    tenant,
    until_answered,
)
from chalicelib.flows.tell_desk import TellServices
from chalicelib.flows.ticket_services import TicketServices
from chalicelib.kernel.moments import Millis
from chalicelib.store.desk import DueAtDesk
from chalicelib.store.tickets import DynamoTickets


def ticket_store() -> DynamoTickets:
    """Tickets and their lists."""
    return DynamoTickets(api("dynamodb").call, settings().table_desk)


def tell_services() -> TellServices:
    """What telling a profile what happened at the desk needs."""
    return TellServices(profiles(), send, settings().message_limit_bytes)


def ticket_services(tenant_id: str) -> TicketServices:
    """What a tenant's tickets need. Raises Unavailable when its policy cannot be had."""
    return TicketServices(
        tickets=ticket_store(),
        reading=read_services(tenant_id),
        telling=tell_services(),
        publish=publish,
        waits=lambda ticket_id, code: journal().warn(
            "ticket_news_wait", tenant=tenant_id, operation=ticket_id, code=code
        ),
    )


def look_at_ticket(due: DueAtDesk, at: Millis) -> None:
    """Do what is due of a ticket; its patience is the call's own. Raises Unavailable, and then it stays due."""
    from chalicelib.flows.look_after_tickets import look_after_ticket

    services = msgspec.structs.replace(ticket_services(due.tenant), patience=until_answered())
    look_after_ticket(due.id, tenant(due.tenant), services, at)


def call_back(tenant_id: str, conversation: Conversation, at: Millis) -> None:
    """Open the ticket by which somebody is called back who waited too long: one of a conversation, told twice or not."""
    from chalicelib.flows.open_ticket import open_callback

    open_callback(conversation, tenant(tenant_id), ticket_services(tenant_id), at)


def count_adoption(said: Iterable[bool]) -> None:
    """Count the proposed steps that a change took up or turned down: what adoption is measured by."""
    for adopted in said:
        journal().count("ProposedStepsAdopted" if adopted else "ProposedStepsDeclined")
    journal().flush()
