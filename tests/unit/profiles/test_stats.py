"""Statistics of windows, against counting every bucket by hand."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS, day_of, first_day_of, month_of
from chalicelib.profiles.model import Bucket, Series
from chalicelib.profiles.stats import ACTIVE, STATS, TRENDS, WINDOWS, Reader

NOW = 1_760_000_000_000 // DAY_MS * DAY_MS
THIS_MONTH = month_of(day_of(NOW))
DAYS = st.lists(st.integers(day_of(NOW) - 500, day_of(NOW) + 5), unique=True, max_size=12).map(sorted)
MONTHS = st.lists(st.integers(THIS_MONTH - 30, THIS_MONTH + 1), unique=True, max_size=6).map(sorted)


def series(days: list[int], months: list[int]) -> Series:
    """A series that saw two things, of 7 micros together, in each of these days and months."""
    as_buckets = [tuple(Bucket(period, 2, 7) for period in periods) for periods in (days, months)]
    return Series(0, NOW, 2 * len(days + months), 7 * len(days + months), 5, *as_buckets)


@given(DAYS, MONTHS, st.sampled_from(sorted(WINDOWS)), st.booleans())
def test_reader__any_window__counts_the_buckets_that_begin_in_it(
    days: list[int], months: list[int], window: str, money: bool
) -> None:
    """Also days in the future of ``now``, and months beside days, as joined facets have them."""
    today = day_of(NOW)
    begins = [*days, *map(first_day_of, months)]
    inside = sum(today - WINDOWS[window] < begin <= today for begin in begins)
    asked = [f"{kind}_{window}" for kind in ("count", "sum", "mean")]
    unit = 1_000_000 if money else 1
    expected = [2 * inside, 7 * inside / unit, 3.5 / unit if inside else None]
    assert Reader(asked, money=money).read(series(days, months), NOW) == dict(zip(asked, expected, strict=True))


@given(DAYS, MONTHS, st.booleans())
def test_reader__statistics_asked_together__are_each_what_they_are_alone(
    days: list[int], months: list[int], money: bool
) -> None:
    """The days are gone through once for all windows: no window takes from another, and none is there unasked."""
    assume(days or months)
    seen = series(days, months)
    together = Reader(sorted(STATS), money=money).read(seen, NOW)
    assert together == {stat: Reader([stat], money=money).read(seen, NOW)[stat] for stat in STATS}
    assert all(set(Reader([stat], money=money).read(seen, NOW)) == {stat} for stat in STATS)


@given(DAYS, MONTHS, st.sets(st.sampled_from(sorted(STATS)), min_size=1), st.booleans())
def test_reader__of_any_series__tells_its_statistics_in_their_order(
    days: list[int], months: list[int], asked: set[str], money: bool
) -> None:
    """Who makes a row of them need not look for their names."""
    assume(days or months)
    reader = Reader(sorted(asked), money=money)
    assert tuple(reader.read(series(days, months), NOW)) == reader.order
    assert set(reader.order) == asked


@given(DAYS, MONTHS)
def test_reader__trends_and_active_days__are_counted_bucket_by_bucket(days: list[int], months: list[int]) -> None:
    """A trend compares with the days before its window, back to 90; days are active, months are not."""
    assume(days or months)
    today = day_of(NOW)
    begins = [*days, *map(first_day_of, months)]
    found = Reader(sorted(STATS), money=False).read(series(days, months), NOW)
    for window, size in ACTIVE.items():
        assert found[f"active_days_{window}"] == sum(today - size < day <= today for day in days)
    for window, size in TRENDS.items():
        lately = 2 * sum(today - size < begin <= today for begin in begins)
        before = 2 * sum(today - 90 < begin <= today - size for begin in begins) * size / (90 - size)
        assert found[f"trend_{window}"] == (lately / before if before else None)
