"""Silence is judged by a source's own week: found when it is one, and not found in nights, weekends and bursts."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from chalicelib.quality.silence import HEARD_HOURS, HOURS_OF_WEEK, silence

START = 2_857 * HOURS_OF_WEEK
"""The first hour of a Thursday, as the epoch was; the fifth and sixth hour of days are made weekends here."""
DAYS = 70

type Shape = Callable[[int], float]


def office(hour: int) -> float:
    """Nine to six on five days."""
    return float((hour // 24) % 7 < 5 and 9 <= hour % 24 < 18)


def shop(hour: int) -> float:
    """Hardly anything at night."""
    return 0.02 if hour % 24 < 7 else 1.0


def nightly(hour: int) -> float:
    """One export a day."""
    return float(hour % 24 == 3)


def steady(hour: int) -> float:
    """All the same."""
    return 1.0


def events(draw: random.Random, mean: float) -> int:
    """A Poisson draw."""
    if mean > 30:
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    left, count = math.exp(-mean), 0
    chance = draw.random()
    while chance > left:
        chance *= draw.random()
        count += 1
    return count


def life(shape: Shape, per_hour: float, seed: int, out: range = range(0)) -> dict[int, int]:
    draw = random.Random(f"{shape.__name__}/{per_hour}/{seed}")
    hours = range(START, START + DAYS * 24)
    drawn = {hour: events(draw, per_hour * shape(hour)) for hour in hours}
    return {hour: count for hour, count in drawn.items() if count and hour not in out}


def watched(arrivals: dict[int, int], *, every: int = 1) -> list[tuple[int, str]]:
    """What an hourly judge says on the way: (hour, what it turned to)."""
    said: list[tuple[int, str]] = []
    silent_from: int | None = None
    past: list[range] = []
    for hour in range(START, START + DAYS * 24, every):
        known = {one: count for one, count in arrivals.items() if one <= hour}
        found = silence(known, hour, past, was_silent_from=silent_from)
        if found is None or found.silent == (silent_from is not None):
            continue
        if found.silent:
            silent_from = found.last_hour + 1
        elif silent_from is not None:
            past.append(range(silent_from, hour + 1))
            silent_from = None
        said.append((hour, "silent" if silent_from is not None else "well"))
    return said


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("per_hour", [0.05, 0.3, 2, 40])
@pytest.mark.parametrize("shape", [office, shop, nightly, steady])
def test_silence__of_a_source_that_is_well__is_never_said(shape: Shape, per_hour: float, seed: int) -> None:
    """Negative control: ten weeks of nights, weekends and thin days, judged every two hours, without one false alarm."""
    assert watched(life(shape, per_hour, seed), every=2) == []


@pytest.mark.parametrize(
    ("shape", "per_hour", "within_hours"),
    [
        (office, 40, 30),
        (office, 2, 40),
        (shop, 2, 24),
        (shop, 0.3, 72),
        (steady, 40, 8),
        (steady, 2, 12),
        (steady, 0.3, 72),
    ],
)
def test_silence__for_a_week__is_found_in_time_and_ends_by_itself(
    shape: Shape, per_hour: float, within_hours: int
) -> None:
    """Found soon after the source's own rhythm would have broken it, once, and over soon after it sends again."""
    out = range(START + 50 * 24, START + 57 * 24)
    (found, first), (ended, second) = watched(life(shape, per_hour, 1, out))
    assert (first, second) == ("silent", "well")
    assert out.start < found <= out.start + within_hours
    assert out.stop <= ended <= out.stop + 24


def test_silence__one_event_in_between__does_not_end_it() -> None:
    """A broken source that coughs once is silent still; two hours of sending end it."""
    out = range(START + 50 * 24, START + 57 * 24)
    arrivals = life(steady, 40, 1, out) | {out.start + 80: 1}
    assert [what for _, what in watched(arrivals)] == ["silent", "well"]


def test_silence__an_earlier_one__does_not_become_usual() -> None:
    """The hours of a known silence count for nothing, so that the next one is found as soon."""
    first = range(START + 35 * 24, START + 40 * 24)
    second = range(START + 55 * 24, START + 58 * 24)
    arrivals = {hour: count for hour, count in life(shop, 2, 1).items() if hour not in first and hour not in second}
    said = watched(arrivals)
    assert [what for _, what in said] == ["silent", "well"] * 2
    assert said[2][0] <= second.start + 24


def test_silence__of_a_young_source__needs_three_days() -> None:
    """Without a usual week nothing but a long gap is a silence: not its first weekend."""
    arrivals = {hour: 9 for hour in range(START, START + 5 * 24) if office(hour)}
    last = max(arrivals)
    assert [silence(arrivals, last + gap).silent for gap in (24, 62, 71)] == [False] * 3  # type: ignore[union-attr]
    assert silence(arrivals, last + 73).silent  # type: ignore[union-attr]


def test_silence__of_a_source_hardly_heard__cannot_be_said() -> None:
    """A dozen hours are the least that show a rhythm."""
    arrivals = dict.fromkeys(range(START, START + HEARD_HOURS - 1), 1)
    assert silence({}, START) is None and silence(arrivals, START + 5_000) is None


def test_silence__burst_source_mutant__is_caught_by_its_own_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without a look at its own largest gap a source that sends in bursts is called silent often."""
    from chalicelib.quality import silence as judging

    draw, arrivals, sends = random.Random(4), {}, True
    for hour in range(START, START + DAYS * 24):
        sends = not sends if draw.random() < 0.1 else sends
        if sends:
            arrivals[hour] = 5
    calm = len(watched(arrivals))
    monkeypatch.setattr(judging, "BEYOND_OWN", 0.0)
    assert len(watched(arrivals)) >= calm + 6
