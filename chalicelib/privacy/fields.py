"""The data map: every trait, event field, identifier and consent, its class, what for, on what ground and how long.

What is made of these (measures, tags) may do what they allow together. The map itself is ``fields.json``, which people
other than programmers read and review.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from chalicelib.kernel.amounts import MICROS, parse_amount
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, parse_moment
from chalicelib.privacy.derive import parse_date
from chalicelib.privacy.plain import is_plain_ref, is_plain_word
from chalicelib.privacy.uses import CLEAR_CLASSES, Declared

type FieldType = Literal["text", "word", "id", "date", "moment", "integer", "boolean", "amount", "map"]

_LARGEST_INTEGER = 10**15
_LARGEST_SHOWN = 10**9
_LONGEST_AMOUNT = 24


class Field(Declared, frozen=True):
    """One trait of the data map."""

    type: FieldType
    writable_by: Literal["source", "trusted", "derived", "desk"]
    values: tuple[str, ...] = ()
    longest: int = 200
    least: int = 0
    greatest: int = _LARGEST_INTEGER
    derived_from: str = ""


class EventField(Declared, frozen=True):
    """One field of event data, in the families (``order`` of ``order.paid``) that carry it."""

    type: FieldType
    families: tuple[str, ...]


class _Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    traits: tuple[Field, ...]
    event_fields: tuple[EventField, ...]
    event_families: tuple[Declared, ...]
    namespaces: tuple[Declared, ...]
    standing: tuple[Declared, ...]
    consents: tuple[Declared, ...]
    records: tuple[Declared, ...]


def _read() -> _Map:
    text = Path(__file__).with_name("fields.json").read_bytes()
    return msgspec.json.decode(text, type=_Map)


_MAP = _read()
FIELDS: Mapping[str, Field] = {field.name: field for field in _MAP.traits}
"""Traits by name."""
EVENT_FIELDS: Mapping[str, EventField] = {field.name: field for field in _MAP.event_fields}
"""Fields of event data by name."""
FAMILIES: Mapping[str, Declared] = {one.name: one for one in _MAP.event_families}
"""That an event of a family (``order`` of ``order.paid``) happened, by family."""
UNDECLARED = "custom"
"""The family of what nobody declared: events and fields of a sender's own."""
NAMESPACES: Mapping[str, Declared] = {one.name: one for one in _MAP.namespaces}
"""Identifiers by namespace."""
STANDING: Mapping[str, Declared] = {one.name: one for one in _MAP.standing}
"""What stands on a profile beside traits and measures, by the head of its paths: ``p``, ``ids``, ``orders`` …"""
RECORDS: Mapping[str, Declared] = {one.name: one for one in _MAP.records}
"""What is kept of people beside their profile and events: tickets, conversations at the desk, decisions."""
REGISTERS: Mapping[str, Declared] = {one.name: one for one in _MAP.consents}
"""The registers of what a person agreed to, by purpose."""
CONSENTS = "consents"
"""What a credential lists among its traits to be believed when it says that somebody agreed. It is no trait."""
SOURCE_TRAITS = frozenset(field.name for field in _MAP.traits if field.writable_by == "source")
"""What every source may write, unless its credential says otherwise."""


def allowed_traits(credential_traits: Collection[str] | None = None) -> frozenset[str]:
    """The traits a credential may write: those it lists, or ``SOURCE_TRAITS`` when it lists none.

    Trusted traits (``is_vip``, ``member_level``) and ``CONSENTS`` must be listed; derived ones are written by nobody,
    and ``last_agent`` by our own desk.
    """
    if not credential_traits:
        return SOURCE_TRAITS
    return frozenset(
        name
        for name in credential_traits
        if name == CONSENTS or (name in FIELDS and FIELDS[name].writable_by in ("source", "trusted"))
    )


def check_trait(name: str, value: Any, path: str = "") -> str | int | bool:
    """The value as it is kept (moments as milliseconds), strictly of the declared type.

    Raises BadInput ``unknown_trait`` or ``bad_trait``.
    """
    field = FIELDS.get(name)
    path = path or f"traits.{name}"
    if field is None:
        raise BadInput("unknown_trait", "That trait is not declared.", "traits")
    kept = _CHECKS[field.type](field, value, path)
    if field.values and kept not in field.values:
        raise _bad(field, path, f"must be one of {', '.join(field.values)}")
    return kept


def view(event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an event's data that a timeline may show in clear.

    Public and internal fields of the event's family, and of those only values that cannot carry a
    phone number or a sentence. Custom events show nothing, since nobody has declared their fields.
    """
    family = event_type.partition(".")[0]
    shown: dict[str, Any] = {}
    for name, value in data.items():
        field = EVENT_FIELDS.get(name)
        if (
            field is not None
            and field.class_ in CLEAR_CLASSES
            and family in field.families
            and _SHOWABLE[field.type](value)
        ):
            shown[name] = value
    return shown


def _bad(field: Field, path: str, must: str) -> BadInput:
    return BadInput("bad_trait", f"The trait {field.name} {must}.", path)


def _check_text(field: Field, value: Any, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _bad(field, path, "must be a text that is not empty")
    if len(value) > field.longest:
        raise _bad(field, path, f"must be at most {field.longest} characters")
    return value.strip()


def _check_word(field: Field, value: Any, path: str) -> str:
    word = _check_text(field, value, path)
    # A word is stored in clear: a phone number must not slip in under its name.
    if not is_plain_word(word):
        raise _bad(field, path, "must be a short label")
    return word


def _check_id(field: Field, value: Any, path: str) -> str:
    if not isinstance(value, str) or len(value) > field.longest or not is_plain_ref(value):
        raise _bad(field, path, "must be an id")
    return value


def _check_date(field: Field, value: Any, path: str) -> str:
    if not isinstance(value, str) or parse_date(value) is None:
        raise _bad(field, path, "must be a date as YYYY-MM-DD")
    return value


def _check_moment(_field: Field, value: Any, path: str) -> Millis:
    return parse_moment(value, path)


def _check_integer(field: Field, value: Any, path: str) -> int:
    if type(value) is not int or not field.least <= value <= field.greatest:
        raise _bad(field, path, f"must be a whole number from {field.least} to {field.greatest}")
    return value


def _check_boolean(field: Field, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _bad(field, path, "must be true or false")
    return value


_CHECKS: Mapping[str, Callable[[Field, Any, str], str | int | bool]] = {
    "text": _check_text,
    "word": _check_word,
    "id": _check_id,
    "date": _check_date,
    "moment": _check_moment,
    "integer": _check_integer,
    "boolean": _check_boolean,
}


def _is_amount(value: Any) -> bool:
    if isinstance(value, str) and (len(value) > _LONGEST_AMOUNT or not value.isascii()):
        return False
    try:
        # Eleven digits are more likely a phone number than an amount.
        return abs(parse_amount(value)) < _LARGEST_SHOWN * MICROS
    except BadInput:
        return False


def _is_moment(value: Any) -> bool:
    try:
        parse_moment(value)
    except BadInput:
        return False
    return True


_SHOWABLE: Mapping[str, Callable[[Any], bool]] = {
    "id": lambda value: isinstance(value, str) and is_plain_ref(value),
    "word": lambda value: isinstance(value, str) and is_plain_word(value),
    "integer": lambda value: type(value) is int and abs(value) < _LARGEST_SHOWN,
    "boolean": lambda value: isinstance(value, bool),
    "amount": _is_amount,
    "moment": _is_moment,
}
