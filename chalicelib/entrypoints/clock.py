"""The clock that entry points read. Nothing below them does."""

from __future__ import annotations

import time

from chalicelib.kernel.moments import Millis


def now() -> Millis:
    """The present instant."""
    return time.time_ns() // 1_000_000
