"""Counts per half hour with their place in the local week: what everything here learns from and answers in.

A slot is a half hour, numbered from the epoch in UTC. Its place is where it stands in the local week, Monday midnight being 0: people
call by their own clocks, so that a change to summer time moves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.kernel.moments import MINUTE_MS, Millis

SLOT_MS = 30 * MINUTE_MS
SLOTS_A_DAY = 48
SLOTS_A_WEEK = 7 * SLOTS_A_DAY
_WHOLE_DAY = SLOTS_A_DAY - 2
"""Slots that a day has at least: the one on which summer time begins lacks two."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A slot's local day (its number in the calendar) and its place in the local week, 0 to 335."""

    day: int
    place: int


class Day(msgspec.Struct, frozen=True):
    """A whole local day: its number, its weekday (Monday is 0), and its slots as positions in the series."""

    day: int
    weekday: int
    begins: int
    ends: int


class Series(msgspec.Struct, frozen=True):
    """Counts from the slot ``first`` on, without a gap, with their places."""

    first: int
    counts: tuple[int, ...]
    places: tuple[Place, ...]
    days: tuple[Day, ...]

    def until(self, day: int) -> Series:
        """The same before a local day."""
        days = tuple(one for one in self.days if one.day < day)
        ends = days[-1].ends if days else 0
        return Series(self.first, self.counts[:ends], self.places[:ends], days)


def series_of(counts: Mapping[int, int], first: int, last: int, timezone: str) -> Series:
    """The whole local days between two slots, both included. What is not in ``counts`` is 0, below 0 is none.

    Raises ``zoneinfo.ZoneInfoNotFoundError`` for a zone that there is not.
    """
    places = places_of(first, last, timezone)
    days = _whole_days(places)
    if not days:
        return Series(first, (), (), ())
    begins, ends = days[0].begins, days[-1].ends
    moved = tuple(Day(one.day, one.weekday, one.begins - begins, one.ends - begins) for one in days)
    told = tuple(max(0, counts.get(first + place, 0)) for place in range(begins, ends))
    return Series(first + begins, told, places[begins:ends], moved)


def places_of(first: int, last: int, timezone: str) -> tuple[Place, ...]:
    """The places of the slots from one up to another, both included."""
    zone = ZoneInfo(timezone)
    return tuple(_place(slot, zone) for slot in range(first, last + 1))


def slot_of(at: Millis) -> int:
    """The half hour of an instant."""
    return at // SLOT_MS


@lru_cache(maxsize=20_000)
def _place(slot: int, zone: ZoneInfo) -> Place:
    local = datetime.fromtimestamp(slot * SLOT_MS // 1000, UTC).astimezone(zone)
    half = local.hour * 2 + local.minute // 30
    return Place(local.toordinal(), local.weekday() * SLOTS_A_DAY + half)


def _whole_days(places: Sequence[Place]) -> tuple[Day, ...]:
    found, at = [], 0
    for day, slots in groupby(places, key=lambda one: one.day):
        many = sum(1 for _ in slots)
        found.append(Day(day, places[at].place // SLOTS_A_DAY, at, at + many))
        at += many
    # A day between two others is whole, whatever its clocks do.
    ends = {0, len(found) - 1}
    return tuple(one for number, one in enumerate(found) if number not in ends or one.ends - one.begins >= _WHOLE_DAY)
