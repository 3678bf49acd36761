"""What a reveal asks and answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class RevealRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fields to open (``traits.name``, ``identifiers.phone``), what for, and for which case."""

    fields: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=10)]
    purpose: str
    ticket: str


class RevealedValue(msgspec.Struct, frozen=True):
    """One clear value, and who said it when. Of an identifier: when it was seen first."""

    value: Any
    source: str
    observed_at: str


class RevealedField(msgspec.Struct, frozen=True):
    """A field that was opened. Of a namespace somebody may have several identifiers."""

    path: str
    class_: str = msgspec.field(name="class")
    values: tuple[RevealedValue, ...] = ()


class WithheldField(msgspec.Struct, frozen=True):
    """A field that was not opened, and why.

    ``purpose``: it is not kept for this purpose. ``consent``: the person has not agreed, or no longer does.
    ``expired``: it is older than it may be kept. ``restricted``: the person's data may only be stored. ``not_held``: there is none. ``original_gone``: of this
    identifier the masked form alone is left.
    """

    path: str
    reason: str


class RevealView(msgspec.Struct, frozen=True):
    """Clear values of named fields. ``reveal_id`` is the id of its row in the audit."""

    reveal_id: str
    profile_id: str
    purpose: str
    ticket: str
    fields: tuple[RevealedField, ...]
    withheld: tuple[WithheldField, ...]
    revealed_at: str

    def __repr__(self) -> str:
        # An answer that reaches a log by accident must not be readable there.
        return f"<reveal {self.reveal_id}>"
