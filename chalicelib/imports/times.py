"""Times as exports write them. Nothing is guessed: the format and the zone are declared with the import."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, parse_moment

type ReadTime = Callable[[object, str], Millis]

_LOCAL = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?", re.ASCII)
_SECONDS = re.compile(r"\d{1,11}", re.ASCII)
_MILLIS = re.compile(r"\d{1,14}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reader(time_format: str, timezone: str) -> ReadTime:
    """What reads a time of one of ``TIME_FORMATS``; it raises BadInput ``bad_time``."""
    if time_format == "local":
        return partial(_read_local, ZoneInfo(timezone))
    return _READERS[time_format]


def _read_local(zone: ZoneInfo, value: object, path: str) -> Millis:
    """``2026-11-22 18:30``, ``2026/11/22 18:30:05`` or a day, on the wall clock of a zone.

    An hour that the clock skips does not exist; one that it shows twice is the first of the two.
    """
    match = _LOCAL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadInput("bad_time", "A local time is written YYYY-MM-DD HH:MM:SS.", path)
    year, _, month, day, hour, minute, second, fraction = match.groups()
    try:
        naive = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001 - the zone is put on it next
    except ValueError:
        raise BadInput("bad_time", "That day or hour does not exist.", path) from None
    moment = naive.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != naive:
        raise BadInput("bad_time", "That hour does not exist in this zone.", path)
    return (moment - _EPOCH) // timedelta(milliseconds=1) + int((fraction or "0")[:3].ljust(3, "0"))


def _read_epoch(pattern: re.Pattern[str], factor: int, value: object, path: str) -> Millis:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise BadInput("bad_time", "A time is a number since 1970, in digits only.", path)
    return int(text) * factor


_READERS: Mapping[str, ReadTime] = {
    "rfc3339": parse_moment,
    "epoch_seconds": partial(_read_epoch, _SECONDS, 1000),
    "epoch_millis": partial(_read_epoch, _MILLIS, 1),
}
TIME_FORMATS = ("rfc3339", "local", "epoch_seconds", "epoch_millis")
"""``local`` needs a zone; the others carry theirs."""
