"""Telling somebody's segment: 24 features scaled and the nearest of 5 centroids, beside 10 µs."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from statistics import median

import msgspec

from chalicelib.segments.assign import assign
from chalicelib.segments.features import FEATURES_VERSION, features
from chalicelib.segments.model import Column, SegmentModel, scaled
from tests.bench.measure import Row, top

MOST_US = 10.0
FEATURES, CENTROIDS, PEOPLE = 24, 5, 200
_ROUNDS = 25


def rows() -> Iterator[Row]:
    """The row of a segment: features are read already."""
    model, people = _model(), _people()

    def told() -> object:
        return [assign(model, scaled(model.columns, one)) for one in people]

    def made_ready() -> object:
        return [scaled(model.columns, one) for one in people]

    told()
    whole, part = _median_us(told), _median_us(made_ready)
    row = Row(
        what=f"a segment of {FEATURES} features and {CENTROIDS} centroids, CPU in µs ÷ 10 µs",
        measured=f"{whole:.2f} µs",
        yardstick=f"{MOST_US:g} µs",
        ratio=whole / MOST_US,
        bound=1.0,
        note=f"Of it, {part:.2f} µs make the features ready (fill, bounds, logarithms, scales).",
    )
    yield row if row.verdict == "met" else msgspec.structs.replace(row, goes_to=top(told))


def _median_us(action) -> float:
    seen = []
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        action()
        seen.append((time.process_time_ns() - began) / PEOPLE / 1e3)
    return median(seen)


def _model() -> SegmentModel:
    drawn = random.Random(11)
    columns = tuple(
        Column(one.id, place, 0.0, 0.0, 50.0, one.is_log, 1.0, 1.5) for place, one in enumerate(features()[:FEATURES])
    )
    centroids = tuple(tuple(drawn.gauss(0, 1) for _ in columns) for _ in range(CENTROIDS))
    names = tuple(f"segment_{place}" for place in range(CENTROIDS))
    return SegmentModel("bench", 1, FEATURES_VERSION, "k_means", 0, 100, columns, centroids, names)


def _people() -> list[list[float | None]]:
    drawn = random.Random(12)
    return [
        [None if drawn.random() < 0.1 else round(drawn.expovariate(0.2), 2) for _ in features()] for _ in range(PEOPLE)
    ]
