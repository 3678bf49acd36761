"""Whether numbers lie where they lay when a model was learned: the population stability index over its bins.

    PSI = Σ over bins (a - e) · ln(a ÷ e),   a, e: the bin's share of what is seen now and of what was learned from

It is the symmetric Kullback-Leibler divergence of credit scoring, whose rule of thumb calls less than 0.1 no change,
up to 0.25 a small one, and 0.25 a shift (N. Siddiqi, Credit Risk Scorecards, 2006, chapter 6). Between two samples of
n and m values of one distribution with B bins it is about (1/n + 1/m) · χ²(B - 1) (B. Yurdakul and J. Naranjo,
Statistical properties of the population stability index, Journal of Risk Model Validation 14/4, 2020): what is within
that is chance.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf, log, nextafter, sqrt

import msgspec

from chalicelib.segments.features import FEATURES_VERSION, features

WATCH, SHIFT = 0.1, 0.25
"""The rule of thumb."""
BINS = 10
"""Of equal shares where values allow it; what is missing has a bin of its own."""
_SMOOTHING = 0.5
"""Added to each bin, so that an empty one is not infinitely far."""
SAME_ANSWER = 0.01
"""Answers of a score that differ by a hundredth are one: where all have one answer, the least change would else be a shift."""
Z = 4.0
"""One in thirty thousand by chance."""


class Bins(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a number was distributed: in bin ``i`` are values of (edges[i - 1], edges[i]]; the last counts the missing."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts)


class Reference(msgspec.Struct, frozen=True):
    """What people were like when models were learned, kept with them: feature or score → bins, segments → people.

    It is made of counts over people alone, and tells nobody's value.
    """

    features_version: int
    people: int
    features: dict[str, Bins]
    scores: dict[str, Bins]
    segments: dict[str, dict[str, int]]


def psi(expected_shares: Sequence[float], actual_shares: Sequence[float]) -> float:
    """The index of two distributions over the same bins. Raises ValueError unless all shares are above 0 (``shares``)."""
    if not all(one > 0 for one in (*expected_shares, *actual_shares)):
        raise ValueError("An empty bin is infinitely far: smooth the shares first.")
    return sum((a - e) * log(a / e) for e, a in zip(expected_shares, actual_shares, strict=True))


def shares(counts: Sequence[int]) -> tuple[float, ...]:
    """The bins' shares, smoothed as Laplace did: half a value is added to each."""
    whole = sum(counts) + _SMOOTHING * len(counts)
    return tuple((count + _SMOOTHING) / whole for count in counts)


def psi_of_counts(expected: Sequence[int], actual: Sequence[int]) -> float:
    """The index of two histograms over the same bins."""
    return psi(shares(expected), shares(actual))


def chance(expected: int, actual: int, bins: int, z: float = Z) -> float:
    """What the index comes to by chance at most, of so many values of one distribution; without any, infinite.

    At most: as a normal value stays below ``z``.
    """
    if not expected or not actual:
        return inf
    return (1 / expected + 1 / actual) * chi_squared(max(1, bins - 1), z)


def chi_squared(freedom: int, z: float) -> float:
    """The value that χ² exceeds by chance as a normal one exceeds ``z`` (Wilson and Hilferty, 1931)."""
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + z * sqrt(part)) ** 3)


def binned(values: Iterable[float | None], within: float = 0.0) -> Bins:
    """Values in bins by their own quantiles. Within so much of an edge a value counts as the edge itself (``_slack``)."""
    held, missing = list[float](), 0
    for one in values:
        if one is None:
            missing += 1
        else:
            held.append(one)
    held.sort()
    quantiles = {held[len(held) * place // BINS] for place in range(1, BINS)} if held else set[float]()
    if len(quantiles) == 1:
        # Most have one value: to have less of it is a change, and to have more.
        value = min(quantiles)
        quantiles.add(value - 2 * _slack(value, within) if within else nextafter(value, -inf))
    edges = _apart(sorted(quantiles), within)
    return Bins(edges, (*_counts(edges, held, within), missing))


def counted(bins: Bins, values: Iterable[float | None], within: float = 0.0) -> tuple[int, ...]:
    """How many of these values lie in each of the bins. ``within`` is what they were made with."""
    held, missing = list[float](), 0
    for one in values:
        if one is None:
            missing += 1
        else:
            held.append(one)
    return (*_counts(bins.edges, held, within), missing)


def reference(
    rows: Sequence[Sequence[float | None]],
    scores: Mapping[str, Sequence[float]],
    segments: Mapping[str, Mapping[str, int]],
    read: Collection[str] | None = None,
) -> Reference:
    """What to keep with models that were learned of these rows (in the order of ``features()``) and say this of them.

    ``segments``: segmentation → segment → people in it. ``read``: the features that they read; None is all.
    """
    return Reference(
        features_version=FEATURES_VERSION,
        people=len(rows),
        features={
            one.id: binned(row[place] for row in rows)
            for place, one in enumerate(features())
            if read is None or one.id in read
        },
        scores={id_: binned(values, SAME_ANSWER) for id_, values in scores.items()},
        segments={id_: dict(counts) for id_, counts in segments.items()},
    )


def _counts(edges: Sequence[float], values: Iterable[float], within: float) -> list[int]:
    counts = [0] * (len(edges) + 1)
    reaches = [one + _slack(one, within) for one in edges]
    for one in values:
        counts[bisect_left(reaches, one)] += 1
    return counts


def _apart(edges: Sequence[float], within: float) -> tuple[float, ...]:
    """The edges that are far enough from the one below to be told from it."""
    kept = list[float]()
    for one in edges:
        if not kept or one - kept[-1] > _slack(kept[-1], within):
            kept.append(one)
    return tuple(kept)


def _slack(edge: float, within: float) -> float:
    """By how much a value may exceed an edge and still count as it: this share of it, and of 0.5 at least."""
    return within * max(abs(edge), 0.5)
