"""Which step of an order, ticket or complaint an event is."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.events.model import Event
from chalicelib.kernel.amounts import parse_amount
from chalicelib.profiles.model import Step

_REFERENCES: Mapping[str, str] = {"order": "order_id", "ticket": "ticket_id", "complaint": "ticket_id"}
"""Kind (the event type's object) → the field that names the case."""

_REMARKS: Mapping[str, frozenset[str]] = {"ticket": frozenset({"escalated", "breached", "chased"})}
"""Kind → what is said of a case that is no step of it: asking how a closed ticket stands does not open it again."""


def step_of(event: Event, event_key: bytes) -> Step | None:
    """The step, or None for an event of no case. A complaint without ticket is a case of its own."""
    kind, _, status = event.type.partition(".")
    field = _REFERENCES.get(kind)
    if field is None or status in _REMARKS.get(kind, ()):
        return None
    ref = event.data.get(field)
    if not isinstance(ref, str) or not ref:
        if kind != "complaint":
            return None
        ref = event_key.hex()
    amount = event.data.get("amount")
    topic = event.data.get("topic")
    return Step(
        at=event.time,
        event_key=event_key,
        kind=kind,
        ref=ref,
        status=status,
        amount=None if amount is None else parse_amount(amount),
        topic=topic if isinstance(topic, str) else None,
    )
