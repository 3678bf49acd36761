"""The one retry policy: full jitter within a deadline.

Full jitter (a random share of an exponentially growing bound) spreads the callers that were
throttled together. What may be repeated is decided by the caller, who raises ``Again``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Event as Signal

import msgspec

from chalicelib.kernel.errors import ZhiyinError


def wait(seconds: float) -> None:
    """Let time pass: waits for a signal that nobody gives."""
    Signal().wait(seconds)


class Again(Exception):
    """The attempt failed in a way that the same call may survive. ``given_up`` is raised in the end."""

    def __init__(self, given_up: ZhiyinError) -> None:
        super().__init__(given_up.code)
        self.given_up = given_up


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how long to try. All times are seconds."""

    attempts: int = 6
    base_seconds: float = 0.025
    longest_pause_seconds: float = 1.0
    deadline_seconds: float = 6.0
    sleep: Callable[[float], None] = wait
    random: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def run[T](self, attempt: Callable[[float], T]) -> T:
        """Call ``attempt(seconds_left)`` until it returns. Raises what ``Again`` carries in the end."""
        ends_at = self.clock() + self.deadline_seconds
        bound = self.base_seconds
        for _ in range(self.attempts - 1):
            left = ends_at - self.clock()
            try:
                return attempt(left)
            except Again as again:
                pause = self.random() * min(bound, self.longest_pause_seconds)
                if self.clock() + pause >= ends_at:
                    raise again.given_up from again
            self.sleep(pause)
            bound *= 2
        try:
            return attempt(ends_at - self.clock())
        except Again as again:
            raise again.given_up from again
