"""The forecast of a queue: a mean and bounds for each half hour, how it was made, and how such forecasts went."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.forecast.methods import forecasts
from chalicelib.forecast.pattern import pattern_of
from chalicelib.forecast.rolling import HORIZON_DAYS, LEAST_DAYS, Checked, checked, choice, spread_until, trials_of
from chalicelib.forecast.series import SLOTS_A_DAY, Series, places_of
from chalicelib.forecast.spread import Spread

type Confidence = Literal["none", "low", "usual"]
"""None: too little is known, and nothing is forecast. Low: less than six weeks are; bounds are wide or rest on few errors."""

LEAST_CONTACTS = 50
USUAL_DAYS = 42


class Slot(msgspec.Struct, frozen=True):
    """One half hour: its number since the epoch, days ahead of the last whole day, the mean, and bounds for 80% and 95%."""

    slot: int
    ahead: int
    mean: float
    low: float
    high: float
    low_95: float
    high_95: float


class Outlook(msgspec.Struct, frozen=True):
    """A forecast. ``days``: whole days that it was learnt from; ``odd_days``: those that were too far out to tell of the week's shape."""

    confidence: Confidence
    method: str
    days: int
    contacts: int
    odd_days: int
    slots: tuple[Slot, ...]
    spread: Spread
    checked: Checked


NO_SPREAD = Spread(1.0, (0.0, 0.0), (), is_measured=False)


def outlook(past: Series, first: int, days: int, timezone: str) -> Outlook:
    """The half hours of the days from the slot ``first`` on, at most 14 days. Equal pasts give equal forecasts.

    Raises ValueError for more days: errors of more have not been measured.
    """
    if not 1 <= days <= HORIZON_DAYS:
        raise ValueError(f"A forecast has 1 to {HORIZON_DAYS} days.")
    contacts = sum(past.counts)
    if len(past.days) < LEAST_DAYS or contacts < LEAST_CONTACTS:
        return Outlook("none", "", len(past.days), contacts, 0, (), NO_SPREAD, checked(()))
    ahead = places_of(first, first + days * SLOTS_A_DAY - 1, timezone)
    trials, last = trials_of(past), past.days[-1].day
    name, pattern = choice(trials, last + 1), pattern_of(past, None)
    spread = spread_until(trials, last + 1, name, pattern.dispersion)
    slots = []
    for number, (place, mean) in enumerate(zip(ahead, forecasts(past, ahead)[name], strict=True)):
        far = max(1, place.day - last)
        (low, high), (low_95, high_95) = spread.bounds(mean, far)
        slots.append(Slot(first + number, far, mean, low, high, min(low, low_95), max(high, high_95)))
    return Outlook(
        "usual" if len(past.days) >= USUAL_DAYS and spread.is_measured else "low",
        name,
        len(past.days),
        contacts,
        sum(not one for one in pattern.usual),
        tuple(slots),
        spread,
        checked(trials),
    )
