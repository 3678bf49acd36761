"""What is seen of many pairs of rows: a column of levels per field, and one per crossing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from chalicelib.matching.levels import CROSSING_LEVELS, LEVELS
from chalicelib.matching.model import Row, Schema
from chalicelib.training.matches.columns import NONE, Column, Ints, column, joined
from chalicelib.training.matches.compare import MISSING, Levels, levels, likeness

_CLEARLY = 0.25
"""By how much the swapped order must be more alike than the straight one."""
_ALIKE = 0.85
CROSSED, STRAIGHT = 0, 1
AT_ONCE = 500_000
"""So many pairs are compared and scored at a time."""


class Table(msgspec.Struct, frozen=True):
    """The rows in columns, in the order of their ids."""

    schema: Schema
    row_ids: tuple[str, ...]
    columns: Mapping[str, Column]

    @property
    def names(self) -> tuple[str, ...]:
        """What a pair is judged by, in order: the fields, then the crossings."""
        crossings = tuple("/".join(pair) for pair in self.schema.crossings)
        return tuple(field.name for field in self.schema.fields) + crossings

    def level_words(self, name: str) -> tuple[str, ...]:
        """The levels of one of ``names``."""
        kinds = {field.name: field.kind for field in self.schema.fields}
        return LEVELS[kinds[name]] if name in kinds else CROSSING_LEVELS


class Seen(msgspec.Struct, frozen=True):
    """Levels of pairs by name, and for equal values the code of the value (``NONE`` otherwise)."""

    levels: Mapping[str, Levels]
    equal: Mapping[str, NDArray[np.int32]]

    def of(self, part: slice) -> Seen:
        """What is seen of some of the pairs."""
        return Seen(
            {name: some[part] for name, some in self.levels.items()},
            {name: some[part] for name, some in self.equal.items()},
        )


def table(rows: Sequence[Row], schema: Schema) -> Table:
    """The rows in columns. The order in which they come does not matter."""
    ordered = sorted(rows, key=lambda row: row.row_id)
    columns = {field.name: column(ordered, field.name) for field in schema.fields}
    for left, right in schema.crossings:
        columns[left], columns[right] = joined(columns[left], columns[right])
    return Table(schema, tuple(row.row_id for row in ordered), columns)


def see(rows: Table, left: Ints, right: Ints) -> Seen:
    """Compare the pairs of rows, given by their places; so many at a time that memory stays bounded."""
    found = {name: np.empty(len(left), np.int8) for name in rows.names}
    equal = {field.name: np.empty(len(left), np.int32) for field in rows.schema.fields}
    for start in range(0, len(left), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        seen = _see(rows, left[part], right[part])
        for name, some in seen.levels.items():
            found[name][part] = some
        for name, codes in seen.equal.items():
            equal[name][part] = codes
    return Seen(found, equal)


def _see(rows: Table, left: Ints, right: Ints) -> Seen:
    ones = {name: one.codes[left] for name, one in rows.columns.items()}
    others = {name: one.codes[right] for name, one in rows.columns.items()}
    found: dict[str, Levels] = {}
    for pair in rows.schema.crossings:
        found["/".join(pair)] = _uncross(pair, rows, ones, others)
    equal = {}
    for field in rows.schema.fields:
        one, other = ones[field.name], others[field.name]
        found[field.name] = levels(field.kind, one, other, rows.columns[field.name].values)
        equal[field.name] = np.where(found[field.name] == 0, one, NONE).astype(np.int32)
    return Seen(found, equal)


def _uncross(pair: tuple[str, str], rows: Table, ones: dict[str, Ints], others: dict[str, Ints]) -> Levels:
    """Whether two fields are swapped; where they are, ``others`` is swapped back."""
    first, second = pair
    values = rows.columns[first].values
    straight = [likeness(ones[name], others[name], values) for name in pair]
    across = [likeness(ones[first], others[second], values), likeness(ones[second], others[first], values)]
    crossed = (sum(across) > sum(straight) + _CLEARLY) & (np.maximum(*across) >= _ALIKE)
    first_codes, second_codes = others[first], others[second]
    others[first] = np.where(crossed, second_codes, first_codes)
    others[second] = np.where(crossed, first_codes, second_codes)
    whole = np.ones(len(crossed), np.bool_)
    for codes in (*(ones[name] for name in pair), first_codes, second_codes):
        whole &= codes != NONE
    return np.where(crossed, CROSSED, np.where(whole, STRAIGHT, MISSING)).astype(np.int8)
