"""Whether it is an agent's working time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.desk.model import Agent, Shift
from chalicelib.kernel.moments import Millis

MINUTE_MS = 60_000


def in_shift(agent: Agent, now: Millis, timezone: str) -> bool:
    """Whether ``now`` lies in a shift of the agent; ``timezone`` where the agent has none. No shifts: always."""
    return not agent.shifts or within(agent.shifts, now, agent.timezone or timezone)


def within(spans: Iterable[Shift], now: Millis, timezone: str) -> bool:
    """Whether ``now`` lies in one of these spans of a week in a zone."""
    weekday, minute = _local(timezone, now // MINUTE_MS)
    for shift in spans:
        start, end = shift.start_minute, shift.end_minute
        if start < end:
            if weekday in shift.weekdays and start <= minute < end:
                return True
        elif (weekday in shift.weekdays and minute >= start) or ((weekday - 1) % 7 in shift.weekdays and minute < end):
            return True  # it passes midnight: the small hours belong to the day before
    return False


@lru_cache(maxsize=64)
def _local(timezone: str, minutes: int) -> tuple[int, int]:
    """Weekday and minute of the day. Most agents of a desk share a zone, and calls of one minute the answer."""
    at = datetime.fromtimestamp(minutes * 60, UTC).astimezone(ZoneInfo(timezone))
    return at.weekday(), at.hour * 60 + at.minute
