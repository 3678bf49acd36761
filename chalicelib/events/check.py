"""What an event must satisfy to be accepted, whatever channel it came through."""

from __future__ import annotations

import msgspec

from chalicelib.events.model import Event, Identifier
from chalicelib.events.types import CHANNELS, is_type
from chalicelib.kernel.errors import BadInput, TooLarge
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis

FUTURE_TOLERANCE_MS = 5 * MINUTE_MS
"""One event dated 2099 would empty every window, so clocks may be this much ahead and no more."""
HORIZON_DAYS = 730
"""Older events are refused, because their dedupe marker may be gone and they could count twice."""
MAX_IDENTIFIERS = 10
MAX_IDENTIFIER_BYTES = 1024
MAX_ID_CHARACTERS = 256
MAX_EVENT_BYTES = 32 * 1024

_SIZE = msgspec.msgpack.Encoder()


class OutOfTime(BadInput):
    """Nothing but its time keeps ``event`` out: it may be accepted later, or under another horizon."""

    def __init__(self, code: str, message: str, event: Event) -> None:
        super().__init__(code, message, "time")
        self.event = event


def check(event: Event, now: Millis, *, horizon_days: int = HORIZON_DAYS) -> None:
    """Return for an acceptable event, else raise.

    Raises BadInput ``bad_id``, ``bad_type``, ``bad_channel``, ``no_identifier``, ``too_many_identifiers``,
    ``empty_identifier``, ``identifier_too_long``, ``bad_number``, TooLarge ``event_too_large`` and, when
    all else is right, OutOfTime ``future_event`` and ``beyond_horizon``.
    """
    _check_id(event.id)
    if not is_type(event.type):
        raise BadInput("bad_type", "That is not an event type.", "type")
    if event.channel not in CHANNELS:
        raise BadInput("bad_channel", "That is not a channel.", "channel")
    _check_identifiers(event.identifiers)
    _check_size(event)
    _check_time(event, now, horizon_days)


def check_own(event: Event, now: Millis, *, horizon_days: int = HORIZON_DAYS) -> None:
    """The same for an event that our own flows made: of a type that no door takes, about an anchor that needs no form."""
    _check_id(event.id)
    _check_size(event)
    _check_time(event, now, horizon_days)


def _check_id(event_id: str) -> None:
    if not 1 <= len(event_id) <= MAX_ID_CHARACTERS:
        raise BadInput("bad_id", f"An event id has 1 to {MAX_ID_CHARACTERS} characters.", "id")
    if not event_id.isprintable():
        raise BadInput("bad_id", "An event id holds printable characters only.", "id")


def _check_time(event: Event, now: Millis, horizon_days: int) -> None:
    if event.time > now + FUTURE_TOLERANCE_MS:
        raise OutOfTime("future_event", "The event is more than 5 minutes in the future.", event)
    if event.time < now - horizon_days * DAY_MS:
        raise OutOfTime(
            "beyond_horizon",
            f"The event is older than {horizon_days} days.",
            event,
        )


def _check_identifiers(identifiers: tuple[Identifier, ...]) -> None:
    if not identifiers:
        raise BadInput("no_identifier", "An event names at least one identifier.", "identifiers")
    if len(identifiers) > MAX_IDENTIFIERS:
        raise BadInput(
            "too_many_identifiers",
            f"An event names at most {MAX_IDENTIFIERS} identifiers.",
            "identifiers",
        )
    for index, identifier in enumerate(identifiers):
        path = f"identifiers[{index}]"
        if not identifier.value.strip():
            raise BadInput("empty_identifier", "An identifier has a value.", path)
        if len(identifier.value.encode()) > MAX_IDENTIFIER_BYTES:
            raise BadInput(
                "identifier_too_long",
                f"An identifier has at most {MAX_IDENTIFIER_BYTES} bytes.",
                path,
            )


def _check_size(event: Event) -> None:
    try:
        size = len(_SIZE.encode(event))
    except OverflowError:
        raise BadInput("bad_number", "An integer must fit in 64 bits.", "data") from None
    if size > MAX_EVENT_BYTES:
        raise TooLarge("event_too_large", f"An event has at most {MAX_EVENT_BYTES} bytes.", "data")
