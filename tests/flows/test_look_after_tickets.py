"""What the schedule does with a ticket that stands in the index of what is due."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.flows.look_after_tickets import look_after_ticket
from chalicelib.flows.services import Change
from chalicelib.flows.tell_desk import TellServices
from chalicelib.flows.ticket_services import TicketServices
from chalicelib.store.tickets import ALL, MemoryTickets
from chalicelib.tickets.declaration import TICKETS
from chalicelib.tickets.opening import Asked, opened
from tests.flows.world import NOW, TENANT_ID, World


class Raced(MemoryTickets):
    """A store in which somebody else changes a ticket just before it is deleted."""

    def delete(self, tenant: str, ticket: object) -> bool:
        for key, (kept, due_at) in self.kept.items():
            if kept is ticket:
                self.kept[key] = (replace(kept, version=kept.version + 1, expires_at=NOW + 1), due_at)
                return False
        return super().delete(tenant, ticket)  # type: ignore[arg-type]


def looked_at(tickets: MemoryTickets, *, expires_at: int) -> list[Change]:
    """A ticket whose limits ran out is looked at; what was published."""
    world, told = World(), list[Change]()
    telling = TellServices(world.profiles, lambda bodies: None, world.message_limit_bytes)
    services = TicketServices(tickets, world.reading(), telling, told.extend, lambda id_, code: None)
    asked = Asked("tk_1", "complaint", "refund", "high", "general", 10, 86_400, "anna")
    made = replace(opened(asked, TICKETS, NOW - 10**9), expires_at=expires_at, outgoing=())
    assert tickets.keep(TENANT_ID, None, made, NOW - 1)
    look_after_ticket("tk_1", world.tenant(TENANT_ID), services, NOW)
    return told


def test_ticket__expired_with_something_due__is_deleted_and_asked_about_no_more() -> None:
    """DynamoDB deletes late: what is expired stands in the index until then, and would be looked at each second."""
    tickets = MemoryTickets()
    assert looked_at(tickets, expires_at=NOW) == []
    assert tickets.kept == {} and tickets.listed(TENANT_ID, ALL, limit=1) == []


def test_ticket__not_expired__is_looked_after_and_stays() -> None:
    """Negative control: of one that is kept, what time did is told."""
    tickets = MemoryTickets()
    assert "ticket.overdue" in [one.type for one in looked_at(tickets, expires_at=NOW + 1)]
    assert tickets.listed(TENANT_ID, ALL, limit=1)


def test_ticket__kept_on_by_somebody_meanwhile__is_not_deleted() -> None:
    """The version that was read is the one that goes."""
    tickets = Raced()
    assert "ticket.overdue" in [one.type for one in looked_at(tickets, expires_at=NOW)]
    assert tickets.listed(TENANT_ID, ALL, limit=1)
