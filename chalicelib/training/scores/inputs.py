"""What a score is learned from: numbered inputs, each made ready once and for ever by a column of its own."""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p

import msgspec
import numpy as np

from chalicelib.segments.features import features
from chalicelib.segments.model import Column
from chalicelib.segments.score_specs import ScoreSpec, places_of

UNKNOWN = -1.0
"""The category of somebody of whom it is not known."""
_OUTERMOST = 0.005
"""A number is bounded where so large a share of people lie beyond, on either side."""


class Input(msgspec.Struct, frozen=True):
    """One number of a row. ``is_category``: it is a code that counts nothing, from 0."""

    id: str
    place: int
    is_log: bool = False
    is_category: bool = False
    typical: bool = False


def inputs_of(spec: ScoreSpec) -> tuple[Input, ...]:
    """The inputs of a score that reads features of people."""
    listed = features()
    return tuple(
        Input(one.id, place, one.is_log, typical=one.missing == "typical")
        for place, one in ((place, listed[place]) for place in places_of(spec))
    )


def fitted_columns(rows: Sequence[Sequence[float | None]], inputs: Sequence[Input]) -> tuple[Column, ...]:
    """The columns of the inputs, as these rows have them; what is the same for everybody is left out."""
    table = _table(rows)
    made = (_column(one, table[:, one.place]) for one in inputs) if len(rows) else ()
    return tuple(one for one in made if one is not None)


def _table(rows: Sequence[Sequence[float | None]]) -> np.ndarray:
    """The rows as numbers, NaN where nothing is known."""
    return np.array(rows, dtype=float)


def _column(given: Input, values: np.ndarray) -> Column | None:
    told = values[~np.isnan(values)]
    if not len(told):
        return None
    if given.is_category:
        return Column(given.id, given.place, UNKNOWN, UNKNOWN, float(told.max()), False, 0.0, 1.0)
    fill = float(np.median(told)) if given.typical else 0.0
    low, high = (float(one) for one in np.quantile(told, (_OUTERMOST, 1 - _OUTERMOST)))
    if low == high:
        low, high = float(told.min()), float(told.max())
    low, high = min(low, fill), max(high, fill)
    is_log = given.is_log and low > UNKNOWN
    bare = Column(given.id, given.place, fill, low, high, is_log, 0.0, 1.0)
    seen = np.clip(np.where(np.isnan(values), fill, values), low, high)
    seen = np.log1p(seen) if is_log else seen
    spread = float(seen.std())
    if spread <= 1e-12:
        return None
    return msgspec.structs.replace(bare, center=float(seen.mean()), scale=spread)


def made_ready(rows: Sequence[Sequence[float | None]], columns: Sequence[Column]) -> np.ndarray:
    """The rows as a model sees them: what ``model.scaled`` makes of each, to the last digit, a column at a time."""
    made = np.empty((len(rows), len(columns)))
    table = _table(rows) if len(rows) else made
    for at, column in enumerate(columns):
        values = table[:, column.place] if len(rows) else made[:, at]
        seen = np.clip(np.where(np.isnan(values), column.fill, values), column.low, column.high)
        made[:, at] = ((_log1p(seen) if column.is_log else seen) - column.center) / column.scale
    return made


def _log1p(values: np.ndarray) -> np.ndarray:
    """By the function that serves people: numpy's own may part from it in the last digit. Most values are counts, and few."""
    distinct, at = np.unique(values, return_inverse=True)
    return np.fromiter(map(log1p, distinct.tolist()), float, len(distinct))[at]
