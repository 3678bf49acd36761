"""Rows made ready for learning are what a model sees of each person when it serves them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.segments.model import Column, scaled
from chalicelib.training.scores import inputs

COLUMNS = (
    Column("a", 0, 0.0, 0.0, 50.0, True, 0.7, 1.3),
    Column("b", 2, 3.25, -4.0, 9.5, False, 0.1, 3.7),
    Column("c", 1, 0.0, 0.0, 1e9, True, 5.0, 0.3),
)
VALUES = st.none() | st.floats(-10, 1e10, allow_nan=False) | st.integers(0, 60).map(float)
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=40)


@given(rows=ROWS)
def test_made_ready__of_anybody__is_what_serves_them_to_the_last_digit(
    rows: list[tuple[float | None, ...]],
) -> None:
    """Otherwise trees would be asked on the other side of a threshold than they were learned."""
    made = inputs.made_ready(rows, COLUMNS)
    assert made.shape == (len(rows), len(COLUMNS))
    assert made.tolist() == [list(scaled(COLUMNS, row)) for row in rows]


def test_made_ready__by_the_logarithm_of_numpy__is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule above can fail: a logarithm that parts in the last digit is seen."""
    rows = [(one / 7, one / 3, None) for one in range(200)]
    monkeypatch.setattr(inputs, "_log1p", lambda values: np.nextafter(np.log1p(values), 99.0))
    assert inputs.made_ready(rows, COLUMNS).tolist() != [list(scaled(COLUMNS, row)) for row in rows]
