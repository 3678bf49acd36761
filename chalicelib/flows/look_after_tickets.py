"""Looks after tickets that are due: warns before a limit, marks what is overdue and escalates it, asks how it was.

Every mark is set with the version that was read, so that it is set once however many look; what it tells is saved with
it and told after, so that a crash between loses nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.flows.ticket_services import ATTEMPTS, TicketServices, tell_news
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.tickets.changes import looked_after
from chalicelib.tickets.sla import due_at


def look_after_ticket(ticket_id: str, tenant: Tenant, services: TicketServices, now: Millis) -> bool:
    """Do what is due of one ticket; whether anything was. One that is gone, or that others changed, is left to them; one
    that has expired is deleted.
    """
    for _ in services.patience.attempts(ATTEMPTS):
        was = services.tickets.load(tenant.tenant_id, [ticket_id]).get(ticket_id)
        if was is None:
            return False
        if was.expires_at <= now:
            # DynamoDB deletes late: until then the index would have it looked at every second.
            if services.tickets.delete(tenant.tenant_id, was):
                return False
            continue
        made = looked_after(was, services.rules, now)
        next_at = due_at(made, services.rules)
        if made is was and not was.outgoing:
            if not next_at or next_at > now:
                # The policy changed, or the index is behind: it stands there for another moment from now on.
                made = replace(was, version=was.version + 1)
            else:
                return False
        if made is was or services.tickets.keep(tenant.tenant_id, was, made, next_at):
            tell_news(made, tenant, services, now)
            return True
    return False
