"""Changes that are planted, and whether they are seen: the index of each feature and of the segments' shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from chalicelib.segments.assign import placed
from chalicelib.segments.features import features, place_of
from chalicelib.segments.psi import SHIFT, binned, counted, psi_of_counts
from chalicelib.segments.segmentation import Segmentation
from chalicelib.training.segments.learn import learn_segments
from chalicelib.training.segments.model import SegmentsLearned

type Row = tuple[float | None, ...]
NOTHING = "nothing is planted · 无变化"
VANISHED, HALVED, SHIFTED = (
    "guided people vanish · 引导型消失",
    "spend halves · 消费减半",
    "contacts treble · 联系增至三倍",
)


class Drift(msgspec.Struct, frozen=True):
    """What is seen a month later of a change: the worst features with their index, that of the segments, and whether
    a run on these people would be held.
    """

    planted: str
    features: tuple[tuple[str, float], ...]
    segments: float
    held: str
    lowest_agreement: float

    @property
    def is_seen(self) -> bool:
        """Whether a feature or the shares of segments moved beyond the rule of thumb."""
        return max(self.segments, *(one for _, one in self.features)) >= SHIFT


def drifts(
    spec: Segmentation,
    learned: SegmentsLearned,
    rows: tuple[Sequence[Row], Sequence[Row]],
    kinds: Sequence[str],
    seed: int,
) -> tuple[Drift, ...]:
    """Each planted change on the rows of a month later, beside the rows that were learned of; and none of them."""
    now, later = rows
    planted: Mapping[str, Sequence[Row]] = {
        NOTHING: later,
        VANISHED: [row for row, kind in zip(later, kinds, strict=True) if kind != "guided"],
        HALVED: _times(later, ("spend_90d", "spend_365d", "basket"), 0.5),
        SHIFTED: _times(later, ("contacts_30d", "contacts_90d"), 3.0),
    }
    return tuple(_drift(name, spec, learned, (now, changed), seed) for name, changed in planted.items())


def _times(rows: Sequence[Row], names: Sequence[str], factor: float) -> list[Row]:
    places = {place_of(name) for name in names}

    def changed(row: Row) -> Row:
        return tuple(one if one is None or at not in places else one * factor for at, one in enumerate(row))

    return [changed(row) for row in rows]


def _drift(
    name: str, spec: Segmentation, learned: SegmentsLearned, rows: tuple[Sequence[Row], Sequence[Row]], seed: int
) -> Drift:
    then, now = rows
    found = []
    for one in spec.features:
        read = _reader(place_of(one))
        bins = binned(map(read, then))
        found.append((one, psi_of_counts(bins.counts, counted(bins, map(read, now)))))
    shares = [_shares(spec, learned, people) for people in rows]
    again = learn_segments(now, spec, learned.model, seed + 200)
    return Drift(
        planted=name,
        features=tuple(sorted(found, key=lambda pair: -pair[1])[:4]),
        segments=psi_of_counts(*shares),
        held=again.held,
        lowest_agreement=min(again.agreements.values()),
    )


def _reader(place: int) -> Callable[[Row], float | None]:
    return lambda row: row[place]


def _shares(spec: Segmentation, learned: SegmentsLearned, rows: Sequence[Row]) -> list[int]:
    said = [one.segment for one in (placed(spec, learned.model, row) for row in rows) if one is not None]
    return [said.count(kind.id) for kind in spec.kinds]


def names_of(found: Sequence[tuple[str, float]]) -> str:
    """Features with their index, in words."""
    words = {one.id: one.names.en for one in features()}
    return ", ".join(f"{words[name]} {index:.2f}" for name, index in found)
