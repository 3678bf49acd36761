"""Schedules that look after every tenant: one after the other while time is left, another one first each time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.entrypoints.compose import api, settings


def tenant_ids() -> list[str]:
    """Every tenant there is."""
    # Who packages the app imports this module too, and need not read what scans.
    from chalicelib.store import scan

    return scan.tenant_ids(api("dynamodb").call, settings().table_catalogue)


def time_left(context: Any, enough_ms: int) -> Callable[[], bool]:
    """Whether the invocation has more than this left, asked again at each call."""
    return partial(_has_left, context, enough_ms)


def take_turns(each: Callable[[str], None], *, turn: int, has_time: Callable[[], bool], only: str = "") -> int:
    """Call ``each`` with tenant after tenant while there is time, and tell how many are left.

    Who is first changes with ``turn``, the number of the invocation, so that nobody is always left. ``only`` names the
    one tenant that somebody asked for.
    """
    ids = [only] if only else tenant_ids()
    first = turn % max(len(ids), 1)
    left = [*ids[first:], *ids[:first]]
    while left and has_time():
        each(left.pop(0))
    return len(left)


def _has_left(context: Any, enough_ms: int) -> bool:
    return bool(context.get_remaining_time_in_millis() > enough_ms)
