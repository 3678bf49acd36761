"""A ticket's life: what may be done with it, what time does with it, and what is told of either.

Pure: each answers the ticket as it is then, its version counted up, or refuses. Whoever saves it does so on the version
that was read, so that of two who change it at once one begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec.structs import replace

from chalicelib.kernel.errors import BadInput, Conflict
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.kernel.names import AGENT_PATTERN, WORD_PATTERN
from chalicelib.tickets.declaration import TicketRules
from chalicelib.tickets.model import TIMER, Clock, Entry, Limit, Outgoing, Priority, Status, Step, Survey, Ticket
from chalicelib.tickets.sla import asks_survey, clock, later, raised

MOST_ENTRIES = 400
MOST_WORDS = 300
"""From so many lines on, a history takes no more notes and replies: what is left is for how it ends."""

STEPS: Mapping[Status, frozenset[Status]] = {
    "open": frozenset({"assigned", "waiting_customer", "resolved", "closed"}),
    "assigned": frozenset({"open", "waiting_customer", "resolved", "closed"}),
    "waiting_customer": frozenset({"open", "assigned", "resolved", "closed"}),
    "resolved": frozenset({"open", "assigned", "closed"}),
    "closed": frozenset({"open", "assigned"}),
}
"""Status → what may follow it."""

type Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, pattern=r"\S")]
type ShortId = Annotated[str, msgspec.Meta(max_length=128)]
type AgentOrNone = Annotated[str, msgspec.Meta(pattern=rf"^$(?!\n)|{AGENT_PATTERN}")]
"""Who a ticket is given to, or '': it stands in keys, on the bus and in the profile, so it is an id and no text."""


class SurveyAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How satisfied the person was, 1–5, and in their words."""

    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    comment: Words | None = None


class TicketChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change. With ``version`` only if it is that one still. ``agent_id`` '' takes it from its agent.

    ``reply``: what the customer was told (the first one is the first response). ``adopt``: step → whether it is taken up.
    """

    version: int | None = None
    status: Status | None = None
    agent_id: AgentOrNone | None = None
    queue: ShortId | None = None
    topic: Annotated[str, msgspec.Meta(pattern=WORD_PATTERN)] | None = None
    priority: Priority | None = None
    reply: Words | None = None
    note: Words | None = None
    adopt: dict[str, bool] = {}
    survey: SurveyAnswer | None = None

    def __repr__(self) -> str:
        return "<ticket change>"


class Doing(msgspec.Struct, frozen=True):
    """Who changes a ticket, when, by which request, under which rules."""

    id: str
    who: str
    now: Millis
    rules: TicketRules


def changed(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    """The ticket with a change made; its texts must be masked by then.

    Raises Conflict ``ticket_changed``, ``bad_transition``, ``not_closed``, ``survey_answered`` and ``ticket_full``,
    BadInput ``nothing_changed`` and ``no_such_step``.
    """
    if change.version is not None and change.version != ticket.version:
        raise Conflict("ticket_changed", "The ticket was changed since it was read.", "version")
    if change.adopt.keys() - {one.id for one in ticket.steps}:
        raise BadInput("no_such_step", "The ticket has no such proposed step.", "adopt")
    if (change.note or change.reply) and len(ticket.history) >= MOST_WORDS:
        raise Conflict("ticket_full", "The ticket's history is full: open another one.", "note")
    after = ticket
    for part in (_fields, _assigned, _adopted, _words, _status, _surveyed):
        after = part(after, change, doing)
    if after == ticket:
        raise BadInput("nothing_changed", "A change says what is to be changed.")
    if len(after.history) > MOST_ENTRIES:
        raise Conflict("ticket_full", "The ticket's history is full: open another one.")
    return saved_as(ticket, after, doing.now)


def saved_as(before: Ticket, after: Ticket, now: Millis) -> Ticket:
    """The ticket as it is to be saved over ``before``: its version counted, and what it tells named by it."""
    version = before.version + 1
    old = len(before.outgoing)
    fresh = (
        replace(one, id=f"{after.ticket_id}.{version}.{at}") for at, one in enumerate(after.outgoing[old:], start=1)
    )
    return replace(after, version=version, changed_at=now, outgoing=(*after.outgoing[:old], *fresh))


def is_done(ticket: Ticket, change_id: str) -> bool:
    """Whether this very request was carried out already."""
    return any(one.id == change_id for one in ticket.history)


def told(ticket: Ticket, ids: frozenset[str]) -> Ticket:
    """The ticket with nothing of this left to tell."""
    left = tuple(one for one in ticket.outgoing if one.id not in ids)
    return replace(ticket, outgoing=left, version=ticket.version + 1)


def to_profile(type_: str, at: Millis, **says: str | int) -> Outgoing:
    """An event for the profile. What says nothing is left out."""
    return Outgoing("", "profile", type_, at, {name: one for name, one in says.items() if one != ""})


def looked_after(ticket: Ticket, rules: TicketRules, now: Millis) -> Ticket:
    """The ticket with all marked that time has done to it; the same one where that is nothing.

    Each mark is set once, so what is told of it is told once, however often and however late this is asked.
    """
    after = ticket
    if after.is_open and not after.first_response.met_at:
        after = _clock_looked_at(after, "first_response", rules, now)
    if after.is_open and not after.paused_at:
        after = _clock_looked_at(after, "resolve", rules, now)
    if asks_survey(after, rules) and now >= after.settled_at + (rules.survey_after_seconds or 0) * 1000:
        after = _noted(replace(after, survey_asked_at=now), now, TIMER, "survey_asked")
        after = _telling(after, Outgoing("", "bus", "ticket.survey_due", now))
    return ticket if after == ticket else saved_as(ticket, after, now)


def _clock_looked_at(ticket: Ticket, limit: Limit, rules: TicketRules, now: Millis) -> Ticket:
    one: Clock = getattr(ticket, limit)
    if one.overdue_at or now < one.warn_at:
        return ticket
    if now < one.due_at:
        return ticket if one.warned_at else _warned(ticket, limit, replace(one, warned_at=now), now)
    late = replace(one, warned_at=one.warned_at or now, overdue_at=now)
    after = _noted(_with_clock(ticket, limit, late), now, TIMER, "overdue", to=limit)
    after = _telling(
        after,
        Outgoing("", "bus", "ticket.overdue", now, {"limit": limit, "due_at": one.due_at}),
        to_profile("ticket.breached", now, priority=ticket.priority),
    )
    return _escalated(after, rules, now)


def _warned(ticket: Ticket, limit: Limit, one: Clock, now: Millis) -> Ticket:
    after = _noted(_with_clock(ticket, limit, one), now, TIMER, "due_soon", to=limit)
    return _telling(after, Outgoing("", "bus", "ticket.due_soon", now, {"limit": limit, "due_at": one.due_at}))


def _escalated(ticket: Ticket, rules: TicketRules, now: Millis) -> Ticket:
    priority, queue = raised(ticket.priority, rules.escalation.levels), rules.escalation.queue or ticket.queue
    if (priority, queue) == (ticket.priority, ticket.queue):
        return ticket
    after = replace(ticket, priority=priority, queue=queue, escalated=ticket.escalated + 1)
    was, to = f"{ticket.queue}/{ticket.priority}", f"{queue}/{priority}"
    return _telling(
        _noted(after, now, TIMER, "escalated", was=was, to=to),
        Outgoing("", "bus", "ticket.escalated", now),
        to_profile("ticket.escalated", now, priority=priority),
    )


def _with_clock(ticket: Ticket, limit: Limit, one: Clock) -> Ticket:
    return replace(ticket, first_response=one) if limit == "first_response" else replace(ticket, resolve=one)


def _fields(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    for name in ("queue", "topic", "priority"):
        was, to = getattr(ticket, name), getattr(change, name)
        if to is not None and to != was:
            ticket = _noted(replace(ticket, **{name: to}), doing.now, doing.who, name, was=was, to=to, id_=doing.id)
    return ticket


def _assigned(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    to = change.agent_id
    if to is None or to == ticket.agent_id:
        return ticket
    if not ticket.is_open and change.status not in ("open", "assigned"):
        raise Conflict("bad_transition", "Only an open ticket is given to an agent: reopen it.", "agent_id")
    after = replace(ticket, agent_id=to)
    if after.status in ("open", "assigned"):
        after = replace(after, status="assigned" if to else "open")
    after = _noted(after, doing.now, doing.who, "assigned", was=ticket.agent_id, to=to, id_=doing.id)
    return _telling(after, to_profile("ticket.assigned", doing.now, priority=after.priority, agent_id=to))


def _adopted(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    wanted = {
        one.id: change.adopt[one.id] for one in ticket.steps if change.adopt.get(one.id, one.adopted) != one.adopted
    }
    for id_, adopted in wanted.items():
        what = "step_adopted" if adopted else "step_declined"
        ticket = _noted(ticket, doing.now, doing.who, what, to=id_, id_=doing.id)
    return replace(ticket, steps=tuple(_said_of(one, wanted, doing) for one in ticket.steps)) if wanted else ticket


def _said_of(step: Step, wanted: Mapping[str, bool], doing: Doing) -> Step:
    if step.id not in wanted:
        return step
    return replace(step, adopted=wanted[step.id], by=doing.who, at=doing.now)


def _words(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    if change.note:
        ticket = _noted(ticket, doing.now, doing.who, "note", text=change.note, id_=doing.id)
    if not change.reply:
        return ticket
    ticket = _noted(ticket, doing.now, doing.who, "replied", text=change.reply, id_=doing.id)
    if not ticket.first_response.met_at:
        ticket = replace(ticket, first_response=replace(ticket.first_response, met_at=doing.now))
    return _telling(ticket, to_profile("ticket.replied", doing.now, agent_id=ticket.agent_id))


def _status(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    to = change.status
    if to is None or to == ticket.status:
        return ticket
    too_late = ticket.status == "closed" and doing.now > ticket.settled_at + doing.rules.reopen_days * DAY_MS
    if to not in STEPS[ticket.status] or too_late:
        raise Conflict("bad_transition", "A ticket in this status does not go to that one.", "status")
    if (to == "assigned" and not ticket.agent_id) or (to == "open" and change.agent_id):
        raise Conflict("bad_transition", "An assigned ticket has an agent, and an open one has none.", "agent_id")
    after = _noted(replace(ticket, status=to), doing.now, doing.who, "status", was=ticket.status, to=to, id_=doing.id)
    if to == "open":
        after = replace(after, agent_id="")
    if ticket.is_open:
        after = _paused(ticket, after, doing.now)
        return after if after.is_open else _settled(after, doing)
    return _settled(after, doing) if to == "closed" else _reopened(after, doing)


def _paused(before: Ticket, after: Ticket, now: Millis) -> Ticket:
    """What waits for the customer does not run out: that limit stands still."""
    if before.paused_at:
        return replace(after, resolve=later(after.resolve, now - before.paused_at), paused_at=0)
    return replace(after, paused_at=now) if after.status == "waiting_customer" else after


def _settled(ticket: Ticket, doing: Doing) -> Ticket:
    now, resolve, first = doing.now, ticket.resolve, ticket.first_response
    after = replace(
        ticket,
        settled_at=now,
        resolve=resolve if resolve.met_at else replace(resolve, met_at=now),
        # What was settled was answered.
        first_response=first if first.met_at else replace(first, met_at=now),
    )
    says = {"topic": ticket.topic, "kind": ticket.kind, "agent_id": ticket.agent_id}
    return _telling(after, to_profile(f"ticket.{ticket.status}", now, **says))


def _reopened(ticket: Ticket, doing: Doing) -> Ticket:
    """Its limit runs anew, and is noticed anew. The first response was given: it does not begin again."""
    after = replace(
        ticket,
        settled_at=0,
        reopened=ticket.reopened + 1,
        resolve=clock(doing.now, ticket.resolve_ms, doing.rules),
        survey_asked_at=0,
        survey=None,
    )
    after = _noted(after, doing.now, doing.who, "reopened", id_=doing.id)
    return _telling(after, to_profile("ticket.reopened", doing.now, topic=ticket.topic, kind=ticket.kind))


def _surveyed(ticket: Ticket, change: TicketChange, doing: Doing) -> Ticket:
    answer = change.survey
    if answer is None:
        return ticket
    if ticket.is_open:
        raise Conflict("not_closed", "How it was is asked once it is over.", "survey")
    if ticket.survey is not None:
        raise Conflict("survey_answered", "The survey was answered already.", "survey")
    after = replace(ticket, survey=Survey(answer.score, doing.now, answer.comment or ""))
    after = _noted(after, doing.now, doing.who, "survey_answered", to=str(answer.score), id_=doing.id)
    return _telling(after, to_profile("survey.answered", doing.now, score=answer.score, subject="ticket"))


def _noted(
    ticket: Ticket, at: Millis, who: str, what: str, *, was: str = "", to: str = "", text: str = "", id_: str = ""
) -> Ticket:
    return replace(ticket, history=(*ticket.history, Entry(at, who, what, id_, was, to, text)))


def _telling(ticket: Ticket, *outgoing: Outgoing) -> Ticket:
    return replace(ticket, outgoing=(*ticket.outgoing, *_of_somebody(ticket, outgoing)))


def _of_somebody(ticket: Ticket, outgoing: tuple[Outgoing, ...]) -> Iterator[Outgoing]:
    """Whom nobody knows has no profile that could learn."""
    yield from (one for one in outgoing if one.where == "bus" or ticket.profile_id)
