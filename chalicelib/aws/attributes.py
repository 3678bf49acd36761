"""DynamoDB's typed JSON: the few types that our items use.

Empty values are dropped, since DynamoDB refuses or forgets them. Floats are refused: money is
integer micros, and a binary float would not come back as it went.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

type Attribute = dict[str, Any]
"""One typed value, such as ``{"S": "text"}``."""

_LARGEST_NUMBER = 10**38


def encode_item(item: Mapping[str, Any]) -> dict[str, Attribute]:
    """An item for a request. None and empty values are left out.

    Raises TypeError for a type we do not store, ValueError for an integer past 38 digits.
    """
    return {name: encode(value) for name, value in item.items() if not _is_empty(value)}


def encode(value: Any) -> Attribute:
    """One typed value. Raises as ``encode_item``."""
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        raise TypeError(f"DynamoDB items hold no {type(value).__name__}.")
    return encoder(value)


def decode_item(item: Mapping[str, Attribute]) -> dict[str, Any]:
    """The values of an item from an answer. Numbers are int, or Decimal when not whole."""
    return {name: decode(attribute) for name, attribute in item.items()}


def decode(attribute: Attribute) -> Any:
    """One value. Raises ValueError for a type we do not store (sets)."""
    for kind, value in attribute.items():
        decoder = _DECODERS.get(kind)
        if decoder is not None:
            return decoder(value)
    raise ValueError("An attribute has a type that we do not store.")


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | bytes | Mapping | list | tuple) and not value)


def _encode_int(value: int) -> Attribute:
    if abs(value) >= _LARGEST_NUMBER:
        raise ValueError("A number has at most 38 digits.")
    return {"N": str(value)}


def _encode_list(values: Sequence[Any]) -> Attribute:
    return {"L": [encode(value) for value in values]}


def _decode_number(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:
        number = Decimal(text)
        whole = int(number)
        return whole if whole == number else number


_ENCODERS: dict[type, Callable[[Any], Attribute]] = {
    str: lambda value: {"S": value},
    int: _encode_int,
    bool: lambda value: {"BOOL": value},
    bytes: lambda value: {"B": b64encode(value).decode()},
    type(None): lambda _: {"NULL": True},
    dict: lambda value: {"M": encode_item(value)},
    list: _encode_list,
    tuple: _encode_list,
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "S": lambda value: value,
    "N": _decode_number,
    "BOOL": lambda value: value,
    "B": b64decode,
    "NULL": lambda _: None,
    "M": decode_item,
    "L": lambda values: [decode(value) for value in values],
}
