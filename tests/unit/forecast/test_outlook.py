"""The forecast of a queue: what holds of every past, and what it makes of pasts whose next weeks are known."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.forecast.methods import METHODS, VARIANTS, YARDSTICKS
from chalicelib.forecast.outlook import Outlook, outlook
from chalicelib.forecast.rolling import choice, trials_of, wapes
from chalicelib.forecast.series import SLOTS_A_DAY, SLOTS_A_WEEK
from tests.unit.forecast.worlds import FIRST, counts_of, mean_at, past_of


def look(counts: dict[int, int], days: int, ahead: int = 14) -> Outlook:
    return outlook(past_of(counts, days), FIRST + days * SLOTS_A_DAY, ahead, "UTC")


def wape(found: Outlook, days: int, factor: float = 1.0) -> float:
    """Against the true means."""
    true = [factor * mean_at(days + at // SLOTS_A_DAY, at % SLOTS_A_DAY) for at in range(len(found.slots))]
    return sum(abs(one.mean - mean) for one, mean in zip(found.slots, true, strict=True)) / sum(true)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=24, max_size=24), st.integers(14, 24), st.randoms(use_true_random=False))
def test_outlook__any_past__has_ordered_bounds_and_nothing_below_zero(
    shape: list[int], days: int, dice: Random
) -> None:
    """Whatever came: 0 ≤ low_95 ≤ low ≤ mean ≤ high ≤ high_95, and the order in which counts are given changes no byte."""
    counts = {FIRST + at: dice.randint(0, shape[at // 2 % 24]) for at in range(days * SLOTS_A_DAY)}
    found = look(counts, days)
    for one in found.slots:
        assert 0 <= one.low_95 <= one.low <= one.mean <= one.high <= one.high_95
    rows = list(counts.items())
    dice.shuffle(rows)
    assert msgspec.json.encode(look(dict(rows), days)) == msgspec.json.encode(found)


def test_outlook__ten_times_the_counts__is_ten_times_the_mean() -> None:
    """A past without noise, scaled, gives the forecast scaled."""
    one, ten = (look(counts_of(42, volume), 42) for volume in (20.0, 200.0))
    for small, large in zip(one.slots, ten.slots, strict=True):
        assert large.mean == pytest.approx(10 * small.mean, rel=0.02, abs=0.02)


def test_outlook__noise_about_a_week__finds_the_week() -> None:
    """After ten weeks of counts means are within a twentieth of the true ones, bounds hold, and nights are shut."""
    found = look(counts_of(70, seed=3), 70)
    assert found.confidence == "usual" and wape(found, 70) < 0.05
    assert found.checked.coverage is not None
    assert found.checked.coverage[0] == pytest.approx(0.80, abs=0.07)
    assert found.checked.coverage[1] == pytest.approx(0.95, abs=0.04)
    assert {one.mean for one in found.slots if one.slot % SLOTS_A_DAY < 16} == {0.0}


def test_outlook__storms_and_holidays__move_it_little() -> None:
    """Two days of nothing and some half hours tenfold: the weeks after are forecast about as before; a weekday's mean is not."""
    counts = counts_of(70, seed=4)
    for day in (50, 65):
        counts |= {FIRST + day * SLOTS_A_DAY + half: 0 for half in range(SLOTS_A_DAY)}
    for day in range(40, 70, 5):
        counts[FIRST + day * SLOTS_A_DAY + 20] *= 10
    found = look(counts, 70)
    assert found.odd_days >= 2 and wape(found, 70) < 0.06
    past = past_of(counts, 70)
    ahead = past.places[-SLOTS_A_WEEK:]
    means = YARDSTICKS["slot_mean"](past, ahead)
    true = [mean_at(at // SLOTS_A_DAY, at % SLOTS_A_DAY) for at in range(SLOTS_A_WEEK)]
    assert sum(abs(one - mean) for one, mean in zip(means, true, strict=True)) / sum(true) > 0.06


def test_outlook__level_that_moved__is_followed() -> None:
    """Ten days after contacts doubled the forecast is of twice as many; the weekday's mean is far below."""
    counts = counts_of(70, seed=5)
    counts |= {slot: 2 * count for slot, count in counts.items() if slot >= FIRST + 60 * SLOTS_A_DAY}
    found = look(counts, 70)
    assert wape(found, 70, 2.0) < 0.1
    past = past_of(counts, 70)
    assert sum(YARDSTICKS["slot_mean"](past, past.places[-SLOTS_A_WEEK:])) < 0.7 * sum(past.counts[-SLOTS_A_WEEK:])


@pytest.mark.parametrize(("days", "confidence"), [(0, "none"), (13, "none"), (14, "low"), (30, "low"), (70, "usual")])
def test_outlook__little_history__says_so(days: int, confidence: str) -> None:
    """Below two weeks nothing is forecast, below six confidence is low."""
    found = look(counts_of(days, seed=6), days)
    assert found.confidence == confidence and bool(found.slots) == (confidence != "none")


def test_outlook__two_weeks__has_wider_bounds_than_ten() -> None:
    """Where no past forecast can be measured bounds are wider."""
    few, many = (look(counts_of(days, seed=7), days) for days in (14, 70))
    wide = [sum(one.high - one.low for one in found.slots) for found in (few, many)]
    assert wide[0] > 1.3 * wide[1] and few.checked.coverage is None and not few.spread.is_measured


def test_outlook__hardly_any_contacts__is_none() -> None:
    """Ten contacts in ten weeks tell nothing."""
    assert look({FIRST + 7 * SLOTS_A_DAY * week: 1 for week in range(10)}, 70).confidence == "none"


@pytest.mark.parametrize("days", [0, 15])
def test_outlook__of_more_days_than_were_measured__is_refused(days: int) -> None:
    """Errors of a third week are not known."""
    with pytest.raises(ValueError, match="14 days"):
        look({}, 14, days)


def test_choice__is_of_what_had_come() -> None:
    """Before any forecast came true it is the usual method; later the one of least error, by what was over alone."""
    trials = trials_of(past_of(counts_of(70, seed=8), 70))
    assert choice(trials, trials[0].day) == "level" and not wapes(trials, trials[0].day)
    errors = wapes(trials, trials[-1].day + 7)
    assert errors.keys() == set(METHODS) and choice(trials, trials[-1].day + 7) in VARIANTS
    early = [msgspec.structs.replace(one, counts=tuple(9 * count for count in one.counts)) for one in trials[-1:]]
    assert choice([*trials[:-1], *early], trials[-1].day) == choice(trials, trials[-1].day)


def test_outlook__summer_time__moves_the_hours_with_the_clocks() -> None:
    """Who opens at 8 by Berlin's clocks opens at 7 UTC in winter and at 6 in summer, on both sides of 29 March."""
    zone, days = "Europe/Berlin", 70
    counts = {}
    for day in range(days):
        for half in range(SLOTS_A_DAY):
            summer = 2 if day >= 76 else 0
            counts[FIRST + day * SLOTS_A_DAY + half - 2 - summer] = round(mean_at(day, half))
    past = past_of(counts, days, zone)
    found = outlook(past, FIRST + days * SLOTS_A_DAY, 14, zone)
    opened = {one.slot // SLOTS_A_DAY: one.slot % SLOTS_A_DAY for one in reversed(found.slots) if one.mean > 0.5}
    by_day = [opened[day] for day in sorted(opened)][1:-1]
    assert set(by_day[:4]) == {14} and set(by_day[-4:]) == {12}
