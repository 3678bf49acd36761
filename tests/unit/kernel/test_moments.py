"""Instants are read from RFC 3339 with a zone and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import (
    DAY_MS,
    day_of,
    first_day_of,
    format_moment,
    local_hour,
    local_quarter,
    month_of,
    parse_moment,
)


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-03-01T12:00:00.1239Z", 1772366400123),
        ("2026-03-01T12:00:00.123456+00:00", 1772366400123),
        ("2026-03-01T12:00:00.5-05:30", 1772386200500),
        ("2016-12-31T23:59:60Z", 1483228799999),
        ("2000-02-29T00:00:00Z", 951782400000),
    ],
)
def test_parse_moment__rfc3339__millis(text: str, millis: int) -> None:
    """Every form that RFC 3339 allows is read; digits past the millisecond are cut."""
    assert parse_moment(text) == millis


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00", "2026-03-01", "2026-W01-1", "20260301T120000Z", "2026-060T12:00:00Z",
        "2026-03-01T12:00Z", "2026-03-01T24:00:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-03-01T12:60:00Z", "2026-03-01T12:00:61Z", "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+0800", "2026-03-01T12:00:00+08:60", "2026-03-01T12:00:00.Z",
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "２０２６-03-01T12:00:00Z", "1700000000",
        " 2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z\n", "", 1700000000, 1.5, True, None, [],
    ],
)  # fmt: skip
def test_parse_moment__anything_else__refused(text: object) -> None:
    """Laxer forms were seen to put events on the wrong day, so they are refused with a path."""
    with pytest.raises(BadInput) as caught:
        parse_moment(text, "timestamp")
    assert (caught.value.code, caught.value.path) == ("bad_time", "timestamp")


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001


@given(MOMENTS, st.integers(-23 * 60, 23 * 60))
def test_parse_moment__any_zone__same_instant(moment: datetime, minutes: int) -> None:
    """What Python writes as RFC 3339 in any zone is read to the same millisecond."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_moment(aware.isoformat()) == expected


@given(st.integers(-2_000_000_000_000, 7_000_000_000_000))
def test_format_moment__any__read_back(moment: int) -> None:
    """Writing and reading loses nothing, before 1970 too."""
    assert parse_moment(format_moment(moment)) == moment


@given(st.integers(-30_000, 80_000))
def test_month__of_any_day__holds_the_day(day: int) -> None:
    """A day lies in its month and not in the next; a month knows its calendar name."""
    month = month_of(day)
    assert first_day_of(month) <= day < first_day_of(month + 1)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    assert (month // 12, month % 12 + 1) == (at.year, at.month)


def test_day_of__edges__utc_days() -> None:
    """A day begins at midnight UTC, before 1970 too."""
    assert [day_of(0), day_of(DAY_MS - 1), day_of(DAY_MS), day_of(-1)] == [0, 0, 1, -1]


def test_local_hour__zones__by_their_clocks() -> None:
    """The hour is that of the zone, with summer time; an unknown zone is refused."""
    noon = parse_moment("2026-07-01T12:00:00Z")
    assert [local_hour(noon, zone) for zone in ("UTC", "Asia/Shanghai", "Europe/Berlin")] == [
        12,
        20,
        14,
    ]
    for wrong in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(BadInput, match="bad_timezone"):
            local_hour(noon, wrong)


@given(
    st.integers(min_value=1_000_000_000_000, max_value=2_000_000_000_000),
    st.sampled_from(["Asia/Shanghai", "Asia/Kathmandu", "Pacific/Chatham", "America/New_York", "Australia/Lord_Howe"]),
)
def test_local_quarter__of_any_instant__has_its_day_and_hour(moment: int, name: str) -> None:
    """Also where a zone is three quarters of an hour off, or moves its clocks by half an hour."""
    exact = datetime.fromtimestamp(moment // 1000, UTC).astimezone(ZoneInfo(name))
    found = local_quarter(moment, ZoneInfo(name))
    assert (found.date(), found.hour, found.minute) == (exact.date(), exact.hour, exact.minute // 15 * 15)
