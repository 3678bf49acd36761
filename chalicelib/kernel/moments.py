"""Instants as integers: milliseconds since 1970-01-01T00:00:00Z.

Integers compare, hash, pack and join without a time zone to forget. Only RFC 3339 with a zone is
read, because every laxer form was seen to put events on the wrong day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.kernel.errors import BadInput

type Millis = int
"""An instant, in milliseconds since the epoch, UTC."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
THE_LAST: Millis = 1 << 60
"""After every moment that anything is of: what is looked for before it is looked for at all."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER_SECONDS = 900
_CALENDAR_KEPT = 4_096
"""Days and months whose place in the calendar is remembered: it is asked for with every window of a measure."""
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


def parse_moment(text: object, path: str = "time") -> Millis:
    """Read an RFC 3339 time with zone. Raises BadInput ``bad_time`` for anything else."""
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadInput("bad_time", "A time must be RFC 3339 with a zone.", path)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    if sign is not None and (int(offset_hours) > 23 or int(offset_minutes) > 59):
        raise BadInput("bad_time", "A zone offset must be at most 23:59.", path)
    try:
        # RFC 3339 allows a leap second; it counts as the last millisecond of its minute.
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise BadInput("bad_time", "That day or hour does not exist.", path) from None
    if second > 60:
        raise BadInput("bad_time", "That day or hour does not exist.", path)
    millis = (moment - _EPOCH) // timedelta(milliseconds=1)
    millis += 999 if second == 60 else int((fraction or "0")[:3].ljust(3, "0"))
    if sign is not None:
        shift = int(offset_hours) * HOUR_MS + int(offset_minutes) * MINUTE_MS
        millis += -shift if sign == "+" else shift
    return millis


def format_moment(moment: Millis) -> str:
    """Write an instant as RFC 3339 in UTC with milliseconds."""
    minute, within = divmod(moment, MINUTE_MS)
    return f"{_written_minute(minute)}:{within // 1000:02d}.{within % 1000:03d}Z"


@lru_cache(maxsize=_CALENDAR_KEPT)
def _written_minute(minute: int) -> str:
    return (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M")


def day_of(moment: Millis) -> int:
    """The UTC day of an instant, counted from the epoch."""
    return moment // DAY_MS


@lru_cache(maxsize=_CALENDAR_KEPT)
def month_of(day: int) -> int:
    """The calendar month of a UTC day, as year × 12 + month − 1."""
    at = _EPOCH + timedelta(days=day)
    return at.year * 12 + at.month - 1


@lru_cache(maxsize=_CALENDAR_KEPT)
def first_day_of(month: int) -> int:
    """The first UTC day of a calendar month counted as in ``month_of``."""
    return (datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) - _EPOCH).days


@lru_cache(maxsize=_CALENDAR_KEPT)
def _quarter(quarter: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(quarter * _QUARTER_SECONDS, UTC).astimezone(zone)


def local_quarter(moment: Millis, zone: ZoneInfo) -> datetime:
    """The quarter of an hour of an instant in a time zone: its day, weekday and hour are the instant's own.

    Zones are whole quarters of an hour from UTC, and calls come many in a quarter; of instants before 1980, when some
    zones were not yet, it tells the hour of another minute.
    """
    return _quarter(moment // (_QUARTER_SECONDS * 1000), zone)


def local_hour(moment: Millis, timezone: str) -> int:
    """The hour of day, 0–23, in an IANA time zone. Raises BadInput ``bad_timezone``."""
    return _local(moment, timezone).hour


def local_weekday(moment: Millis, timezone: str) -> int:
    """The day of the week, 1 for Monday to 7, in an IANA time zone. Raises BadInput ``bad_timezone``."""
    return _local(moment, timezone).isoweekday()


def _local(moment: Millis, timezone: str) -> datetime:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("bad_timezone", "That is not an IANA time zone.", "timezone") from None
    return (_EPOCH + timedelta(milliseconds=moment)).astimezone(zone)
