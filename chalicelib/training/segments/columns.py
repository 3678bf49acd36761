"""How features are made ready, learned from many people: typical values, bounds, logarithms and scales.

A missing value is filled by the median of those that are known, or is 0 already where the feature says so. Bounds are
the 0.5% and 99.5% quantiles, so that one who bought a thousand times moves nothing. Of what is left, after logarithms
where the feature asks for them, the mean is the center and the standard deviation the scale: after bounds and
logarithms both are robust, and a median and quartiles would be 0 for all that most people never do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chalicelib.segments.features import features, place_of
from chalicelib.segments.model import Column
from chalicelib.segments.numbers import Numbers

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
_LOW, _HIGH = 0.005, 0.995
_FLAT = 1e-9


def table(rows: Sequence[Sequence[float | None]], places: Sequence[int]) -> Floats:
    """The features of everybody at these places, NaN where one is missing."""
    if isinstance(rows, Numbers):
        return np.frombuffer(rows.buffer, dtype=np.float64).reshape(len(rows), rows.width)[:, list(places)]
    return np.array([[row[place] for place in places] for row in rows], dtype=np.float64)


def columns_of(seen: Floats, feature_ids: Sequence[str]) -> tuple[Column, ...]:
    """The columns that a model of these people would have. ``seen``: a table of just these features."""
    return tuple(_column(seen[:, at], one) for at, one in enumerate(feature_ids))


def ready(columns: Sequence[Column], seen: Floats) -> Floats:
    """What ``model.scaled`` makes of everybody. ``seen``: a table of the columns' features, in their order."""
    parts = []
    for at, column in enumerate(columns):
        values = np.clip(np.where(np.isnan(seen[:, at]), column.fill, seen[:, at]), column.low, column.high)
        parts.append(((np.log1p(values) if column.is_log else values) - column.center) / column.scale)
    return np.ascontiguousarray(np.column_stack(parts))


def _column(values: Floats, feature_id: str) -> Column:
    place = place_of(feature_id)
    feature = features()[place]
    known = values[~np.isnan(values)]
    if not known.size:
        return Column(feature_id, place, 0.0, 0.0, 0.0, feature.is_log, 0.0, 1.0)
    fill = float(np.median(known)) if feature.missing == "typical" else 0.0
    low, high = (float(one) for one in np.quantile(known, (_LOW, _HIGH)))
    # What is rarer than the bounds would be cut off whole: a count that few people have keeps its room.
    high = max(high, float(known.max())) if high == low else high
    inside = np.clip(np.where(np.isnan(values), fill, values), low, high)
    inside = np.log1p(inside) if feature.is_log else inside
    scale = float(inside.std())
    center = float(inside.mean())
    return Column(feature_id, place, fill, low, high, feature.is_log, center, scale if scale > _FLAT else 1.0)
