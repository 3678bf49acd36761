"""What a learned model is made of, and what it says of a person. All are plain numbers and texts.

Column        how a feature is made ready: filled, bounded, put on a scale
SegmentModel  one way to tell everybody's segment: the nearest of some centroids
Judged        what the models in force say of one person, kept beside the profile
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p

import msgspec

from chalicelib.kernel.moments import Millis

CUSTOMERS = "customers"
"""The segmentation into business-sensitive, value, potential, guided and ordinary customers (业务敏感型、价值型 …)."""


class Column(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How one feature was made ready when the model was learned, and is for ever.

    ``place`` is the feature's in ``features.features()``. A missing value is ``fill``; then it is bounded by ``low``
    and ``high``, put in logarithms if ``is_log``, and counted in ``scale``s from ``center``.
    """

    feature: str
    place: int
    fill: float
    low: float
    high: float
    is_log: bool
    center: float
    scale: float


class SegmentModel(msgspec.Struct, frozen=True):
    """Segments as centroids over scaled columns. ``segments[i]`` is whom ``centroids[i]`` is the middle of.

    ``meaning`` marks the declaration that it was learned by (``segmentation.meaning_of``); '': as it ships.
    """

    id: str
    version: int
    features_version: int
    algorithm: str
    trained_at: Millis
    people: int
    columns: tuple[Column, ...]
    centroids: tuple[tuple[float, ...], ...]
    segments: tuple[str, ...]
    meaning: str = ""


class Membership(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """In which segment of a segmentation a person is, since when, by which version of its model."""

    segment: str
    since: Millis
    model_version: int


class ScoreValue(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a score's model says. ``confidence`` 0–1 is low for somebody of whom little is known.

    Of a score that tells one of several topics ``value`` is the probability of the likeliest, and ``label`` that one.
    """

    value: float
    confidence: float
    model_version: int
    label: str = ""


class Judged(msgspec.Struct, frozen=True, array_like=True):
    """What models say of one person, as of ``at``: segmentation → membership, score → value."""

    at: Millis
    segments: dict[str, Membership]
    scores: dict[str, ScoreValue]


def scaled(columns: Sequence[Column], raw: Sequence[float | None]) -> tuple[float, ...]:
    """The features as a model sees them, in the order of its columns."""
    seen = []
    # Comparisons, where min and max would say it shorter: at every event, this is most of what a segment costs.
    for column in columns:
        value = raw[column.place]
        if value is None:
            value = column.fill
        elif value < column.low:
            value = column.low
        elif value > column.high:
            value = column.high
        seen.append(((log1p(value) if column.is_log else value) - column.center) / column.scale)
    return tuple(seen)
