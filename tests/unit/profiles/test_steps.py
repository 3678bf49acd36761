"""Which step of a case an event is."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.events.model import Event, Identifier
from chalicelib.kernel.errors import BadInput
from chalicelib.profiles.steps import step_of


def event(kind: str, **given: Any) -> Event:
    return Event("e1", kind, 1000, 1000, "t", "s", "web", (Identifier("user_id", "u"),), given)


def test_step_of__an_order__has_its_reference_status_and_amount() -> None:
    """The type's verb is the status, the order's number the reference, money exact."""
    step = step_of(event("order.paid", order_id="o1", amount="19.99", topic="payment"), b"k")
    assert step is not None
    assert (step.kind, step.ref, step.status, step.amount, step.topic) == (
        "order",
        "o1",
        "paid",
        19_990_000,
        "payment",
    )


@pytest.mark.parametrize("one", [event("page.viewed"), event("order.paid"), event("ticket.opened", ticket_id=7)])
def test_step_of__an_event_of_no_case__is_none(one: Event) -> None:
    """Without a case or its reference there is no step."""
    assert step_of(one, b"k") is None


@pytest.mark.parametrize("verb", ["chased", "escalated", "breached"])
def test_step_of__a_remark_on_a_ticket__is_none(verb: str) -> None:
    """Asking how a closed ticket stands does not open it again."""
    assert step_of(event(f"ticket.{verb}", ticket_id="t1"), b"k") is None


def test_step_of__a_complaint_without_ticket__is_a_case_of_its_own() -> None:
    """A complaint must never be lost for want of a number."""
    step = step_of(event("complaint.filed"), b"\x01")
    assert step is not None
    assert step.ref == "01"


def test_step_of__a_bad_amount__is_refused() -> None:
    """An amount that is no amount refuses the event, so that it is quarantined and not half counted."""
    with pytest.raises(BadInput):
        step_of(event("order.paid", order_id="o1", amount=[]), b"k")
