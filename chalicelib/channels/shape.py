"""Gives the members of an event their canonical names and kinds, and keeps the others safely."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from chalicelib.channels.each import Notes
from chalicelib.channels.values import read
from chalicelib.events.types import fields_of
from chalicelib.kernel.amounts import format_amount, parse_amount

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", re.ASCII)
_FORBIDDEN_NAMES = frozenset({"constructor", "prototype"})
_MONEY = frozenset(
    [
        "amount",
        "balance",
        "budget",
        "cost",
        "coupon_amount",
        "discount",
        "fee",
        "payment",
        "price",
        "refund",
        "revenue",
        "shipping",
        "subtotal",
        "tax",
        "total",
        "unit_price",
        "value",
    ]
)
_INT64 = range(-(2**63), 2**63)
_NO_ALIASES: Mapping[str, Sequence[str]] = {}


def shape(
    event_type: str,
    members: Mapping[str, Any],
    notes: Notes,
    *,
    path: str,
    aliases: Mapping[str, Sequence[str]] = _NO_ALIASES,
) -> dict[str, Any]:
    """The data of an event: its canonical fields, read strictly, and the sender's other members.

    A canonical field is looked for under its name, its camelCase name, and its ``aliases``, in this
    order. Raises BadInput if it is there and of a wrong kind.
    """
    rest = dict(members)
    data: dict[str, Any] = {}
    for field, kind in fields_of(event_type).items():
        for name in (field, _camel(field), *aliases.get(field, ())):
            if (value := rest.pop(name, None)) is not None:
                data[field] = read(kind, value, f"{path}.{name}")
                break
    return {**keep_members(rest, notes, path), **data}


def keep_members(members: Mapping[str, Any], notes: Notes, path: str) -> dict[str, Any]:
    """Members of the sender's own, under names that cannot mean anything to us or to a script.

    Money stays exact as decimal strings; other fractions become floats; integers past 64 bits become
    texts; null and empty values are left out.
    """
    kept = {}
    for name, value in members.items():
        if not _NAME.fullmatch(name) or name in _FORBIDDEN_NAMES:
            # The name itself may be personal or an attack, so the note does not repeat it.
            notes.add(f"{path}.*", "name_not_allowed")
            continue
        if name.lower() in _MONEY and isinstance(value, int | Decimal) and not isinstance(value, bool):
            kept[name] = format_amount(parse_amount(value, f"{path}.{name}"))
            continue
        plain = _keep(value, notes, f"{path}.{name}")
        if plain is not None and plain not in ([], {}):
            kept[name] = plain
    return kept


def _keep(value: Any, notes: Notes, path: str) -> Any:
    if isinstance(value, dict):
        return keep_members(value, notes, path)
    if isinstance(value, list):
        return [kept for each in value if (kept := _keep(each, notes, path)) is not None]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and value not in _INT64:
        return str(value)
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
