"""The population stability index: by hand, over bins by quantiles, and what of it is chance."""

from __future__ import annotations

from math import inf, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.segments.features import features
from chalicelib.segments.psi import BINS, SHIFT, binned, chance, counted, psi, psi_of_counts, reference, shares
from tests.unit.segments.people import people

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12)


def test_psi__by_hand__is_the_formula() -> None:
    """Σ (a - e) ln(a ÷ e)."""
    assert psi([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.2 * log(0.7 / 0.5) - 0.2 * log(0.3 / 0.5))


def test_psi__an_empty_bin__is_refused_and_smoothed_first() -> None:
    """A share of nothing has no logarithm; half a value in each bin makes it far, and not infinitely so."""
    with pytest.raises(ValueError, match="smooth"):
        psi([0.5, 0.5], [1.0, 0.0])
    assert SHIFT < psi_of_counts([50, 50], [100, 0]) < 20
    assert shares([0, 1]) == (0.25, 0.75)


@given(st.data())
def test_psi__of_any_two_histograms__is_symmetric_and_none_only_of_equal_shares(data: st.DataObject) -> None:
    """It is no less than 0, the same both ways, and 0 of a histogram and itself."""
    one = data.draw(COUNTS)
    other = data.draw(st.lists(st.integers(0, 500), min_size=len(one), max_size=len(one)))
    assert psi_of_counts(one, other) == pytest.approx(psi_of_counts(other, one))
    assert psi_of_counts(one, other) >= 0
    assert psi_of_counts(one, one) == 0


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=200))
def test_binned__any_values__counts_each_once_and_alike_again(values: list[float | None]) -> None:
    """Every value is in one bin, the missing in the last, and the same values fall into the same bins when counted anew."""
    bins = binned(values)
    assert bins.total == len(values)
    assert bins.counts[-1] == values.count(None)
    assert counted(bins, values) == bins.counts
    assert len(bins.counts) <= BINS + 2


def test_binned__what_all_have__shows_less_of_it_and_more() -> None:
    """A feature that is the same for everybody has a bin below it and one above."""
    bins = binned([3.0] * 100)
    for moved in (2.9, 3.1):
        assert psi_of_counts(bins.counts, counted(bins, [moved] * 100)) > SHIFT
    assert psi_of_counts(bins.counts, counted(bins, [3.0] * 100)) == 0


def test_binned__what_was_always_known_and_is_missing__shows() -> None:
    """A feature that is no longer told is a shift."""
    bins = binned([float(one) for one in range(100)])
    assert psi_of_counts(bins.counts, counted(bins, [None] * 50 + [float(one) for one in range(50)])) > SHIFT


@pytest.mark.parametrize(("n", "m"), [(200, 200), (200, 5_000), (3_000, 3_000)])
def test_chance__samples_of_one_distribution__stay_within_it(n: int, m: int) -> None:
    """Two samples of the same are within chance in 300 draws; and of a fifth of the values they are not."""
    dice, within, beyond = Random(7), 0, 0
    for _ in range(300):
        bins = binned([dice.lognormvariate(0, 1) for _ in range(m)])
        now = [dice.lognormvariate(0, 1) for _ in range(n)]
        bound = chance(m, n, len(bins.counts))
        within += psi_of_counts(bins.counts, counted(bins, now)) <= bound
        beyond += psi_of_counts(bins.counts, counted(bins, [one / 5 for one in now])) > bound
    assert within == 300
    assert beyond == 300


def test_chance__of_nobody__is_everything() -> None:
    """Where nothing was counted nothing is told from chance."""
    assert chance(0, 10, 3) == inf


def test_reference__of_rows__holds_every_feature_and_counts_only() -> None:
    """One histogram for each feature over all people, those of scores, and the people of segments."""
    rows = people(300, 1)
    kept = reference(rows, {"churn": [0.1] * 300}, {"customers": {"value": 300}})
    assert kept.features.keys() == {one.id for one in features()}
    assert {bins.total for bins in (*kept.features.values(), *kept.scores.values())} == {300}
    assert kept.segments == {"customers": {"value": 300}}
