"""Time limits by kind, queue and priority; warnings before, and what is due next."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.tickets.changes import Doing, TicketChange, changed, looked_after
from chalicelib.tickets.declaration import TICKETS, Escalation, Limits, TicketRules
from chalicelib.tickets.model import Kind, Priority, Ticket
from chalicelib.tickets.opening import Asked, opened
from chalicelib.tickets.sla import due_at, limit_ms, raised

AT = 1_760_000_000_000
SECOND = 1_000
SHORT = TicketRules(
    limits={"complaint": Limits(first_response_seconds=4, resolve_seconds=40)},
    pace={},
    escalation=Escalation(levels=1, queue="supervisors"),
)


def ticket(kind: Kind = "complaint", rules: TicketRules = SHORT, priority: Priority = "normal") -> Ticket:
    asked = Asked("tk_1", kind, "refund", priority, "general", 10, 86_400, "anna", profile_id="p_1")
    return opened(asked, rules, AT)


def doing(at: int, who: str = "anna") -> Doing:
    return Doing(f"c_{at}", who, at, SHORT)


@pytest.mark.parametrize(
    ("kind", "priority", "first", "resolve"),
    [("consult", "normal", 10, 86_400), ("complaint", "normal", 3_600, 172_800), ("complaint", "critical", 1_800, 86_400),
     ("after_sales", "high", 2_700, 64_800), ("callback", "low", 1_800, 14_400)],
)  # fmt: skip
def test_limits__by_kind_and_priority(kind: Kind, priority: Priority, first: int, resolve: int) -> None:
    """Consults are answered in 10 s, complaints closed in 48 h, others as their queue says; what presses goes faster."""
    assert limit_ms("first_response", kind, priority, 10, TICKETS) == first * SECOND
    assert limit_ms("resolve", kind, priority, 86_400, TICKETS) == resolve * SECOND


def test_warning__comes_before__and_once() -> None:
    """At three quarters of the limit, by the policy; asked again nothing more happens."""
    one = ticket()
    assert due_at(replace(one, outgoing=()), SHORT) == AT + 3 * SECOND
    assert looked_after(one, SHORT, AT + 3 * SECOND - 1) is one
    warned = looked_after(one, SHORT, AT + 3 * SECOND)
    assert [one.type for one in warned.outgoing][-1] == "ticket.due_soon" and warned.outgoing[-1].says[
        "limit"
    ] == "first_response"
    assert looked_after(warned, SHORT, AT + 3 * SECOND + 500) is warned
    assert due_at(replace(warned, outgoing=()), SHORT) == AT + 4 * SECOND


def test_overdue__is_told_once__and_escalates() -> None:
    """Even when it is looked at late, for both limits at once, and again."""
    late = looked_after(ticket(), SHORT, AT + 50 * SECOND)
    told = [one.type for one in late.outgoing if one.where == "bus"]
    assert told.count("ticket.overdue") == 2 and "ticket.due_soon" not in told
    assert (late.queue, late.priority, late.escalated, late.is_overdue) == ("supervisors", "critical", 2, True)
    assert looked_after(late, SHORT, AT + 60 * SECOND) is late
    assert due_at(replace(late, outgoing=()), SHORT) == 0


def test_first_response__kept__is_never_overdue() -> None:
    """A reply, or settling it, keeps the first limit; the other goes on."""
    replied = changed(ticket(), TicketChange(reply="在查"), doing(AT + SECOND))
    later = looked_after(replied, SHORT, AT + 10 * SECOND)
    assert later is replied and replied.first_response.met_at == AT + SECOND
    assert due_at(replace(replied, outgoing=()), SHORT) == AT + 30 * SECOND


def test_waiting_for_the_customer__the_limit_stands_still() -> None:
    """And goes on with what was left of it."""
    replied = changed(ticket(), TicketChange(reply="?", status="waiting_customer"), doing(AT + 10 * SECOND))
    assert looked_after(replied, SHORT, AT + 500 * SECOND) is replied
    back = changed(replied, TicketChange(agent_id="anna", status="assigned"), doing(AT + 110 * SECOND))
    assert back.resolve.due_at == AT + 140 * SECOND and back.paused_at == 0


def test_survey__after_the_close__is_asked_once() -> None:
    """Of somebody who is known; an answer ends it, and a second one is refused elsewhere."""
    closed = changed(ticket(), TicketChange(status="closed"), doing(AT + SECOND))
    asked = looked_after(closed, SHORT, AT + SECOND)
    assert asked.outgoing[-1].type == "ticket.survey_due" and asked.survey_asked_at
    assert looked_after(asked, SHORT, AT + 9 * SECOND) is asked
    silent = replace(SHORT, survey_after_seconds=None)
    assert looked_after(closed, silent, AT + 9 * SECOND) is closed
    nobodys = replace(closed, profile_id="")
    assert looked_after(nobodys, SHORT, AT + 9 * SECOND) is nobodys


def test_untold__is_due_soon__so_that_a_crash_loses_nothing() -> None:
    """What was saved and not told is what the timer comes for."""
    one = ticket(rules=TICKETS)
    assert one.outgoing and due_at(one, TICKETS) == AT + 5 * SECOND
    assert due_at(replace(one, outgoing=()), TICKETS) == AT + 2_700 * SECOND


def test_priority__raised__ends_at_the_highest() -> None:
    """However many levels are declared."""
    assert [raised("low", 1), raised("high", 3), raised("critical", 1)] == ["normal", "critical", "critical"]
    stays = looked_after(ticket(rules=SHORT), replace(SHORT, escalation=Escalation(levels=0)), AT + 50 * SECOND)
    assert stays.escalated == 0 and stays.is_overdue
