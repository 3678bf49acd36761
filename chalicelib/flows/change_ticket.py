"""Changes a ticket: assigned, answered, noted, settled, opened again, rated. Each request has its effect once."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.named_agent import check_named_agent
from chalicelib.flows.ticket_services import ATTEMPTS, TicketServices, tell_news, ticket_of
from chalicelib.kernel.errors import BadInput, Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.free_text import masked
from chalicelib.privacy.tenants import Tenant
from chalicelib.tickets.changes import Doing, TicketChange, changed, is_done
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.sla import due_at


def change_ticket(
    ticket_id: str,
    change: TicketChange,
    tenant: Tenant,
    doing_id: str,
    who: str,
    services: TicketServices,
    now: Millis,
) -> Ticket:
    """The ticket as it is then, saved and told of. The same ``doing_id`` again changes nothing more.

    Raises NotFound ``no_such_ticket``, BadInput and Conflict as ``tickets.changes.changed`` does, ``unknown_queue``,
    Unavailable.
    """
    if change.queue is not None and change.queue not in services.reading.policy.declared.queues:
        raise BadInput("unknown_queue", "The policy has no such queue.", "queue")
    check_named_agent(change.agent_id)
    clean, doing = _masked(change), Doing(doing_id, who, now, services.rules)
    for _ in services.patience.attempts(ATTEMPTS):
        was = ticket_of(tenant.tenant_id, ticket_id, services.tickets, now)
        if is_done(was, doing_id):
            return tell_news(was, tenant, services, now)
        made = changed(was, clean, doing)
        if services.tickets.keep(tenant.tenant_id, was, made, due_at(made, services.rules)):
            _audit(made, tenant.tenant_id, doing, services)
            return tell_news(made, tenant, services, now)
    raise Unavailable("contended", "Others change this ticket; try again.")


def _audit(made: Ticket, tenant_id: str, doing: Doing, services: TicketServices) -> None:
    about = (made.profile_id,) if made.profile_id else ()
    done = sorted({one.what for one in made.history if one.id == doing.id})
    audited = Audited("tickets.change", doing.who, about, ",".join(done), made.ticket_id)
    services.reading.history.keep(audit_record(tenant_id, f"{made.ticket_id}.{doing.id}", doing.now, audited))


def _masked(change: TicketChange) -> TicketChange:
    """What staff and customers write may name somebody; what is kept of it does not."""
    survey = change.survey
    if survey is not None and survey.comment:
        survey = replace(survey, comment=masked(survey.comment))
    return replace(
        change,
        note=masked(change.note) if change.note else None,
        reply=masked(change.reply) if change.reply else None,
        survey=survey,
    )
