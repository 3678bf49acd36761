"""Forecasts of fortnights that nothing has seen, against what came: ours, both yardsticks, and two that must fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.forecast.outlook import Slot, outlook
from chalicelib.forecast.rolling import HORIZON_DAYS
from chalicelib.forecast.series import SLOTS_A_DAY, SLOTS_A_WEEK, Day, Place, Series, series_of
from chalicelib.forecast.yardsticks import seasonal_naive, slot_mean
from infra.forecast.invented import DAYS, WORLDS, invent

LEARNT_DAYS = 91
OURS, NAIVE, MEAN, TRUTH, NO_WEEKDAY = "Zhiyin", "last week again", "weekday's mean", "the truth itself", "no weekday"
_CLOSED = 1e-3


class Trial(msgspec.Struct, frozen=True):
    """One fortnight: sums of absolute errors by forecaster, of counts, and the scale of MASE; hits of bounds of 80% and 95%.

    ``halved``: the same hits of bounds half as wide. ``scale``: the mean change from one week to the next in what was learnt from.
    """

    away: dict[str, float]
    count: int
    slots: int
    scale: float
    told: int
    hits: tuple[int, int]
    halved: tuple[int, int]
    method: str


def trial(series: Series, day: int, means: Mapping[int, float] | None = None) -> Trial:
    """Forecast the fortnight from a local day on by the weeks before it. ``means``: the true ones, where they are known."""
    past, ahead, counts = cut(series, day)
    found = outlook(past, past.first + len(past.counts), HORIZON_DAYS, "UTC")
    slots = found.slots[: len(counts)]
    others = {NAIVE: seasonal_naive(past, ahead), MEAN: slot_mean(past, ahead), NO_WEEKDAY: no_weekday(past, ahead)}
    if means is not None:
        others[TRUTH] = [means[one.slot] for one in slots]
    told = {OURS: [one.mean for one in slots], **others}
    open_ = [(one, count) for one, count in zip(slots, counts, strict=True) if one.mean >= _CLOSED]
    weeks = zip(past.counts, past.counts[SLOTS_A_WEEK:], strict=False)
    return Trial(
        away={name: sum(abs(a - b) for a, b in zip(one, counts, strict=True)) for name, one in told.items()},
        count=sum(counts),
        slots=len(counts),
        scale=sum(abs(after - before) for before, after in weeks) / (len(past.counts) - SLOTS_A_WEEK),
        told=len(open_),
        hits=_hits(open_, 1.0),
        halved=_hits(open_, 0.5),
        method=found.method,
    )


def cut(series: Series, day: int) -> tuple[Series, tuple[Place, ...], tuple[int, ...]]:
    """What is learnt from, the fortnight's places, and what came in it."""
    days = [one for one in series.until(day).days if one.day >= day - LEARNT_DAYS]
    begins, ends = days[0].begins, days[-1].ends
    whole = tuple(Day(one.day, one.weekday, one.begins - begins, one.ends - begins) for one in days)
    past = Series(series.first + begins, series.counts[begins:ends], series.places[begins:ends], whole)
    after = ends + HORIZON_DAYS * SLOTS_A_DAY
    return past, series.places[ends:after], series.counts[ends:after]


def no_weekday(past: Series, ahead: Sequence[Place]) -> list[float]:
    """The control: each half hour as the mean of all days', whatever the weekday."""
    halves: list[list[int]] = [[] for _ in range(SLOTS_A_DAY)]
    for place, count in zip(past.places, past.counts, strict=True):
        halves[place.place % SLOTS_A_DAY].append(count)
    return [sum(halves[one.place % SLOTS_A_DAY]) / len(halves[one.place % SLOTS_A_DAY]) for one in ahead]


def fortnights(series: Series, apart: int) -> list[int]:
    """The days on which a forecast is tried: whole fortnights after what is learnt from."""
    first, last = series.days[0].day + LEARNT_DAYS, series.days[-1].day + 1
    return list(range(first, last - HORIZON_DAYS + 1, apart))


def invented_trials(named: tuple[str, int]) -> list[Trial]:
    """The three fortnights after the first thirteen weeks of a world and seed."""
    world, seed = named
    made = invent(WORLDS[world], seed)
    days = series_of_invented(made.counts, made.first)
    return [trial(days, day, made.means) for day in fortnights(days, HORIZON_DAYS)]


def series_of_invented(counts: Mapping[int, int], first: int) -> Series:
    """An invented series, in UTC."""
    return series_of(counts, first, first + DAYS * SLOTS_A_DAY - 1, "UTC")


def _hits(told: Sequence[tuple[Slot, int]], wide: float) -> tuple[int, int]:
    def within(one: Slot, low: float, high: float, count: int) -> bool:
        return one.mean + wide * (low - one.mean) <= count <= one.mean + wide * (high - one.mean)

    return (
        sum(within(one, one.low, one.high, count) for one, count in told),
        sum(within(one, one.low_95, one.high_95, count) for one, count in told),
    )
