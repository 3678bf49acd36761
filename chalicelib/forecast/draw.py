"""Arrivals drawn from a forecast: what one possible fortnight would bring. The dice are passed in; equal dice give equal arrivals."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from math import exp, log1p, sqrt
from random import Random

import msgspec

from chalicelib.forecast.outlook import Outlook
from chalicelib.forecast.series import SLOT_MS
from chalicelib.kernel.moments import Millis

_MILLI = 1_000
_MOST_AT_ONCE = 200.0


class Expected(msgspec.Struct, frozen=True, array_like=True):
    """What is drawn from, small enough to keep: the means of half hours from ``first`` on in thousandths, and how sure they are.

    ``ahead``: how many days ahead each is.
    """

    first: int
    milli: tuple[int, ...]
    ahead: tuple[int, ...]
    dispersion: float
    day_spreads: tuple[float, float]


def expected(outlook: Outlook) -> Expected:
    """What is kept of a forecast to draw from."""
    slots, spread = outlook.slots, outlook.spread
    return Expected(
        slots[0].slot if slots else 0,
        tuple(round(one.mean * _MILLI) for one in slots),
        tuple(one.ahead for one in slots),
        spread.dispersion,
        spread.day_spreads,
    )


def arrivals(given: Expected, dice: Random) -> list[Millis]:
    """Instants of arrival in order. Half of a day's error is the whole fortnight's, as a level that is forecast wrongly stays wrong."""
    whole = dice.gauss(0, 1)
    found: list[Millis] = []
    for ahead, slots in groupby(enumerate(given.milli), key=lambda one: given.ahead[one[0]]):
        away = (whole + dice.gauss(0, 1)) / sqrt(2)
        factor = _factor(given.day_spreads[ahead > 7], away)
        found += _of_day(given, slots, factor, dice)
    return found


def _of_day(given: Expected, slots: Iterable[tuple[int, int]], factor: float, dice: Random) -> list[Millis]:
    found: list[Millis] = []
    for number, milli in slots:
        begins = (given.first + number) * SLOT_MS
        many = scattered(milli / _MILLI * factor, given.dispersion, dice)
        found += sorted(begins + dice.randrange(SLOT_MS) for _ in range(many))
    return found


def _factor(spread: float, away: float) -> float:
    """Log-normal with mean 1 and this coefficient of variation."""
    variance = log1p(spread**2)
    return exp(away * sqrt(variance) - variance / 2)


def scattered(mean: float, dispersion: float, dice: Random) -> int:
    """A negative binomial count of variance ÷ mean ``dispersion``: a Poisson's whose mean is drawn from a gamma distribution."""
    if mean <= 0:
        return 0
    return poisson(dice.gammavariate(mean / (dispersion - 1), dispersion - 1) if dispersion > 1 else mean, dice)


def poisson(mean: float, dice: Random) -> int:
    """By the times between arrivals (Knuth), in steps that do not underflow."""
    many = 0
    while mean > 0:
        step = min(mean, _MOST_AT_ONCE)
        mean, least, product = mean - step, exp(-step), dice.random()
        while product > least:
            many += 1
            product *= dice.random()
    return many
