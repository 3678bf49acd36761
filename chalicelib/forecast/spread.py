"""Bounds about a mean count: wider where counts scatter more than a Poisson's, and farther ahead; set by past errors.

A count's error is measured in spreads on the scale of square roots, where a Poisson's variance is about constant (Anscombe,
Biometrika 35, 1948). The variance of a count with mean m, h days ahead, is taken as d·m + (m·s(h))²: a negative binomial's, d for scatter about the
day and s(h) for the day's own error. Bounds are quantiles of the measured errors of past forecasts (split conformal
prediction: Vovk, Gammerman, Shafer 2005; Lei et al., JASA 113, 2018), so that they hold as often as they say as far as the future errs like the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, sqrt
from statistics import NormalDist, median

import msgspec

LEVELS = (0.80, 0.95)
_ADDED = 0.375
_LEAST_MEAN = 1e-3
"""Below this a half hour is closed: nothing comes, nothing is likely to."""
_LEAST_ERRORS = 300
"""Fewer errors tell no quantiles: a normal distribution's are taken, half as wide again."""
_UNSURE = 1.5
USUAL_DAY_SPREAD = 0.15
"""Of a day's count about its forecast, where no past forecast can say."""


class Error(msgspec.Struct, frozen=True, array_like=True):
    """One past forecast of a half hour: how many days ahead it was, its mean, and what came."""

    ahead: int
    mean: float
    count: int


class Spread(msgspec.Struct, frozen=True):
    """How counts lie about their means. ``quantiles``: (low, high) in spreads for each of ``LEVELS``."""

    dispersion: float
    day_spreads: tuple[float, float]
    quantiles: tuple[tuple[float, float], ...]
    is_measured: bool

    def variance(self, mean: float, ahead: int) -> float:
        """Of a count with this mean, so many days ahead."""
        return self.dispersion * mean + (mean * self.day_spreads[ahead > 7]) ** 2

    def bounds(self, mean: float, ahead: int) -> tuple[tuple[float, float], ...]:
        """(low, high) for each of ``LEVELS``; the mean is always between them."""
        if mean < _LEAST_MEAN:
            return ((0.0, mean),) * len(self.quantiles)
        root, wide = sqrt(mean + _ADDED), self._wide(mean, ahead)
        found = []
        for low, high in self.quantiles:
            found.append((min(mean, _square(root + low * wide)), max(mean, _square(root + high * wide))))
        return tuple(found)

    def _wide(self, mean: float, ahead: int) -> float:
        return sqrt(self.variance(mean, ahead) / (mean + _ADDED)) / 2

    def measure(self, error: Error) -> float:
        """An error in spreads."""
        return (sqrt(error.count + _ADDED) - sqrt(error.mean + _ADDED)) / self._wide(error.mean, error.ahead)


def spread_of(errors: Sequence[Error], days: Sequence[Error], dispersion: float) -> Spread:
    """The spread that past errors of half hours and of whole days tell.

    ``dispersion`` is how half hours scatter about their share of the day.
    """
    told = [one for one in errors if one.mean >= _LEAST_MEAN]
    near, far = (_day_spread([one for one in days if (one.ahead > 7) == is_far]) for is_far in (False, True))
    near = near if near is not None else USUAL_DAY_SPREAD
    far = max(near, far) if far is not None else near * sqrt(2)
    bare = Spread(dispersion, (near, far), _normal(_UNSURE), is_measured=False)
    if len(told) < _LEAST_ERRORS:
        return bare
    measured = sorted(bare.measure(one) for one in told)
    quantiles = tuple((_quantile(measured, (1 - level) / 2), _quantile(measured, (1 + level) / 2)) for level in LEVELS)
    return msgspec.structs.replace(bare, quantiles=quantiles, is_measured=True)


def covered(counts: Iterable[tuple[Error, tuple[float, float]]]) -> float:
    """The share of counts within their bounds, of half hours in which anything is likely to come."""
    told = [low <= one.count <= high for one, (low, high) in counts if one.mean >= _LEAST_MEAN]
    return sum(told) / len(told) if told else 0.0


def _normal(wider: float) -> tuple[tuple[float, float], ...]:
    ends = [NormalDist().inv_cdf((1 + level) / 2) * wider for level in LEVELS]
    return tuple((-one, one) for one in ends)


def _day_spread(days: Sequence[Error]) -> float | None:
    """The median error of whole days, as a share; None where too few are known."""
    away = [abs(one.count - one.mean) / one.mean for one in days if one.mean >= 1]
    return 1.4826 * median(away) if len(away) >= 7 else None


def _quantile(measured: Sequence[float], share: float) -> float:
    """Between the two nearest; the finite-sample correction is far below the errors' own dependence."""
    at = share * (len(measured) - 1)
    low = floor(at)
    high = min(low + 1, len(measured) - 1)
    return measured[low] + (at - low) * (measured[high] - measured[low])


def _square(root: float) -> float:
    return max(0.0, max(0.0, root) ** 2 - _ADDED)
