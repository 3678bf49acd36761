"""What a door hands to ingestion: accepted events, and the items of a batch that it had to refuse."""

from __future__ import annotations

import msgspec

from chalicelib.events.model import Event
from chalicelib.kernel.moments import Millis

FACET = "facet"
"""The namespace of an internal event's only identifier: a facet's id, which is no clear value."""


class RefusedItem(msgspec.Struct, frozen=True, array_like=True):
    """An item that was refused at the door: why, and what was sent.

    Where it is an event that nothing but its time keeps out, ``event`` is it and ``raw`` is empty.
    """

    code: str
    path: str
    raw: bytes
    event: Event | None = None


class Delivery(msgspec.Struct, frozen=True, array_like=True):
    """One call's events from one source, sealed as a whole for the queue.

    ``source_rank`` orders sources that write a trait at the same instant; ``traits`` are the trait
    names that the source's credential may write.
    An ``internal`` one is made by our own flows and by no door: it alone may name a person by a facet.
    """

    source: str
    source_rank: int
    traits: frozenset[str]
    received_at: Millis
    events: tuple[Event, ...]
    refused: tuple[RefusedItem, ...] = ()
    internal: bool = False
