"""How well a group fits the meaning of each declared kind: its signs against where the group stands among the groups.

Names given by this alone would change when two groups change places, so training assigns them over all groups and
kinds at once (``training.segments.names``); here is what is assigned by, and what a person may read of a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import tanh

from chalicelib.kernel.texts import Text
from chalicelib.segments.features import features
from chalicelib.segments.model import Column
from chalicelib.segments.saying import in_units, shown
from chalicelib.segments.segmentation import Kind

_SPREAD_LEAST = 0.1
"""Groups that differ by less than so many scales of a column do not differ in it."""


def standing(centroids: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    """Where each group stands among the groups, feature by feature: -1 far below the others, 1 far above them."""
    columns = []
    for values in zip(*centroids, strict=True):
        middle = sum(values) / len(values)
        spread = (sum((one - middle) ** 2 for one in values) / len(values)) ** 0.5
        columns.append([tanh((one - middle) / max(spread, _SPREAD_LEAST)) for one in values])
    return tuple(zip(*columns, strict=True))


def agreement(kind: Kind, columns: Sequence[Column], stands: Sequence[float]) -> float:
    """How well a group fits a kind, from -1 (its very opposite) to 1: the mean of its signs, by weight."""
    signs = [(kind.signs.get(column.feature, 0.0), stand) for column, stand in zip(columns, stands, strict=True)]
    weight = sum(abs(sign) for sign, _ in signs)
    return sum(sign * stand for sign, stand in signs) / weight if weight else 0.0


def agreements(
    kinds: Sequence[Kind], columns: Sequence[Column], centroids: Sequence[Sequence[float]]
) -> tuple[tuple[float, ...], ...]:
    """The agreement of every group (row) with every kind (column)."""
    return tuple(tuple(agreement(kind, columns, stands) for kind in kinds) for stands in standing(centroids))


def in_words(
    columns: Sequence[Column], centroids: Sequence[Sequence[float]], place: int, most: int = 4
) -> tuple[Text, ...]:
    """By what a group stands out: its features farthest from the other groups, with what is typical of it."""
    stands = standing(centroids)[place]
    out = []
    for at in sorted(range(len(columns)), key=lambda at: -abs(stands[at]))[:most]:
        feature, typical = features()[columns[at].place], in_units(columns[at], centroids[place][at])
        value, up = shown(feature, typical), stands[at] > 0
        out.append(
            Text(
                zh=f"{feature.names.zh}{'偏高' if up else '偏低'}（通常{value}）",
                en=f"{'more' if up else 'less'} {feature.names.en} (typically {value})",
            )
        )
    return tuple(out)
