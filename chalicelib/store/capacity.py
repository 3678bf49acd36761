"""Write request units by DynamoDB's published rules, because its local edition reports transactions wrongly.

The rules are those of Amazon's developer guide, on the pages "DynamoDB item sizes and formats", "DynamoDB
read and write operations", "Amazon DynamoDB Transactions: how it works" (capacity) and "Using global secondary
indexes" (write capacity). Where a page says "approximately", of numbers, the figures are those that
Amazon's local edition counts outside transactions: pairs of digits as they stand about the point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

type Value = str | int | Decimal | bytes | None
type Counted = Mapping[str, Value]

_KIB = 1024


class KeysOnlyIndex(msgspec.Struct, frozen=True):
    """An index that projects keys only: an entry holds its own keys and the table's. Items without them are not in it."""

    keys: tuple[str, ...]
    table_keys: tuple[str, ...] = ("pk",)

    def entry(self, item: Counted | None) -> Counted | None:
        """The entry of an item, or None."""
        if item is None or any(item.get(name) is None for name in self.keys):
            return None
        return {name: item[name] for name in (*self.table_keys, *self.keys)}


BY_FACET = KeysOnlyIndex(("facet", "at"))
"""The index of the table ``history``."""
BY_SEGMENT = KeysOnlyIndex(("segment",))
"""The index of the members of learned segments in the table ``profiles``."""
BY_DUE = KeysOnlyIndex(("due_shard", "due_at"))
"""The index of the table ``profiles``."""


def item_bytes(item: Counted) -> int:
    """Size as DynamoDB counts it: UTF-8 names and values. Empty values are left out, as the stores leave them out."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items() if value not in (None, "", b""))


def size_units(size_bytes: int) -> int:
    """One for each started KiB, and at least one."""
    return max(1, -(-size_bytes // _KIB))


def write_units(
    before: Counted | None,
    after: Counted | None,
    *,
    transactional: bool,
    indexes: Sequence[KeysOnlyIndex] = (),
) -> int:
    """Units of one write that leaves ``after`` (None: nothing) where ``before`` was.

    The larger of the two counts, and in a transaction twice: it is prepared and committed. So do a delete, a
    condition check and a condition that fails, which leave what was there. Indexes follow outside the transaction.
    """
    size = max(item_bytes(one) if one is not None else 0 for one in (before, after))
    table = size_units(size) * (2 if transactional else 1)
    return table + sum(index_units(before, after, index) for index in indexes)


def index_units(before: Counted | None, after: Counted | None, index: KeysOnlyIndex) -> int:
    """Units of keeping an index up to date: one entry put, one deleted, both when its keys change, none when not."""
    old, new = index.entry(before), index.entry(after)
    if old == new:
        return 0
    return sum(size_units(item_bytes(entry)) for entry in (old, new) if entry is not None)


def _value_bytes(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    return _number_bytes(Decimal(value or 0))


def _number_bytes(number: Decimal) -> int:
    """A byte for each pair of digits without the zeros around them, one more, and one for a minus."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "NaN and Infinity are no numbers of DynamoDB"
    hundreds = int("".join(map(str, digits))) * 10 ** (exponent % 2)
    if not hundreds:
        return 1
    while hundreds % 100 == 0:
        hundreds //= 100
    return (len(str(hundreds)) + 1) // 2 + 1 + (number < 0)
