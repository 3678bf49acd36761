"""What models are learned of: the features of sampled people now, and as of some cutoffs beside what followed.

Numbers alone, without anybody's id. They are written in chunks, as bytes of 64-bit floats with NaN for what is missing,
because a hundred thousand people as lists would take a gigabyte.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import isnan, nan
from zlib import crc32

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.measures import MeasureSet
from chalicelib.profiles.model import Profile
from chalicelib.segments.as_of import Pasts, Window, windows
from chalicelib.segments.features import features, measures_read, raw_vector
from chalicelib.segments.numbers import Numbers
from chalicelib.segments.outcomes import outcome
from chalicelib.segments.score_specs import ScoreSpec, score_specs

CHUNK_LIMIT_BYTES = 64_000_000
_EARLIER = 1
"""Cutoffs before the last one: a score is validated on later people than it was learned of."""
_PARTS = 10_000


class Cut(msgspec.Struct, frozen=True, array_like=True):
    """People as of a cutoff: their features, and by score what followed (NaN: nothing to learn)."""

    cutoff: Millis
    rows: bytes
    outcomes: dict[str, bytes]


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """Some sampled people: their features now, and by window the same people as of its cutoff."""

    rows: bytes
    cuts: dict[str, Cut]


class _Taken:
    """The rows of one window while they are gathered."""

    def __init__(self, window: Window, specs: Sequence[ScoreSpec]) -> None:
        self.window, self.specs = window, specs
        self.rows = array("d")
        self.outcomes = {one.id: array("d") for one in specs}

    def take(self, person: Pasts, measures: MeasureSet) -> None:
        """Add somebody who was known then, if anything is to be learned of them."""
        found = [outcome(one, person, self.window) for one in self.specs]
        known = any(one is not None for one in found)
        then = person.as_of(self.window, measures_read()) if known else None
        if then is None:
            return
        self.rows.extend(_numbers(raw_vector(then, self.window.now, measures)))
        for spec, one in zip(self.specs, found, strict=True):
            self.outcomes[spec.id].append(nan if one is None else one)


class Sampling:
    """Gathers a chunk. ``scored``: which share of people is also looked at as of the cutoffs."""

    def __init__(self, at: Millis, scored: float, measures: MeasureSet) -> None:
        self.people = 0
        self._at, self._measures = at, measures
        self._scored = round(scored * _PARTS)
        self._rows = array("d")
        self._cuts: dict[str, _Taken] = {}
        for days, specs in sorted(_by_horizon().items()):
            for place, window in enumerate(windows(at, days, _EARLIER)):
                self._cuts[f"{days}-{place}"] = _Taken(window, specs)

    def take(self, profile: Profile) -> None:
        """Add somebody."""
        self.people += 1
        self._rows.extend(_numbers(raw_vector(profile, self._at, self._measures)))
        # By the id alone, so that the same people are taken whenever it is asked.
        if crc32(profile.profile_id.encode()) % _PARTS < self._scored:
            person = Pasts(profile, self._at)
            for cut in self._cuts.values():
                cut.take(person, self._measures)

    def coded(self) -> bytes:
        """The chunk as it is written."""
        cuts = {
            name: Cut(
                one.window.cutoff, one.rows.tobytes(), {id_: found.tobytes() for id_, found in one.outcomes.items()}
            )
            for name, one in self._cuts.items()
        }
        return encode(Chunk(self._rows.tobytes(), cuts), limit_bytes=CHUNK_LIMIT_BYTES)


class Sample(msgspec.Struct):
    """A whole sample. ``rows`` are features of everybody, one after the other; ``cuts`` the same by window."""

    rows: array[float] = msgspec.field(default_factory=lambda: array("d"))
    cuts: dict[str, tuple[Millis, array[float], dict[str, array[float]]]] = {}

    def add(self, coded: bytes) -> None:
        """Add a chunk."""
        chunk = decode(coded, Chunk, limit_bytes=CHUNK_LIMIT_BYTES)
        self.rows.frombytes(chunk.rows)
        for name, cut in chunk.cuts.items():
            known = self.cuts.setdefault(name, (cut.cutoff, array("d"), {id_: array("d") for id_ in cut.outcomes}))
            known[1].frombytes(cut.rows)
            for id_, found in cut.outcomes.items():
                known[2][id_].frombytes(found)

    @property
    def people(self) -> int:
        """How many were sampled."""
        return len(self.rows) // len(features())

    def people_now(self) -> Numbers:
        """The features of everybody now, not made anew for whoever asks."""
        return Numbers(self.rows, len(features()))

    def some_now(self, most: int) -> list[list[float | None]]:
        """The features now of so many people at most, evenly taken."""
        return self.people_now()[:: -(-self.people // most) or 1]

    def learned_from(self, score_id: str) -> tuple[list[list[float | None]], list[float | None], list[Millis]]:
        """Features, what followed, and the cutoff, of those of whom there is something to learn for a score."""
        rows: list[list[float | None]] = []
        outcomes: list[float | None] = []
        times: list[Millis] = []
        for _, (cutoff, numbers, found) in sorted(self.cuts.items()):
            for row, followed in zip(Numbers(numbers, len(features())), found.get(score_id, ()), strict=False):
                if not isnan(followed):
                    rows.append(row)
                    outcomes.append(followed)
                    times.append(cutoff)
        return rows, outcomes, times

    def latest(self, score_id: str) -> tuple[list[list[float | None]], list[float]]:
        """Features and what followed as of the latest cutoff alone: what followed came up to the run itself."""
        cut = max((one for one in self.cuts.values() if score_id in one[2]), key=lambda one: one[0], default=None)
        if cut is None:
            return [], []
        told = [
            (row, came)
            for row, came in zip(Numbers(cut[1], len(features())), cut[2][score_id], strict=True)
            if not isnan(came)
        ]
        return [row for row, _ in told], [came for _, came in told]


def _by_horizon() -> dict[int, list[ScoreSpec]]:
    found: dict[int, list[ScoreSpec]] = {}
    for one in score_specs().values():
        found.setdefault(one.horizon_days, []).append(one)
    return found


def _numbers(row: Sequence[float | None]) -> list[float]:
    return [nan if one is None else one for one in row]
