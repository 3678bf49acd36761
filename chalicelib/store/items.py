"""DynamoDB's typed attributes, for the few types that items here have: text, integers, bytes.

Everything DynamoDB need not see is inside one Binary attribute, so no other type is needed.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Protocol

type Item = dict[str, str | int | bytes]
type Attributes = Mapping[str, str | int | bytes | None]
type TypedItem = dict[str, dict[str, Any]]
"""Text under ``S``, bytes under ``B`` and digits under ``N``, as every client of DynamoDB has it."""


class Call(Protocol):
    """One call of the DynamoDB API: operation and request in, answer out.

    Raises ``ServiceRefused`` when DynamoDB says no and ``Unavailable`` when it cannot be asked.
    """

    def __call__(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of one operation."""
        ...


def typed(item: Attributes) -> TypedItem:
    """To DynamoDB's form. None, empty text and empty bytes are left out: an absent attribute says it."""
    return {name: typed_value(value) for name, value in item.items() if value or value == 0}


def typed_value(value: str | int | bytes) -> dict[str, Any]:
    """One value in DynamoDB's form. Bytes stay bytes: the client writes them as base64 along with the JSON around them."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": str(value)}


def plain(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """From DynamoDB's form. Raises KeyError for a type that items here never have."""
    return {
        name: value["S"] if "S" in value else int(value["N"]) if "N" in value else binary(value)
        for name, value in item.items()
    }


def binary(value: Mapping[str, Any]) -> bytes:
    """The bytes of an attribute: as a client has read them, or in base64, as a stream tells of it."""
    told: bytes | str = value["B"]
    return told if isinstance(told, bytes) else b64decode(told)
