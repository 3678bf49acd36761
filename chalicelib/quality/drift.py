"""Whether the values of a field lie where they used to: the population stability index, PSI.

The index, its rule of thumb (0.25 is a shift) and what of it may be chance are those of ``segments.psi``, where the
sources stand. A field drifts where its PSI is beyond the rule of thumb, beyond chance, and beyond what its own days show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.segments.psi import chance, psi_of_counts

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
    by_chance = chance(n, m, len(bins) + 1)
    enough = [day for day in days if sum(day.values()) >= LEAST_RECENT]
    own = max((psi(_binned(day, bins), _binned(usual, bins)) for day in enough), default=0.0)
    threshold = max(SHIFT, by_chance, BEYOND_OWN * own)
    return Drift(round(index, 4), round(threshold, 4), n, m, index >= (LEAVE * threshold if drifted else threshold))


def psi(recent: Histogram, usual: Histogram) -> float:
    """The index of two histograms. Half a value is added to each bin, so that an empty one is not infinitely far."""
    bins = sorted(recent.keys() | usual.keys())
    return psi_of_counts([usual.get(one, 0) for one in bins], [recent.get(one, 0) for one in bins])


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
