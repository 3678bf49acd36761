"""Waits until the end of every accepted event is known."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.demo.commands import Counts

STALL_SECONDS = 300.0
"""Longer than a failed message stays hidden before it is tried again."""
PAUSE_SECONDS = 2.0
_IDLE_ANSWERS = 3


def wait_until_accounted(
    count: Callable[[], Counts],
    expected: int,
    *,
    heard: Callable[[Counts], object] = lambda counts: None,
    stall_seconds: float = STALL_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> Counts:
    """Ask until ``expected`` distinct events have an end and the queue is empty.

    Gives up when the queue stays empty without them, or nothing has changed for ``stall_seconds``.
    Returns the last counts either way: the caller says what a gap means. ``heard`` gets each answer.
    """
    last = Counts()
    changed = time.monotonic()
    idle_answers = 0
    while True:
        asked = time.monotonic()
        now = count()
        heard(now)
        if now != last:
            changed = time.monotonic()
        last = now
        idle_answers = idle_answers + 1 if now.idle else 0
        settled = now.idle and (now.kept >= expected or idle_answers >= _IDLE_ANSWERS)
        if settled or time.monotonic() - changed > stall_seconds:
            return last
        # Counting reads whole tables: asking more often would slow down what is being waited for.
        time.sleep(max(pause_seconds, 2 * (time.monotonic() - asked)) if pause_seconds else 0)
