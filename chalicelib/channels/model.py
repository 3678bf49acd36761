"""What a channel translates with, and what comes out of it."""

from __future__ import annotations

import msgspec

from chalicelib.events.check import HORIZON_DAYS
from chalicelib.events.model import Event


class SourceProfile(msgspec.Struct, frozen=True):
    """A source as its credential describes it.

    ``channel`` stands where an event names none. ``rank`` breaks ties between writers of a trait.
    ``traits`` are the names that the credential may write; no other trait is taken from it.
    """

    tenant: str
    source_id: str
    channel: str = "api"
    rank: int = 0
    traits: frozenset[str] = frozenset()
    horizon_days: int = HORIZON_DAYS


class Note(msgspec.Struct, frozen=True):
    """A member that an accepted event goes on without, and why. Holds no value."""

    index: int
    path: str
    code: str


class Refusal(msgspec.Struct, frozen=True):
    """An item that was refused while the rest of its request goes on.

    ``raw`` is the item as JSON, for the sealed quarantine and nothing else; ``event`` is what was
    read of it, where nothing but its time keeps it out.
    """

    index: int
    code: str
    message: str
    path: str
    raw: bytes
    event: Event | None = None

    def __repr__(self) -> str:
        return f"<refusal {self.index} {self.code}>"


class Translated(msgspec.Struct, frozen=True):
    """Every item of a request is either an event or a refusal; ``index`` counts items as sent."""

    events: tuple[Event, ...]
    refused: tuple[Refusal, ...] = ()
    notes: tuple[Note, ...] = ()
