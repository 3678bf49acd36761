"""Waits until the end of every accepted event is known."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.demo.commands import Counts

STALL_SECONDS = 60.0
PAUSE_SECONDS = 1.0


def wait_until_accounted(
    count: Callable[[], Counts],
    expected: int,
    *,
    heard: Callable[[Counts], object] = lambda counts: None,
    stall_seconds: float = STALL_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> Counts:
    """Ask until ``expected`` events, and all the service says it accepted, are accounted for.

    Gives up when nothing has changed for ``stall_seconds``. Returns the last counts either way: the
    caller says what a gap means. ``heard`` gets each answer.
    """
    last = count()
    heard(last)
    changed = time.monotonic()
    while last.accounted < max(expected, last.accepted) and time.monotonic() - changed < stall_seconds:
        time.sleep(pause_seconds)
        now = count()
        if now != last:
            changed = time.monotonic()
            heard(now)
        last = now
    return last
