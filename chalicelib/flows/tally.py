"""Counts applied events in the container and writes the sums now and then: one call for many events.

What a container that ends has not written yet is lost, and what was written without an answer may count twice: these
are statistics, and no profile rests on one. A lone batch writes at once, so that a source that sends seldom is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from chalicelib.kernel.errors import Unavailable, ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.quality.counters import Count
from chalicelib.store.tallies import TallyStore, portions

FLUSH_SECONDS = 10.0
"""The least time between two writings."""
MOST_COUNTERS = 20_000
"""Names that a container keeps, while it cannot write them; what comes beyond is left out and counted."""

type _Place = tuple[str, str, int, Millis]
"""Tenant, family, bucket, and when it expires."""


class Flushed(msgspec.Struct, frozen=True):
    """What came of a writing: counters that still wait because it failed, and those left out: no room, or refused."""

    waiting: int = 0
    left_out: int = 0


class Tally:
    """What one container has counted and not written yet. ``clock`` gives seconds that never go back."""

    def __init__(self, store: TallyStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._counted: dict[_Place, dict[str, int]] = {}
        self._counters = 0
        self._left_out = 0
        self._next_at = float("-inf")

    def add(self, tenant: str, counts: Iterable[Count]) -> None:
        """Count; nothing is written here."""
        for one in counts:
            place = (tenant, one.family, one.bucket, one.expires_at)
            kept = self._counted.setdefault(place, {})
            if one.name not in kept and self._counters >= MOST_COUNTERS:
                self._left_out += 1
                continue
            self._counters += one.name not in kept
            kept[one.name] = kept.get(one.name, 0) + one.amount

    def flush(self) -> Flushed:
        """Write what was counted, unless that was done a moment ago. What cannot be written now is kept for later."""
        if not self._counted or self._clock() < self._next_at:
            return Flushed()
        failed = self._write()
        self._next_at = self._clock() + FLUSH_SECONDS
        left_out, self._left_out = self._left_out, 0
        return Flushed(self._counters if failed else 0, left_out)

    def _write(self) -> bool:
        """Whether the store was away. What it refuses it will refuse again, and would fill the room of the others."""
        for place in list(self._counted):
            tenant, family, bucket, expires_at = place
            kept = self._counted[place]
            for some in portions(kept):
                try:
                    self._store.add(tenant, family, bucket, some, expires_at)
                except Unavailable:
                    # The store is away: each further call would wait for it as long.
                    return True
                except ZhiyinError:
                    self._left_out += len(some)
                # One by one: what is written must not wait, and be added again, for what is not.
                for name in some:
                    del kept[name]
                self._counters -= len(some)
            del self._counted[place]
        return False
