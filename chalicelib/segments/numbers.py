"""Many people's features as plain numbers: a list of lists to who reads it, eight bytes a number in memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import isnan
from typing import overload


class Numbers(Sequence[list[float | None]]):
    """Rows of equal width, one after the other; NaN, which reads as None, is what is missing.

    ``buffer`` is for those who can read all at once, as a hundred thousand people as lists would take a gigabyte.
    """

    def __init__(self, buffer: array[float], width: int) -> None:
        self.buffer, self.width = buffer, width

    def __len__(self) -> int:
        return len(self.buffer) // self.width

    @overload
    def __getitem__(self, place: int) -> list[float | None]: ...

    @overload
    def __getitem__(self, place: slice) -> list[list[float | None]]: ...

    def __getitem__(self, place: int | slice) -> list[float | None] | list[list[float | None]]:
        if isinstance(place, slice):
            return [self._row(one) for one in range(*place.indices(len(self)))]
        return self._row(range(len(self))[place])

    def _row(self, place: int) -> list[float | None]:
        start = place * self.width
        return [None if isnan(one) else one for one in self.buffer[start : start + self.width]]
