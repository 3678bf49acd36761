"""What one applied event adds to the tallies of its source. No value of a person is among the names.

``arrivals``          hour → source: events that came in
``shape#<source>``    day → ``type`` and ``type|field``: events of a type, and those that carry a field
``values#<source>``   day → ``type|field|bin``: where the values of a field lie
``feeds#<source>``    day → measure: events that the source adds to it; ``p.silent`` all, ``orders.*`` those of orders …

A field of events goes by its name, a trait by ``t.`` and its name. A word whose values nobody declared counts in one
of ``WORD_BINS`` bins by its checksum: that shows that words changed, and not which. Sealed fields count as there or
not, and never by value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from zlib import crc32

import msgspec

from chalicelib.events.model import Event
from chalicelib.events.types import CUSTOM, TOPICS
from chalicelib.kernel.amounts import parse_amount
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.privacy.fields import EVENT_FIELDS, FIELDS
from chalicelib.profiles.model import Delta

ARRIVALS = "arrivals"
SHAPE, VALUES, FEEDS = "shape#", "values#", "feeds#"
WORD_BINS = 16
KEPT_DAYS = 100
"""How long tallies are kept."""
LATE_MS = 7 * DAY_MS
"""Events that arrive later than this after they happened, such as those of an import, do not show how a source is now."""
_CENT = 10_000
_LONGEST_NUMBER = 40


class Count(msgspec.Struct, frozen=True, gc=False):
    """Something to add to a tally: ``bucket`` is the number of an hour or a day since the epoch."""

    family: str
    bucket: int
    name: str
    amount: int
    expires_at: Millis


def counts_of(
    event: Event, deltas: Collection[Delta], writable_traits: Collection[str], *, rests: bool = False
) -> Iterator[Count]:
    """What an event that was applied adds. Of somebody whose profile ``rests`` only that something came is counted."""
    source, day = event.source, event.received_at // DAY_MS
    expires_at = (day + KEPT_DAYS) * DAY_MS
    yield Count(ARRIVALS, event.received_at // HOUR_MS, source, 1, expires_at)
    if rests or event.received_at - event.time > LATE_MS:
        return
    event_type = "custom" if event.type.startswith(CUSTOM) else event.type
    yield Count(SHAPE + source, day, event_type, 1, expires_at)
    for fed in (*(delta.measure for delta in deltas), "p.silent", *_cases(event_type)):
        yield Count(FEEDS + source, day, fed, 1, expires_at)
    for field, bin_ in _fields(event, writable_traits):
        yield Count(SHAPE + source, day, f"{event_type}|{field}", 1, expires_at)
        if bin_:
            yield Count(VALUES + source, day, f"{event_type}|{field}|{bin_}", 1, expires_at)


def _cases(event_type: str) -> tuple[str, ...]:
    """The paths about orders, tickets or complaints that an event bears on. A ticket may settle a complaint."""
    return {"order": ("orders.*",), "ticket": ("tickets.*", "complaints.*"), "complaint": ("complaints.*",)}.get(
        event_type.partition(".")[0], ()
    )


def _fields(event: Event, writable_traits: Collection[str]) -> Iterator[tuple[str, str]]:
    """The declared fields and traits that an event carries, each with the bin of its value ('' = not counted)."""
    for name, value in event.data.items():
        field = EVENT_FIELDS.get(name)
        if field is not None and value is not None and field.type != "map":
            clear = field.class_ in {"public", "internal"}
            yield name, _BINS[field.type](value) if clear else ""
    traits = event.data.get("traits")
    for name, value in traits.items() if isinstance(traits, Mapping) else ():
        if name in writable_traits and name in FIELDS and value is not None:
            trait = FIELDS[name]
            yield f"t.{name}", "" if trait.is_sealed else _trait_bin(trait.values, trait.type, value)


def _trait_bin(values: Collection[str], type_: str, value: Any) -> str:
    return value if isinstance(value, str) and value in values else _BINS[type_](value)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        return "other"
    return value if value in TOPICS else f"h{crc32(value.encode()) % WORD_BINS}"


def _number(value: Any) -> str:
    """Small whole numbers are a bin each, larger ones double from bin to bin."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "other"
    if abs(value) <= 10:
        return str(value)
    return f"{'-' if value < 0 else ''}2^{abs(value).bit_length() - 1}"


def _amount(value: Any) -> str:
    """By the power of two of the cents."""
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return "other"
    try:
        cents = parse_amount(value) // _CENT
    except BadInput:
        return "other"
    return "0" if cents == 0 else f"{'-' if cents < 0 else ''}2^{abs(cents).bit_length() - 1}"


def _boolean(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "other"


_BINS: Mapping[str, Callable[[Any], str]] = {
    "word": _word,
    "integer": _number,
    "amount": _amount,
    "boolean": _boolean,
    # An id is another one each time, a moment always later, a text nobody's business.
    "id": lambda _: "",
    "moment": lambda _: "",
    "date": lambda _: "",
    "text": lambda _: "",
    "map": lambda _: "",
}
"""Type of a field → the bin of a value."""
