"""Arrivals drawn from a forecast."""

from __future__ import annotations

from random import Random
from statistics import fmean, pvariance

import pytest

from chalicelib.forecast.draw import arrivals, expected, scattered
from chalicelib.forecast.outlook import outlook
from chalicelib.forecast.series import SLOTS_A_DAY
from tests.unit.forecast.worlds import FIRST, counts_of, past_of


def test_arrivals__equal_dice__are_equal_and_in_their_fortnight() -> None:
    """They are in order, within the days forecast, and none at night; other dice give others."""
    given = expected(outlook(past_of(counts_of(42, seed=1), 42), FIRST + 42 * SLOTS_A_DAY, 14, "UTC"))
    first, again, other = (arrivals(given, Random(seed)) for seed in (1, 1, 2))
    assert first == again != other and first == sorted(first)
    begins = given.first * 1_800_000
    assert begins <= first[0] and first[-1] < begins + 14 * 86_400_000
    assert all(at // 1_800_000 % SLOTS_A_DAY >= 16 for at in first)


def test_arrivals__many_draws__have_the_mean_and_more_scatter_than_a_poisson() -> None:
    """The mean of many fortnights is the forecast's; whole fortnights scatter by the error of the level as well."""
    given = expected(outlook(past_of(counts_of(42, seed=1), 42), FIRST + 42 * SLOTS_A_DAY, 14, "UTC"))
    totals = [len(arrivals(given, Random(seed))) for seed in range(40)]
    whole = sum(given.milli) / 1000
    assert fmean(totals) == pytest.approx(whole, rel=0.03)
    assert pvariance(totals) > 1.5 * whole


@pytest.mark.parametrize(("mean", "dispersion"), [(3.0, 1.0), (500.0, 1.0), (8.0, 2.5)])
def test_scattered__many_counts__have_their_mean_and_variance(mean: float, dispersion: float) -> None:
    """Variance ÷ mean is what was asked for, also where the mean is large."""
    dice = Random(3)
    found = [scattered(mean, dispersion, dice) for _ in range(4_000)]
    assert fmean(found) == pytest.approx(mean, rel=0.05)
    assert pvariance(found) / fmean(found) == pytest.approx(dispersion, rel=0.15)


def test_scattered__nothing_expected__is_nothing() -> None:
    """A mean of 0 brings nobody."""
    assert scattered(0.0, 2.0, Random(1)) == 0
