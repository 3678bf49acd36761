"""How many contacts a queue had in each half hour, as the decision stream counted them: what forecasts learn from."""

from __future__ import annotations

from chalicelib.forecast.series import SLOT_MS, SLOTS_A_DAY, Series, series_of, slot_of
from chalicelib.kernel.moments import DAY_MS, Millis, day_of
from chalicelib.store.tallies import TallyStore

WINDOW_DAYS = 91
"""Thirteen weeks: one read of the store, and long enough for a week's shape. Older weeks tell less than they blur."""
_FAMILY = "volume"


def volume_family(queue: str) -> str:
    """The tallies of a queue: an item a day, a number for each half hour that had any."""
    return f"{_FAMILY}.{queue}"


def slot_in_day(at: Millis) -> str:
    """An instant's half hour of its UTC day, 0 to 47, as tallies name it."""
    return str(at % DAY_MS // SLOT_MS)


def past_volume(tenant_id: str, queue: str, timezone: str, tallies: TallyStore, now: Millis) -> Series:
    """The whole local days of the last weeks, from the queue's first contact on. Raises Unavailable.

    Before it the queue may not have been there, or not have been counted; a silence later counts as silence.
    """
    last = day_of(now)
    days = tallies.read(tenant_id, volume_family(queue), last - WINDOW_DAYS, last)
    counts = {day * SLOTS_A_DAY + int(half): many for day, halves in days.items() for half, many in halves.items()}
    told = [slot for slot, many in counts.items() if many > 0]
    # The half hour that goes on is not over.
    return series_of(counts, min(told, default=slot_of(now)), slot_of(now) - 1, timezone)
