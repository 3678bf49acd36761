"""A run of the count as it goes on: which day, which ranges, and how far each of them is."""

from __future__ import annotations

import msgspec

from chalicelib.insights.counting import Counts
from chalicelib.kernel.moments import Millis

RANGES = 8
"""Shares of the table that are counted apart. A run keeps the number it began with."""


class Run(msgspec.Struct, frozen=True, array_like=True):
    """One count of all people of a tenant. ``number`` tells it from others of its day; everybody is read as at ``at``."""

    day: int
    number: int
    at: Millis
    ranges: int = RANGES
    finished: bool = False

    def name_of(self, number: int) -> str:
        """The name that a range's progress is kept under."""
        return f"range/{self.day}.{self.number}/{number}"


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """How far a range is: where its next page begins, and the counts of all pages before it. Both or neither move."""

    after: str
    done: bool
    counts: Counts


def next_run(last: Run | None, day: int, at: Millis, *, again: bool) -> Run:
    """The run to work on: that of the day where it has begun, else a new one; with ``again`` a new one in any case."""
    if last is None or last.day != day:
        return Run(day, 1, at)
    return Run(day, last.number + 1, at) if again else last
