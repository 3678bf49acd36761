"""Shares and durations against figures worked out by hand or published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.rates import bucket_of, durations_of, mean_of, share_of


@pytest.mark.parametrize(
    ("holds", "n", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_share__of_published_counts__has_the_published_interval(holds: int, n: int, low: float, high: float) -> None:
    """Wilson's score interval, without correction."""
    found = share_of(holds, n)
    assert found.share == round(holds / n, 4)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0001)


def test_mean__of_answers__is_worked_out_by_hand() -> None:
    """5, 5, 4, 2: mean 4, variance (1+1+0+4)/3 = 2, so ± 1.96 × √(2/4)."""
    found = mean_of({5: 2, 4: 1, 2: 1})
    assert (found.n, found.mean, found.low, found.high) == (4, 4.0, 2.614, 5.386)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0, 0), (1, 0), (2, 4), (3, 7), (4, 8), (8, 12), (9, 13), (60, 24), (3600, 48)]
)
def test_bucket__of_a_duration__is_four_to_a_doubling(seconds: int, bucket: int) -> None:
    """A power of two ends its bucket."""
    assert bucket_of(seconds) == bucket


@given(st.lists(st.integers(2, 90 * 86_400), min_size=1, max_size=200))
def test_quantiles__of_any_durations__are_within_a_tenth(seconds: list[int]) -> None:
    """The true quantile of a rank is within 9.1% of what is told, and within its interval by as much; the mean is exact."""
    buckets: dict[int, int] = {}
    for one in seconds:
        buckets[bucket_of(one)] = buckets.get(bucket_of(one), 0) + 1
    found = durations_of(buckets, sum(seconds))
    assert found.mean == round(sum(seconds) / len(seconds), 1)
    ordered = sorted(seconds)
    for told, share in ((found.p50, 50), (found.p90, 90), (found.p95, 95)):
        true = ordered[-(-len(seconds) * share // 100) - 1]
        assert told.seconds / true == pytest.approx(1, abs=0.11)
        assert told.low <= told.seconds <= told.high
