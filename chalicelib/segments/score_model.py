"""What a learned score is made of: plain numbers, decoded from JSON, run without numpy.

A model adds up a *margin* for each of its outputs, of two parts that may each be missing:

    margin = linear_share × (intercept + Σ weight × base) + trees_share × (start + Σ leaf)

and says a value of it: a probability or an amount by its calibration, a topic by the greatest of several margins.
Both parts see the same columns, made ready by ``model.scaled``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.segments.model import Column

type Kind = Literal["probability", "amount", "topic"]

ITSELF, ABOVE, OVER, IS = 0, 1, 2, 3
"""How a base reads a column x at a knot: x · max(0, x − at) · 1 where x > at · 1 where x is at (a category)."""


type Basis = tuple[int, int, float]
"""Column, kind, knot: one number that the linear part reads. A tuple, because there are a hundred of them a score."""


class Linear(msgspec.Struct, frozen=True):
    """Weights over bases, then over products of two of them (``pairs``, by place). One row of weights an output.

    ``means`` are what bases and pairs come to on average of the people it was learned from: effects are told from there.
    """

    intercepts: tuple[float, ...]
    bases: tuple[Basis, ...]
    pairs: tuple[tuple[int, int], ...]
    weights: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]


class Trees(msgspec.Struct, frozen=True):
    """Boosted trees as flat arrays over nodes. A node goes ``left`` where its column is at most ``threshold``.

    A leaf has no column (−1). ``values`` of leaves hold the learning rate already; ``covers`` count the people that
    came by when it was learned. Children stand after their parents.
    """

    start: float
    roots: tuple[int, ...]
    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    lefts: tuple[int, ...]
    rights: tuple[int, ...]
    values: tuple[float, ...]
    covers: tuple[float, ...]


class Calibration(msgspec.Struct, frozen=True):
    """From margin to value.

    ``platt``: 1 / (1 + e^−(slope × margin + intercept)). ``isotonic``: straight between points, level beyond them.
    ``none``: the margin itself; of a topic the softmax of slope × margins.
    """

    kind: Literal["platt", "isotonic", "none"]
    slope: float = 1.0
    intercept: float = 0.0
    margins: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """How sure a score is of somebody of whom so much is known (``score.known_of``): straight between the points.

    Learned from people that the model had not seen: which part of what it says beyond the average came true. It never
    falls with more known, and is 0 where nothing is.
    """

    tenure: int
    """The column of the days known; −1 where there is none."""
    amounts: tuple[float, ...]
    confidences: tuple[float, ...]


class ScoreModel(msgspec.Struct, frozen=True):
    """One version of a learned score. ``labels`` are a topic's outcomes, one per output; others have one output.

    ``base_rate`` is the mean outcome of the people it was learned from.
    """

    id: str
    version: int
    features_version: int
    kind: Kind
    algorithm: str
    trained_at: Millis
    people: int
    base_rate: float
    columns: tuple[Column, ...]
    calibration: Calibration
    known: Known
    linear: Linear | None = None
    linear_share: float = 0.0
    trees: Trees | None = None
    trees_share: float = 0.0
    labels: tuple[str, ...] = ()


def in_force(model: ScoreModel, features_version: int) -> bool:
    """Whether the model reads what features mean today."""
    return model.features_version == features_version
