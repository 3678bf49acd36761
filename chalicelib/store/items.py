"""DynamoDB's typed attributes, for the few types that items here have: text, integers, bytes.

Everything DynamoDB need not see is inside one Binary attribute, so no other type is needed.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Protocol

type Item = dict[str, str | int | bytes]
type Attributes = Mapping[str, str | int | bytes | None]
type TypedItem = dict[str, dict[str, str]]


class Call(Protocol):
    """One call of the DynamoDB API: operation and request in, answer out.

    Raises ``ServiceRefused`` when DynamoDB says no and ``Unavailable`` when it cannot be asked.
    """

    def __call__(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of one operation."""
        ...


def typed(item: Attributes) -> TypedItem:
    """To DynamoDB's form. None, empty text and empty bytes are left out: an absent attribute says it."""
    return {name: typed_value(value) for name, value in item.items() if value is not None and value not in ("", b"")}


def typed_value(value: str | int | bytes) -> dict[str, str]:
    """One value in DynamoDB's form."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": b64encode(value).decode("ascii")}
    return {"N": str(value)}


def plain(item: Mapping[str, Mapping[str, str]]) -> Item:
    """From DynamoDB's form. Raises KeyError for a type that items here never have."""
    return {name: _PLAIN[kind](raw) for name, value in item.items() for kind, raw in value.items()}


_PLAIN: dict[str, Any] = {"S": str, "N": int, "B": b64decode}
