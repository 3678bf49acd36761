"""Series of contacts whose structure is known: every half hour's true mean, and a count drawn about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

import msgspec

from chalicelib.forecast.draw import scattered
from chalicelib.forecast.series import SLOTS_A_DAY

DAYS = 133
"""Thirteen weeks to learn from at the first test, and six weeks of tests."""
MONDAY = 20_465
"""The day since the epoch on which every series begins: 2026-01-12."""


class World(msgspec.Struct, frozen=True):
    """A kind of series. ``volume``: contacts on a mean day, from and to; the rest is how much of each thing there is.

    ``growth``: by how much the level grows over the whole, as a share. ``shift``: by how much it moves at once, once. ``day_noise``: spread of the logarithm of
    a day's level, which lasts by a half to the next day. ``dispersion``: variance ÷ mean of a half hour. ``holidays``, ``storms``, ``outages``: how
    many days at a third, half hours at six times, and spells of four hours at nothing.
    """

    says: str
    volume: tuple[int, int] = (300, 3_000)
    growth: float = 0.0
    shift: float = 0.0
    day_noise: float = 0.06
    dispersion: float = 1.5
    holidays: int = 0
    storms: int = 0
    outages: int = 0


WORLDS: Mapping[str, World] = {
    "everything": World(
        "trend, week, day, noise, holidays, storms, outages and a level shift",
        growth=0.4,
        shift=0.3,
        holidays=5,
        storms=8,
        outages=2,
    ),
    "steady": World("week, day and noise alone"),
    "trend": World("grows by 60% over the whole", growth=0.6),
    "shift": World("moves up or down by 40% at once", shift=0.4),
    "odd_days": World("holidays, storms and outages", holidays=6, storms=12, outages=3),
    "quiet": World("a queue of 20 to 80 contacts a day", volume=(20, 80), dispersion=1.2),
}


class Invented(msgspec.Struct, frozen=True):
    """A series: slot since the epoch → count, and the true means without holidays, storms and outages."""

    counts: dict[int, int]
    means: dict[int, float]
    first: int


def invent(world: World, seed: int) -> Invented:
    """A series of a kind. Equal seeds give equal series."""
    dice = Random(f"forecast/{seed}")  # noqa: S311 - repeatable, not secret
    volume = dice.uniform(*world.volume)
    weekdays = [dice.uniform(0.9, 1.15) for _ in range(5)] + [dice.uniform(0.45, 0.7), dice.uniform(0.25, 0.5)]
    shapes = [_shape(dice, weekend=weekday >= 5) for weekday in range(7)]
    shift_day, shift = dice.randrange(60, 110), 1 + world.shift * dice.choice((1, -1))
    growth = world.growth * dice.choice((1, -0.5))
    odd = {day: dice.uniform(0.25, 0.45) for day in dice.sample(range(DAYS), world.holidays)}
    away, first = 0.0, MONDAY * SLOTS_A_DAY
    found = Invented({}, {}, first)
    for day in range(DAYS):
        away = 0.5 * away + dice.gauss(0, world.day_noise * math.sqrt(0.75))
        level = volume * (1 + growth * day / DAYS) * (shift if day >= shift_day else 1.0)
        for half, share in enumerate(shapes[day % 7]):
            slot, mean = first + day * SLOTS_A_DAY + half, level * weekdays[day % 7] * share
            found.means[slot] = mean
            found.counts[slot] = scattered(mean * math.exp(away) * odd.get(day, 1.0), world.dispersion, dice)
    _disturb(found, world, dice)
    return found


def _disturb(found: Invented, world: World, dice: Random) -> None:
    for _ in range(world.storms):
        slot = found.first + dice.randrange(DAYS * SLOTS_A_DAY)
        found.counts[slot] *= 6
    for _ in range(world.outages):
        start = found.first + dice.randrange(DAYS) * SLOTS_A_DAY + dice.randrange(16, 32)
        for slot in range(start, start + 8):
            found.counts[slot] = 0


def _shape(dice: Random, *, weekend: bool) -> list[float]:
    """Two humps by day, their heights and places the weekday's own; shut from midnight to 7 at the week's end."""
    first, second = (11.0, 16.5) if weekend else (10.0, 15.0)
    first, second = first + dice.uniform(-0.4, 0.4), second + dice.uniform(-0.4, 0.4)
    height = dice.uniform(0.6, 0.9)
    humps = []
    for half in range(SLOTS_A_DAY):
        hour = half / 2 + 0.25
        hump = math.exp(-(((hour - first) / 1.6) ** 2)) + height * math.exp(-(((hour - second) / 2.4) ** 2)) + 0.03
        humps.append(0.0 if weekend and hour < 7 else hump)
    return [one / sum(humps) for one in humps]
