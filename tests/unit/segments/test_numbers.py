"""Many people's numbers in a buffer read as the lists that they stand for."""

from __future__ import annotations

from array import array
from math import nan

import numpy as np
import pytest

from chalicelib.segments.numbers import Numbers
from chalicelib.training.segments.columns import table

LISTED = [[1.0, None, 3.0], [4.0, 5.0, None]]
NUMBERS = Numbers(array("d", [1.0, nan, 3.0, 4.0, 5.0, nan]), 3)


def test_numbers__read_as_rows__are_the_lists() -> None:
    """By place, from the end, by slice and one after the other; beyond the last there is nobody."""
    assert list(NUMBERS) == LISTED
    assert [NUMBERS[0], NUMBERS[-1]] == LISTED
    assert NUMBERS[:1] == LISTED[:1]
    with pytest.raises(IndexError):
        NUMBERS[2]


def test_table__of_numbers_or_of_lists__is_the_same() -> None:
    """What is learned from does not depend on how it was handed over, and is a table of its own."""
    of_numbers = table(NUMBERS, [2, 0])
    np.testing.assert_array_equal(of_numbers, table(LISTED, [2, 0]))
    of_numbers[0, 0] = 9.0
    assert NUMBERS[0] == LISTED[0]
