"""Values that reach a log by accident are not readable there."""

from __future__ import annotations

from chalicelib.events.model import Event, Identifier


def test_event__printed__shows_no_value() -> None:
    """The printed form of an event or an identifier holds no customer's value."""
    phone = Identifier("phone", "13912345670")
    event = Event(
        id="13912345670", type="order.paid", time=0, received_at=0, tenant="t", source="s", channel="shop",
        identifiers=(phone,), data={"text": "13912345670"},
    )  # fmt: skip
    assert (repr(phone), repr(event)) == ("<identifier phone>", "<event order.paid from s>")
    assert "139" not in f"{event} {[phone]}"
