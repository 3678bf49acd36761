"""People between two runs, judged as they are served: those who go on as they did, and those who begin another life.

Hysteresis keeps who was somewhere, so what is told of somebody depends on when they were looked at. Here everybody is
looked at every ten days, as of whatever they did by then, and by nearest centroids alone beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.measures import load_measures
from chalicelib.segments.assign import placed
from chalicelib.segments.features import raw_vector
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.segmentation import Segmentation
from infra.segments.folding import Counter
from infra.segments.kinds import KINDS
from infra.segments.people import Act, Life, Who, somebody, today

type Rows = list[tuple[float | None, ...]]
type Said = list[str | None]
EVERY = 10
"""Days between two looks at somebody."""
CHANGED = (30, 60, 90)
"""After so many days of another life people are looked for in the segment of it."""
_CHANGING = 200
_OTHER_LIVES = 1_000_000


class Changed(msgspec.Struct, frozen=True):
    """People of another life since so many days: the share who are told as what they are now, as served and by the nearest."""

    days: int
    people: int
    served: float
    nearest: float


class Passed(msgspec.Struct, frozen=True):
    """Day → what everybody is told as, and how many changes of segment they were told of up to then."""

    said: Mapping[int, Said]
    moves: Mapping[int, int]


def segments(spec: Segmentation, model: SegmentModel, rows: Rows, were: Sequence[str | None] = ()) -> Said:
    """Where the model puts everybody, as it is served to who was there; by the nearest centroid where ``were`` is empty."""
    before = were or [None] * len(rows)
    found = (placed(spec, model, row, was or "") for row, was in zip(rows, before, strict=True))
    return [None if one is None else one.segment for one in found]


def passed(spec: Segmentation, model: SegmentModel, rows: Mapping[int, Rows], *, held: bool = True) -> Passed:
    """Everybody day by day, from where they are on the first of them. ``held``: as served, with hysteresis."""
    said: dict[int, Said] = {}
    moves: dict[int, int] = {}
    now: Said = []
    for day in sorted(rows):
        before, now = now, segments(spec, model, rows[day], now if held else ())
        moves[day] = moved(before, now) + max(moves.values()) if before else 0
        said[day] = now
    return Passed(said, moves)


def moved(before: Said, after: Said) -> int:
    """How many changed from one segment to another."""
    return sum(a is not None and b is not None and a != b for a, b in zip(before, after, strict=True))


class Others(msgspec.Struct, frozen=True):
    """People who have lived as one kind and from today on live as another: the kinds of now, and their features by day."""

    kinds: tuple[str, ...]
    rows: Mapping[int, Rows]


def others(seed: int, counter: Counter, people: int = _CHANGING) -> Others:
    """Those of a seed."""
    lives = [_two_lives(seed, index) for index in range(people)]
    rows = rows_by_day(counter, [acts for _, acts in lives], max(CHANGED))
    return Others(tuple(who.kind for who, _ in lives), rows)


def changed(spec: Segmentation, model: SegmentModel, people: Others) -> tuple[Changed, ...]:
    """How many of them are told as what they are now, by the model of today."""
    served, nearest = passed(spec, model, people.rows), passed(spec, model, people.rows, held=False)

    def right(said: Said) -> float:
        return sum(one == kind for one, kind in zip(said, people.kinds, strict=True)) / len(said)

    return tuple(Changed(day, len(people.kinds), right(served.said[day]), right(nearest.said[day])) for day in CHANGED)


def rows_by_day(counter: Counter, lives: Sequence[list[Act]], last: int) -> dict[int, Rows]:
    """The features of everybody, today and every so many days up to the last."""
    measures = load_measures()

    def rows(now: Millis) -> Rows:
        return [raw_vector(counter.profile(acts, now), now, measures) for acts in lives]

    return {day: rows(today(day)) for day in range(0, last + 1, EVERY)}


def _two_lives(seed: int, index: int) -> tuple[Who, list[Act]]:
    """Somebody with the kind that they are now, and what they did: up to today of the one kind, then of the other."""
    then = somebody(seed, index)
    kind = Random(f"segments/{seed}/{index}/changed").choice([one for one in KINDS if one != then.kind])  # noqa: S311 - repeatable, not secret
    now = msgspec.structs.replace(then, kind=kind)
    before = [act for act in Life(seed, then).lived() if act.at < today()]
    return now, before + [act for act in Life(seed + _OTHER_LIVES, now).lived() if act.at >= today()]
