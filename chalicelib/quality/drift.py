"""Whether the values of a field lie where they used to: the population stability index, PSI.

    PSI = Σ over bins (a - e) · ln(a ÷ e),   a, e: the bin's share of the recent and of the usual values

It is the symmetric Kullback-Leibler divergence of credit scoring (N. Siddiqi, Credit Risk Scorecards, 2006, chapter 6),
whose rule of thumb calls 0.25 a shift. Between two samples of n and m values of one distribution with B bins it is
about (1/n + 1/m) · χ²(B - 1) (B. Yurdakul and J. Naranjo, Statistical properties of the population stability index,
Journal of Risk Model Validation 14/4, 2020): with few values it is large by chance alone. So a field drifts where its
PSI is beyond the rule of thumb, beyond chance, and beyond what its own days show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log, sqrt

import msgspec

SHIFT = 0.25
"""The rule of thumb."""
LEAST_RECENT, LEAST_USUAL = 100, 500
"""Values below which nothing is said."""
BEYOND_OWN = 1.5
"""How much further than on the least usual of its own days the values must lie."""
LEAVE = 0.6
"""A field that drifts does so until its PSI is below this share of what it took to be called so."""
_RARE = 0.01
"""Bins with a smaller share of the usual values are one bin."""
_REST = "(rest)"
_Z = 4.0
"""One in thirty thousand by chance."""

type Histogram = Mapping[str, int]
"""Bin → values in it."""


class Drift(msgspec.Struct, frozen=True):
    """One field: its PSI, what it takes to be a drift, and how many values were compared."""

    psi: float
    threshold: float
    recent: int
    usual: int
    drifts: bool


def drift(recent: Histogram, usual_days: Iterable[Histogram], *, drifted: bool = False) -> Drift | None:
    """How far recent values lie from the usual ones; None where there are too few. ``drifted``: it drifts already."""
    days = list(usual_days)
    usual = summed(days)
    n, m = sum(recent.values()), sum(usual.values())
    if n < LEAST_RECENT or m < LEAST_USUAL:
        return None
    bins = _bins(usual)
    index = psi(_binned(recent, bins), _binned(usual, bins))
    chance = (1 / n + 1 / m) * _chi_squared(max(1, len(bins)))
    enough = [day for day in days if sum(day.values()) >= LEAST_RECENT]
    own = max((psi(_binned(day, bins), _binned(usual, bins)) for day in enough), default=0.0)
    threshold = max(SHIFT, chance, BEYOND_OWN * own)
    return Drift(round(index, 4), round(threshold, 4), n, m, index >= (LEAVE * threshold if drifted else threshold))


def psi(recent: Histogram, usual: Histogram) -> float:
    """The index of two histograms. Half a value is added to each bin, so that an empty one is not infinitely far."""
    bins = recent.keys() | usual.keys()
    n, m = sum(recent.values()) + len(bins) / 2, sum(usual.values()) + len(bins) / 2
    if not bins:
        return 0.0
    shares = (((recent.get(one, 0) + 0.5) / n, (usual.get(one, 0) + 0.5) / m) for one in bins)
    return sum((a - e) * log(a / e) for a, e in shares)


def summed(histograms: Iterable[Histogram]) -> dict[str, int]:
    """All of them in one."""
    whole: dict[str, int] = {}
    for one in histograms:
        for name, count in one.items():
            whole[name] = whole.get(name, 0) + count
    return whole


def _bins(usual: Histogram) -> frozenset[str]:
    total = sum(usual.values())
    return frozenset(name for name, count in usual.items() if count >= _RARE * total)


def _binned(values: Histogram, bins: frozenset[str]) -> dict[str, int]:
    binned = dict.fromkeys(bins, 0)
    rest = 0
    for name, count in values.items():
        if name in bins:
            binned[name] = count
        else:
            rest += count
    return binned | {_REST: rest}


def _chi_squared(freedom: int) -> float:
    """The value that χ² exceeds by chance as a normal one exceeds ``_Z`` (Wilson and Hilferty, 1931)."""
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + _Z * sqrt(part)) ** 3)
