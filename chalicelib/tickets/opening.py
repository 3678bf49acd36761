"""A new ticket: its limits begin to run, its steps are proposed, and what it tells is written down with it."""

from __future__ import annotations

import msgspec

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.tickets.changes import saved_as, to_profile
from chalicelib.tickets.declaration import TicketRules
from chalicelib.tickets.knowledge import proposed
from chalicelib.tickets.model import Clock, Entry, Facts, Kind, Linked, Outgoing, Priority, Ticket
from chalicelib.tickets.sla import clock, limit_ms


class Asked(msgspec.Struct, frozen=True):
    """What a ticket is opened with. ``text`` is masked by now; the seconds are the limits of its queue."""

    ticket_id: str
    kind: Kind
    topic: str
    priority: Priority
    queue: str
    first_response_seconds: int
    resolve_seconds: int
    who: str
    profile_id: str = ""
    channel: str = "desk"
    conversation_id: str = ""
    decision_id: str = ""
    agent_id: str = ""
    text: str = ""
    facts: Facts = Facts()
    linked: tuple[Linked, ...] = ()


def opened(asked: Asked, rules: TicketRules, now: Millis) -> Ticket:
    """The ticket, in its first version."""
    resolve_ms = limit_ms("resolve", asked.kind, asked.priority, asked.resolve_seconds, rules)
    first_ms = limit_ms("first_response", asked.kind, asked.priority, asked.first_response_seconds, rules)
    bare = Ticket(
        ticket_id=asked.ticket_id,
        kind=asked.kind,
        topic=asked.topic,
        status="assigned" if asked.agent_id else "open",
        priority=asked.priority,
        queue=asked.queue,
        opened_at=now,
        first_response=clock(now, first_ms, rules),
        resolve=_at_least(clock(now, resolve_ms, rules), first_ms, now, rules),
        resolve_ms=resolve_ms,
        expires_at=now + rules.kept_days * DAY_MS,
        profile_id=asked.profile_id,
        channel=asked.channel,
        conversation_id=asked.conversation_id,
        decision_id=asked.decision_id,
        agent_id=asked.agent_id,
        text=asked.text,
        facts=asked.facts,
        steps=proposed(asked.kind, asked.topic, asked.priority, asked.facts, asked.linked),
        linked=asked.linked,
        history=(Entry(now, asked.who, "opened", asked.ticket_id, to=asked.agent_id),),
    )
    return saved_as(bare, msgspec.structs.replace(bare, outgoing=_tells(asked, now)), now)


def _at_least(one: Clock, first_ms: Millis, now: Millis, rules: TicketRules) -> Clock:
    """Nothing is to be resolved before it is to be answered."""
    return one if one.due_at >= now + first_ms else clock(now, first_ms, rules)


def _tells(asked: Asked, now: Millis) -> tuple[Outgoing, ...]:
    if not asked.profile_id:
        return ()
    says = {"topic": asked.topic, "kind": asked.kind, "priority": asked.priority}
    tells = [to_profile("ticket.opened", now, **says)]
    if asked.kind == "complaint":
        tells.append(to_profile("complaint.filed", now, topic=asked.topic))
    if asked.agent_id:
        tells.append(to_profile("ticket.assigned", now, priority=asked.priority, agent_id=asked.agent_id))
    return tuple(tells)
