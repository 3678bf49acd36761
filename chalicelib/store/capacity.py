"""Write request units by DynamoDB's published rules, because its local edition reports transactions wrongly.

A write costs one unit for each started KiB of the item; inside a transaction two. An index that
projects the item costs one more for each started KiB of its entry, never doubled.
"""

from __future__ import annotations

from collections.abc import Mapping

_KIB = 1024


def item_bytes(item: Mapping[str, str | int | bytes | None]) -> int:
    """Size as DynamoDB counts it: UTF-8 names and values; a number is half its digits plus one."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items() if value not in (None, "", b""))


def write_units(size_bytes: int, *, transactional: bool) -> int:
    """Units of writing one item of that size."""
    return max(1, -(-size_bytes // _KIB)) * (2 if transactional else 1)


def index_units(size_bytes: int) -> int:
    """Units of keeping one index entry of that size up to date when an item is added."""
    return max(1, -(-size_bytes // _KIB))


def _value_bytes(value: str | int | bytes | None) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    digits = len(str(abs(value or 0)).strip("0")) or 1
    return -(-digits // 2) + 1
