from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chalicelib.matching.levels import LEVELS
from chalicelib.training.matches.compare import levels
from chalicelib.training.matches.names import name_parts

CASES = Path(__file__).parents[2] / "cases"
NAMES = json.loads((CASES / "matching_names.json").read_text())["names"]
PAIRS = json.loads((CASES / "matching_levels.json").read_text())["levels"]


@pytest.mark.parametrize(("text", "given", "family"), NAMES, ids=[name for name, _, _ in NAMES])
def test_name__as_people_write_it__has_parts(text, given, family):
    """Characters, pinyin with and without tones, and both orders end in the same sounds."""
    assert name_parts(text) == (given, family)


@pytest.mark.parametrize(("kind", "left", "right", "word"), PAIRS)
def test_level__of_two_values__is_the_told_one(kind, left, right, word):
    """Each kind says how alike two values are, whichever side comes first."""
    values, ones, others = [left, right], np.array([0, 1]), np.array([1, 0])
    assert [LEVELS[kind][level] for level in levels(kind, ones, others, values)] == [word, word]


def test_level__of_a_missing_value__is_missing():
    """A value that is not there is no level at all."""
    assert list(levels("name", np.array([0, -1]), np.array([-1, -1]), ["anna"])) == [-1, -1]
