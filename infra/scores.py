"""How well something was found: the three figures of every score."""

from __future__ import annotations

import msgspec


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many were found, how many there were to find, and how many of those found are right."""

    right: int = 0
    found: int = 0
    true: int = 0

    @property
    def precision(self) -> float:
        """Right ÷ found; 1 when nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Right ÷ true; 1 when there was nothing to find."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.found + self.true
        return 2 * self.right / both if both else 1.0
