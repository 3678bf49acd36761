"""The arithmetic of now against the usual."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.usual import LEAST_SHOWN, Counted, at_least, benjamini_hochberg, compare, forecast


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_tail__of_a_binomial__is_the_sum_of_its_terms(successes: int, more: int, share: float) -> None:
    """The chance that is told is the one that the formula says, on both sides of the mean."""
    trials = successes + more
    exact = sum(comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(successes, trials + 1))
    assert at_least(successes, trials, share) == pytest.approx(exact, rel=1e-6, abs=1e-9)


def test_tail__of_large_counts__is_a_chance() -> None:
    """A hundred thousand mentions neither overflow nor take long."""
    assert at_least(100_000, 200_000, 0.5) == pytest.approx(0.5, abs=0.01)
    assert 0 <= at_least(150_000, 200_000, 0.5) < 1e-100


def test_discovery_rates__by_hand() -> None:
    """The example of Benjamini and Hochberg's procedure, in the order that was given."""
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_nothing_changed__words_that_rise__are_few() -> None:
    """Where every word's rate is what it was, about none of 400 words is called a riser (seeded)."""
    drawn = random.Random(7)

    def poisson(mean: float) -> int:
        return sum(drawn.random() < mean / 2_000 for _ in range(2_000))

    counted = {f"w{n}": Counted(poisson(20), sum(poisson(20) for _ in range(4))) for n in range(400)}
    assert sum(one.rises for one in compare(counted, 0.25).values()) <= 2


def test_word__three_times_its_usual__rises_and_is_explained() -> None:
    """A surge is found among four hundred steady words; its lift is shrunk, its expectation told."""
    counted = {f"w{n}": Counted(20, 80) for n in range(400)} | {"surge": Counted(60, 80)}
    found = compare(counted, 0.25)
    assert [word for word, one in found.items() if one.rises] == ["surge"]
    assert (found["surge"].expected, found["surge"].lift) == (20.0, 2.6)
    assert found["surge"].q is not None and found["surge"].q < 1e-6 and found["w1"].lift == 1.0


@pytest.mark.parametrize("count", range(LEAST_SHOWN))
def test_word__below_five__is_not_shown(count: int) -> None:
    """So few may be somebody."""
    assert compare({"w": Counted(count, 100)}, 0.25) == {}


def test_past__below_five__cannot_be_told_from_what_is_shown() -> None:
    """Whatever a hidden past was, the answer is the same to the last digit, and its lift is a floor."""
    answers = {compare({"w": Counted(30, past)}, 0.25)["w"] for past in range(LEAST_SHOWN)}
    (only,) = answers
    assert only.expected is None and only.lift_is_floor and only.rises
    assert compare({"w": Counted(30, LEAST_SHOWN)}, 0.25)["w"].expected == 1.2


def test_no_past__count_alone__is_told() -> None:
    """Without a week to compare with nothing is said to rise."""
    (one,) = compare({"w": Counted(30, 0)}, 0.0).values()
    assert (one.count, one.expected, one.lift, one.p, one.rises) == (30, None, None, None, False)


def test_forecast__steady_and_wild_weeks__differ_in_width() -> None:
    """The mean of the same hours; weeks that differ more than chance widen the interval."""
    steady, wild = forecast([100, 101, 99, 100]), forecast([10, 190, 40, 160])
    assert steady is not None and wild is not None and steady.expected == wild.expected == 100.0
    assert wild.high - wild.low > 5 * (steady.high - steady.low) and wild.low == 0.0
    assert forecast([100]) is None and forecast([1, 1, 1, 1]) is None


def test_forecast__interval__holds_eight_times_in_ten() -> None:
    """On weeks drawn from one rate the next day falls within it about 80% of the time (seeded)."""
    drawn = random.Random(11)

    def day() -> int:
        return sum(drawn.random() < 0.03 for _ in range(1_000))

    hits = 0
    for _ in range(300):
        told = forecast([day() for _ in range(4)])
        hits += told is not None and told.low <= day() <= told.high
    assert 0.74 <= hits / 300 <= 0.93
