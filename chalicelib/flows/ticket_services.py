"""What the flows of tickets need from outside, as values, and how a saved ticket's news is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.flows.services import Change, Patience, ReadServices
from chalicelib.flows.tell_desk import Telling, TellServices, tell
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.tickets import TicketStore
from chalicelib.tickets.changes import told
from chalicelib.tickets.declaration import TicketRules
from chalicelib.tickets.model import Outgoing, Ticket
from chalicelib.tickets.sla import due_at

ATTEMPTS = 8


class TicketServices(msgspec.Struct, frozen=True):
    """What tickets need: no key that opens anything. ``waits`` hears of news that the timer will have to tell."""

    tickets: TicketStore
    reading: ReadServices
    telling: TellServices
    publish: Callable[[Sequence[Change]], None]
    waits: Callable[[str, str], None]
    patience: Patience = Patience()

    @property
    def rules(self) -> TicketRules:
        """How the tenant handles tickets."""
        return self.reading.policy.declared.tickets


def ticket_of(tenant_id: str, ticket_id: str, tickets: TicketStore, now: Millis) -> Ticket:
    """A ticket as it is. Raises NotFound ``no_such_ticket``."""
    found = tickets.load(tenant_id, [ticket_id]).get(ticket_id)
    if found is None or found.expires_at <= now:
        raise NotFound("no_such_ticket", "There is no such ticket.")
    return found


def tell_news(ticket: Ticket, tenant: Tenant, services: TicketServices, now: Millis) -> Ticket:
    """Tell what a saved ticket has to tell, and take it off. What cannot be told now stays, and the timer tells it.

    Told twice it counts once: every piece has an id of its own, which subscribers and ingestion know it by.
    """
    if not ticket.outgoing:
        return ticket
    try:
        events = [_telling(ticket, one) for one in ticket.outgoing if one.where == "profile"]
        tell(tenant, ticket.profile_id, events, services.telling, now)
        services.publish([_change(tenant.tenant_id, ticket, one) for one in ticket.outgoing if one.where == "bus"])
    except Unavailable as error:
        services.waits(ticket.ticket_id, error.code)
        return ticket
    after = told(ticket, frozenset(one.id for one in ticket.outgoing))
    # Somebody who changed it meanwhile tells all of it again, and takes it off then.
    return after if services.tickets.keep(tenant.tenant_id, ticket, after, due_at(after, services.rules)) else ticket


def _telling(ticket: Ticket, one: Outgoing) -> Telling:
    return Telling(one.id, one.type, one.at, {"ticket_id": ticket.ticket_id, **one.says}, ticket.channel)


def _change(tenant_id: str, ticket: Ticket, one: Outgoing) -> Change:
    says = {name: format_moment(value) if name == "due_at" else value for name, value in one.says.items()}  # type: ignore[arg-type]  # only moments are called so
    return Change(
        one.type,
        {
            "tenant": tenant_id,
            "id": one.id,
            "ticket_id": ticket.ticket_id,
            "profile_id": ticket.profile_id,
            "kind": ticket.kind,
            "priority": ticket.priority,
            "queue": ticket.queue,
            "agent_id": ticket.agent_id,
            "at": format_moment(one.at),
            **says,
        },
    )
