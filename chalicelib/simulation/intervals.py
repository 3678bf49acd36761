"""How sure a figure of several runs is: bootstrap intervals of their mean, by dice that are passed in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

DRAWS = 1_000
TAIL = 0.025


class Interval(msgspec.Struct, frozen=True):
    """The mean of several runs, and bounds that hold the true mean 19 times of 20."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], dice: Random) -> Interval:
    """The mean with its percentile bootstrap interval: means of runs drawn anew, with replacement."""
    many = len(values)
    means = sorted(sum(dice.choices(values, k=many)) / many for _ in range(DRAWS))
    return Interval(sum(values) / many, means[int(TAIL * DRAWS)], means[int((1 - TAIL) * DRAWS) - 1])


def difference(before: Sequence[float], after: Sequence[float], dice: Random) -> Interval:
    """By how much the second of each pair is more. Pairs that share their chances differ by the change alone."""
    return interval([new - old for old, new in zip(before, after, strict=True)], dice)
