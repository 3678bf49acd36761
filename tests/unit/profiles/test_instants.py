"""Between two of the instants that a path waits for, its value is the same; so none is missed by looking only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS, HOUR_MS, MINUTE_MS, Millis, day_of, month_of
from chalicelib.profiles import instants
from chalicelib.profiles.instants import by_stem, next_instant, watches
from chalicelib.profiles.model import Bucket, Profile, Series, Step
from chalicelib.profiles.stats import STATS
from chalicelib.profiles.values import CASE_PATHS, NAMESPACE_PATHS, PERSON_PATHS, at_path, values

NOW = 20_000 * DAY_MS + 13 * HOUR_MS + 5 * MINUTE_MS + 7
PATHS = sorted(
    {f"m.a.{stat}" for stat in STATS} | PERSON_PATHS | CASE_PATHS | NAMESPACE_PATHS | {"t.region", "scene.x"}
)
AGES = st.integers(-5 * MINUTE_MS, 800 * DAY_MS)
CASE = st.tuples(AGES, st.sampled_from(["placed", "paid", "shipped", "delivered"]), st.sampled_from("xyz"))


def someone(ages: list[int], cases: list[tuple[int, str, str]]) -> Profile:
    """Somebody who did one thing so long ago each, with old days in months as folding keeps them, and has orders."""
    times = sorted(NOW - age for age in ages)
    days = sorted({day_of(at) for at in times if at > NOW - 90 * DAY_MS})
    months = sorted({month_of(day_of(at)) for at in times if at <= NOW - 90 * DAY_MS})
    buckets = [tuple(Bucket(period, 2, 3_000_000) for period in found) for found in (days, months)]
    series = Series(times[0], times[-1], 2 * len(days + months), 6, 5, *buckets)
    steps = tuple(
        sorted(
            Step(NOW - age, place.to_bytes(2), "order", ref, status) for place, (age, status, ref) in enumerate(cases)
        )
    )
    return Profile("p", 1, "active", 1, times[0], times[-1], {}, {}, {"a": series}, steps, {})


def moved(read: Callable[[Millis], object], at: Millis, horizon: Millis) -> Iterator[Millis]:
    """Instants of a dense grid at which a value is another than at ``at``: time of day by time of day."""
    before = read(at)
    day = day_of(at)
    for step in range(1, horizon // DAY_MS + 2):
        for instant in ((day + step) * DAY_MS - 1, (day + step) * DAY_MS, at + step * DAY_MS - 1):
            if at < instant <= horizon + at and read(instant) != before:
                yield instant


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(AGES, min_size=1, max_size=6), st.lists(CASE, max_size=4), st.integers(0, 40 * DAY_MS))
def test_next_instant__of_every_path__is_never_later_than_its_next_change(
    ages: list[int], cases: list[tuple[int, str, str]], later: int
) -> None:
    """Whatever rules may read, and from whichever moment one looks ahead."""
    person, at = someone(ages, cases), NOW + later
    for path in PATHS:
        assert waited_for(person, path, at), path


def waited_for(person: Profile, path: str, at: Millis) -> bool:
    """Whether no change of a path's value comes before the instant that is waited for."""
    following = next_instant(person, by_stem(watches(path)), at)
    horizon = 40 * DAY_MS if following is None else following - 1 - at
    before = _value(person, path, at)
    if horizon > 0 and _value(person, path, at + horizon) != before:
        return False
    return not any(moved(lambda instant: _value(person, path, instant), at, min(horizon, 40 * DAY_MS)))


def _value(person: Profile, path: str, at: Millis) -> object:
    return at_path(values(person, [path], at, {"a"}), path)


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("_counted", lambda origin, unit, least, after: origin + unit * (max(0, after - origin) // unit + 2)),
        ("_buckets", lambda series: [(one.period, one.count, one.total, 1) for one in reversed(series.days[:-1])]),
    ],
)
def test_next_instant__that_comes_too_late__is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, mutant: Callable[..., object]
) -> None:
    """The check above sees an instant that is a unit late, and a bucket that is forgotten."""
    person = someone([3 * DAY_MS, 10 * DAY_MS, 5 * HOUR_MS], [])
    assert all(waited_for(person, path, NOW) for path in PATHS)
    monkeypatch.setattr(instants, name, mutant)
    assert not all(waited_for(person, path, NOW) for path in PATHS)
