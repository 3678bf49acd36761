"""What the pieces of a text come to for every intent, summed for all of them at once.

What a piece adds is one long integer with a lane of 64 bits for each intent: adding two of them adds all lanes in C, and
the sums stay exact. It is made when a piece is first met, and remembered, for the common pieces stand in many messages.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Final

ZERO: Final = 128
"""What a weight of 0 is kept as."""
_FINER = 8
"""Bits that how much a piece counts has beyond its rarity's, for pieces that stand in a text more than once."""
_KEPT = 8_192
"""Sums of pieces that a process remembers, in 0.4 KB each. They are pieces that we wrote; the common ones come first."""
_LANE = 8
"""Bytes of a lane. A text has at most 72 pieces for each character that is read, each of 24 bits by weights of 8 bits:
what an intent comes to stays below 2**47, and the squares of the counts below 2**64."""
_AS_FLOAT: Final = 2.0**52
"""Its bits added to those of a lane are the float 2**52 and what the lane holds, to the unit."""
_SQUARES = struct.Struct("<Q")


class Sums:
    """The table of a model, ready to be added up: ``rows`` has a byte per piece and intent, ``rarity`` two per piece."""

    def __init__(self, pieces: Sequence[str], rarity: bytes, rows: bytes, width: int) -> None:
        self._places = dict(zip(pieces, range(len(pieces)), strict=True))
        self._rarity = array("H", rarity)
        if sys.byteorder == "big":
            self._rarity.byteswap()
        self._rows, self._width = rows, width
        self._columns: dict[str | tuple[str, int], int] = {}
        self._lanes = struct.Struct(f"<{width + 1}dQ")
        # Behind the intents' lanes are one of the counts and one of their squares.
        self._counted, self._squared = width * _LANE, (width + 1) * _LANE
        self._as_floats = int.from_bytes(struct.pack("<d", _AS_FLOAT) * (width + 1), "little")

    def of(self, pieces: Sequence[str]) -> tuple[Sequence[float], float, float, float]:
        """Every intent's sum, what to take off each of them, what to divide by, and the share of the pieces that are known.

        Without one that is known there are no sums.
        """
        distinct, kept, places = set(pieces), self._columns, self._places
        columns = [kept.get(piece) or self._once(piece) for piece in distinct if piece in places]
        if not columns:
            return (), 0.0, 1.0, 0.0
        known = len(columns) / len(distinct)
        if len(distinct) < len(pieces):
            columns += [self._again(*said) for said in Counter(pieces).items() if said[1] > 1 and said[0] in places]
        lanes = (sum(columns) + self._as_floats).to_bytes(self._lanes.size, "little")
        *sums, counts, squares = self._lanes.unpack(lanes)
        return sums, ZERO * (counts - _AS_FLOAT) + _AS_FLOAT, math.sqrt(squares), known

    def pull(self, piece: str, times: int, intent: int) -> int:
        """What a piece adds to an intent's sum; 0 of one that is not known."""
        at = self._places.get(piece)
        return 0 if at is None else self._counts(at, times) * (self._rows[at * self._width + intent] - ZERO)

    def _counts(self, at: int, times: int) -> int:
        counts = self._rarity[at] << _FINER
        return counts if times == 1 else round(counts * (1.0 + math.log(times)))

    def _once(self, piece: str) -> int:
        """What a piece that is said once adds: to each intent by its weight, to the counts, and to their squares."""
        at = self._places[piece]
        return self._remembered(piece, self._column(at, self._rarity[at] << _FINER))

    def _again(self, piece: str, times: int) -> int:
        """What a piece that is said more than once adds to what it adds once."""
        said = piece, times
        more = self._columns.get(said)
        if more is None:
            at = self._places[piece]
            more = self._remembered(said, self._column(at, self._counts(at, times)) - self._once(piece))
        return more

    def _column(self, at: int, counts: int) -> int:
        lanes = bytearray(self._lanes.size)
        lanes[: self._counted : _LANE] = self._rows[at * self._width : (at + 1) * self._width]
        lanes[self._counted] = 1
        _SQUARES.pack_into(lanes, self._squared, counts)
        return int.from_bytes(lanes, "little") * counts

    def _remembered(self, said: str | tuple[str, int], column: int) -> int:
        if len(self._columns) < _KEPT:
            self._columns[said] = column
        return column
