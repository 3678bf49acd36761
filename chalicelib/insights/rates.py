"""Shares with Wilson intervals, and quantiles of durations from counters of log-scale buckets."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2, sqrt

import msgspec

Z_95 = 1.959964
PER_DOUBLING = 4
"""Buckets of a factor of two: a quantile is told to within a tenth of its value."""


class Share(msgspec.Struct, frozen=True):
    """How many of ``n`` it holds for, with the interval that holds 95 times in 100 (Wilson's score)."""

    n: int
    share: float
    low: float
    high: float


class Quantile(msgspec.Struct, frozen=True):
    """A value that so many stay below, and the interval of its rank, 95 times in 100."""

    seconds: float
    low: float
    high: float


class Durations(msgspec.Struct, frozen=True):
    """How long something took: the exact mean, and quantiles to within a tenth."""

    n: int
    mean: float
    p50: Quantile
    p90: Quantile
    p95: Quantile


class Mean(msgspec.Struct, frozen=True):
    """A mean with the interval that holds 95 times in 100 (normal, of the answers' own spread)."""

    n: int
    mean: float
    low: float
    high: float


def share_of(holds: int, n: int) -> Share:
    """The share of ``n`` > 0, after Wilson (JASA 22, 1927): right for few and for shares near 0 and 1 too."""
    p, z2 = holds / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Share(n, round(p, 4), round(max(0.0, centre - half), 4), round(min(1.0, centre + half), 4))


def mean_of(values: Mapping[int, int]) -> Mean:
    """The mean of answers: value → how many gave it."""
    n = sum(values.values())
    mean = sum(value * count for value, count in values.items()) / n
    spread = sum(count * (value - mean) ** 2 for value, count in values.items()) / max(n - 1, 1)
    half = Z_95 * sqrt(spread / n)
    return Mean(n, round(mean, 3), round(mean - half, 3), round(mean + half, 3))


def bucket_of(seconds: int) -> int:
    """The bucket of a duration: 0 up to a second, then four to each doubling."""
    return 0 if seconds <= 1 else ceil(PER_DOUBLING * log2(seconds) - 1e-9)


def durations_of(buckets: Mapping[int, int], total_seconds: int) -> Durations:
    """What durations come to: bucket → count, and their sum."""
    n = sum(buckets.values())
    p50, p90, p95 = (_quantile(buckets, n, share) for share in (0.5, 0.9, 0.95))
    return Durations(n, round(total_seconds / n, 1), p50, p90, p95)


def _quantile(buckets: Mapping[int, int], n: int, share: float) -> Quantile:
    half = Z_95 * sqrt(n * share * (1 - share))
    ranks = (max(1, ceil(n * share)), max(1, int(n * share - half)), min(n, ceil(n * share + half) + 1))
    return Quantile(*(_at_rank(buckets, rank) for rank in ranks))


def _at_rank(buckets: Mapping[int, int], rank: int) -> float:
    """The middle, on the scale of logarithms, of the bucket that holds the duration of a rank."""
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank:
            break
    return round(2 ** ((bucket - 0.5) / PER_DOUBLING), 1) if bucket else 1.0
