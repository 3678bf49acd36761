"""The canonical event: what every channel is translated into."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.kernel.moments import Millis

UNDATED: dict[str, Any] = {"undated": True}
"""The context of an event that nobody dated: its time is when it was read, as that of a list of customers is."""


class Identifier(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A name of a person in a namespace, such as (``phone``, ``+8613800138000``)."""

    namespace: str
    value: str

    def __repr__(self) -> str:
        # A value that reaches a log by accident must not be readable there.
        return f"<identifier {self.namespace}>"


class Event(msgspec.Struct, frozen=True):
    """One thing that happened, from one source, about one person.

    ``id`` is the idempotency key within tenant and source. ``data`` and ``context`` are JSON values
    without floats for money: amounts are decimal strings.
    """

    id: str
    type: str
    time: Millis
    received_at: Millis
    tenant: str
    source: str
    channel: str
    identifiers: tuple[Identifier, ...]
    data: dict[str, Any] = {}
    context: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<event {self.type} from {self.source}>"
