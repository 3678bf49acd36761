"""Tickets as they are answered: times written out, and of who restricted us or refused no more than they allow."""

from __future__ import annotations

import msgspec

from chalicelib.flows.follow import follow
from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.profiles.model import Body
from chalicelib.profiles.permitted import Withheld
from chalicelib.store.rows import ProfileStore
from chalicelib.tickets.model import Amount, Clock, Entry, Facts, Linked, Step, Survey, Ticket

_PERSONS = ("facts", "linked", "steps", "text")
"""What of a ticket is about the person, and not about how it was handled."""


class DeadlineView(msgspec.Struct, frozen=True):
    """By when the person wants it: their words, and what they mean."""

    says: str
    at: str


class TicketFactsView(msgspec.Struct, frozen=True):
    """The key facts of the message."""

    orders: tuple[str, ...]
    products: tuple[str, ...]
    demands: tuple[str, ...]
    amounts: tuple[Amount, ...]
    deadline: DeadlineView | None


class TicketStepView(msgspec.Struct, frozen=True):
    """A handling step as it was proposed, why, and whether it was taken up."""

    id: str
    says: Text
    why: Text
    within_seconds: int
    adopted: bool | None
    by: str
    at: str | None


class TicketLinkedView(msgspec.Struct, frozen=True):
    """Another case of the same person."""

    kind: str
    ref: str
    status: str
    at: str
    topic: str


class TicketLimitView(msgspec.Struct, frozen=True):
    """A time limit: when it ends, when it was warned of and found overdue, when it was kept."""

    due_at: str
    warn_at: str
    warned_at: str | None
    overdue_at: str | None
    met_at: str | None


class TicketSurveyView(msgspec.Struct, frozen=True):
    """What the person answered."""

    score: int
    comment: str
    at: str


class TicketEntryView(msgspec.Struct, frozen=True):
    """One line of the history."""

    at: str
    who: str
    what: str
    was: str
    to: str
    text: str


class TicketBrief(msgspec.Struct, frozen=True):
    """A ticket as it stands in a list: nothing of what was said."""

    ticket_id: str
    kind: str
    topic: str
    status: str
    priority: str
    queue: str
    agent_id: str
    profile_id: str | None
    opened_at: str
    first_response: TicketLimitView
    resolve: TicketLimitView
    overdue: bool
    version: int


class TicketView(msgspec.Struct, frozen=True):
    """A ticket as it is. ``withheld`` says what of it may not be shown, and why."""

    ticket_id: str
    kind: str
    topic: str
    status: str
    priority: str
    queue: str
    agent_id: str
    profile_id: str | None
    channel: str
    conversation_id: str
    decision_id: str
    opened_at: str
    first_response: TicketLimitView
    resolve: TicketLimitView
    overdue: bool
    escalated: int
    reopened: int
    text: str
    facts: TicketFactsView
    steps: tuple[TicketStepView, ...]
    linked: tuple[TicketLinkedView, ...]
    history: tuple[TicketEntryView, ...]
    survey: TicketSurveyView | None
    withheld: tuple[Withheld, ...]
    version: int


class TicketsView(msgspec.Struct, frozen=True):
    """A page of tickets. ``cursor`` is empty on the last page; a page may have fewer than asked."""

    tickets: tuple[TicketBrief, ...]
    cursor: str


def withheld_of(tenant_id: str, ticket: Ticket, purpose: str, profiles: ProfileStore) -> tuple[Withheld, ...]:
    """What of a ticket may not be shown for a purpose: nothing of who had us restrict it, and of who is not profiled
    not what is known beside the ticket. The law is answered in full.
    """
    if purpose == "legal" or not ticket.profile_id:
        return ()
    row = follow(tenant_id, [ticket.profile_id], profiles, fresh=False).get(ticket.profile_id)
    if row is None:
        return ()
    if row.state in ("restricted", "erased"):
        # Of who is erased it is deleted in a moment.
        return tuple(Withheld(path, row.state) for path in (*_PERSONS, "history.text", "survey.comment"))
    profiled = profile_of(row, decode(row.body, Body)).is_profiled
    return () if profiled else (Withheld("linked", "consent"),)


def view_of(ticket: Ticket, withheld: tuple[Withheld, ...] = ()) -> TicketView:
    """The whole ticket without what is withheld."""
    gone = {one.path for one in withheld}
    facts = Facts() if "facts" in gone else ticket.facts
    return TicketView(
        ticket_id=ticket.ticket_id,
        kind=ticket.kind,
        topic=ticket.topic,
        status=ticket.status,
        priority=ticket.priority,
        queue=ticket.queue,
        agent_id=ticket.agent_id,
        profile_id=ticket.profile_id or None,
        channel=ticket.channel,
        conversation_id=ticket.conversation_id,
        decision_id=ticket.decision_id,
        opened_at=format_moment(ticket.opened_at),
        first_response=_limit(ticket.first_response),
        resolve=_limit(ticket.resolve),
        overdue=ticket.is_overdue,
        escalated=ticket.escalated,
        reopened=ticket.reopened,
        text="" if "text" in gone else ticket.text,
        facts=_facts(facts),
        steps=() if "steps" in gone else tuple(map(_step, ticket.steps)),
        linked=() if "linked" in gone else tuple(map(_linked, ticket.linked)),
        history=tuple(_entry(one, hides="history.text" in gone) for one in ticket.history),
        survey=_survey(ticket.survey, hides="survey.comment" in gone),
        withheld=withheld,
        version=ticket.version,
    )


def brief_of(ticket: Ticket) -> TicketBrief:
    """The ticket as lists have it."""
    return TicketBrief(
        ticket_id=ticket.ticket_id,
        kind=ticket.kind,
        topic=ticket.topic,
        status=ticket.status,
        priority=ticket.priority,
        queue=ticket.queue,
        agent_id=ticket.agent_id,
        profile_id=ticket.profile_id or None,
        opened_at=format_moment(ticket.opened_at),
        first_response=_limit(ticket.first_response),
        resolve=_limit(ticket.resolve),
        overdue=ticket.is_overdue,
        version=ticket.version,
    )


def _moment(at: Millis) -> str | None:
    return format_moment(at) if at else None


def _limit(one: Clock) -> TicketLimitView:
    return TicketLimitView(
        format_moment(one.due_at),
        format_moment(one.warn_at),
        _moment(one.warned_at),
        _moment(one.overdue_at),
        _moment(one.met_at),
    )


def _facts(facts: Facts) -> TicketFactsView:
    due = facts.deadline
    deadline = None if due is None else DeadlineView(due.says, format_moment(due.at))
    return TicketFactsView(facts.orders, facts.products, facts.demands, facts.amounts, deadline)


def _step(one: Step) -> TicketStepView:
    return TicketStepView(one.id, one.says, one.why, one.within_seconds, one.adopted, one.by, _moment(one.at))


def _linked(one: Linked) -> TicketLinkedView:
    return TicketLinkedView(one.kind, one.ref, one.status, format_moment(one.at), one.topic)


def _entry(one: Entry, *, hides: bool) -> TicketEntryView:
    return TicketEntryView(format_moment(one.at), one.who, one.what, one.was, one.to, "" if hides else one.text)


def _survey(one: Survey | None, *, hides: bool) -> TicketSurveyView | None:
    return None if one is None else TicketSurveyView(one.score, "" if hides else one.comment, format_moment(one.at))
