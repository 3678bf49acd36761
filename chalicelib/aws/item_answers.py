"""DynamoDB's answers that hold items, as they are read: in its own form, but what it sends as base64 is bytes already.

msgspec reads base64 along with the JSON around it, in two thirds of the time of a second pass. All that DynamoDB may
answer is named here: what is not named would be left out.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Value(TypedDict, total=False):
    """One attribute, under the name of its type. Numbers are text, as DynamoDB writes them."""

    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    BOOL: bool
    NULL: bool
    M: dict[str, Any]
    L: list[Any]


class GotItem(TypedDict, total=False):
    """Of ``GetItem``."""

    Item: dict[str, Value]
    ConsumedCapacity: Any


class GotItems(TypedDict, total=False):
    """Of ``BatchGetItem``. Keys that were not read are handed back as they came."""

    Responses: dict[str, list[dict[str, Value]]]
    UnprocessedKeys: dict[str, Any]
    ConsumedCapacity: Any


class FoundItems(TypedDict, total=False):
    """Of ``Query`` and ``Scan``. Where a page ended is handed back as it came."""

    Items: list[dict[str, Value]]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: dict[str, Any]
    ConsumedCapacity: Any


ANSWERS: dict[str, Any] = {"BatchGetItem": GotItems, "GetItem": GotItem, "Query": FoundItems, "Scan": FoundItems}
