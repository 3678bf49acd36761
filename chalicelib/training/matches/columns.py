"""Rows as columns of numbers: each distinct value of a field once, and for each row which one it has."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from chalicelib.matching.model import Row

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]

NONE = -1
"""The code of a missing value."""


class Column(msgspec.Struct, frozen=True):
    """One field of all rows. ``codes`` has the index into ``values`` (sorted) for each row, or ``NONE``."""

    values: tuple[str, ...]
    codes: Ints
    counts: Ints

    def __repr__(self) -> str:
        return f"<column of {len(self.values)} values>"


def column(rows: Sequence[Row], field: str) -> Column:
    """The column of a field."""
    values = tuple(sorted({row.values[field] for row in rows if row.values.get(field)}))
    index = {value: code for code, value in enumerate(values)}
    codes = np.fromiter((index.get(row.values.get(field, ""), NONE) for row in rows), np.int64, len(rows))
    return Column(values, codes, np.bincount(codes[codes >= 0], minlength=len(values)))


def joined(left: Column, right: Column) -> tuple[Column, Column]:
    """Two columns over one list of values, so that a value of one can be compared with one of the other."""
    values = tuple(sorted({*left.values, *right.values}))
    index = {value: code for code, value in enumerate(values)}
    return _over(left, values, index), _over(right, values, index)


def _over(one: Column, values: tuple[str, ...], index: dict[str, int]) -> Column:
    place = np.array([index[value] for value in one.values] or [0], np.int64)
    codes = np.where(one.codes >= 0, place[one.codes], NONE)
    return Column(values, codes, np.bincount(codes[codes >= 0], minlength=len(values)))
