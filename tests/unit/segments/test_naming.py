"""How well groups fit the meaning of kinds, by tables made by hand."""

from __future__ import annotations

import pytest

from chalicelib.kernel.texts import Text
from chalicelib.segments.naming import agreement, agreements, in_words, standing
from chalicelib.segments.segmentation import Kind
from tests.unit.segments.models import column

NAMES = Text("某", "some")
COLUMNS = (column("channels"), column("satisfaction"))
MANY = Kind("many", NAMES, NAMES, signs={"channels": 1.0})
UNHAPPY = Kind("unhappy", NAMES, NAMES, signs={"satisfaction": -2.0, "channels": 0.5})


def test_agreement__of_signs__is_between_opposite_and_equal() -> None:
    """A group that is where the signs say agrees wholly; the other way round, it is the opposite."""
    assert agreement(MANY, COLUMNS, (1.0, -1.0)) == 1.0
    assert agreement(MANY, COLUMNS, (-1.0, 0.0)) == -1.0
    assert agreement(UNHAPPY, COLUMNS, (1.0, -1.0)) == 1.0
    assert agreement(UNHAPPY, COLUMNS, (-1.0, -1.0)) == pytest.approx((2 - 0.5) / 2.5)
    assert agreement(Kind("none", NAMES, NAMES, signs={"basket": 1.0}), COLUMNS, (1.0, 1.0)) == 0.0


def test_standing__of_groups_that_do_not_differ__is_nothing() -> None:
    """Groups of one place stand out in nothing; those apart stand on both sides."""
    assert standing([(1.0, 1.0), (1.0, 3.0)])[0][0] == 0.0
    low, high = (one[1] for one in standing([(1.0, 1.0), (1.0, 3.0)]))
    assert low == -high < -0.7


def test_agreements__of_groups__fit_the_kind_that_is_meant() -> None:
    """The table has a row for each group and a column for each kind."""
    table = agreements([MANY, UNHAPPY], COLUMNS, [(5.0, 4.0), (1.0, 1.0)])
    assert table[0][0] > 0.7 and table[1][0] < 0
    assert table[1][1] > table[0][1]


def test_words__of_a_group__say_what_is_typical() -> None:
    """What a person reads of a group: its features farthest from the others."""
    said = in_words(COLUMNS, [(5.0, 4.0), (1.0, 4.0)], 0, 1)
    assert (said[0].en, said[0].zh) == ("more channels used (typically 5)", "渠道数偏高（通常5）")
