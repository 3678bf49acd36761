"""Whether a source has fallen silent, judged by its own week: pauses at night and at weekends are no silence.

For each hour of the week it is counted in which share of the last weeks anything arrived, p. A gap's surprise is how
unlikely it is by that: the sum of -log₁₀(1 - p) over its hours, so 6 is one in a million. An hour in which
nothing ever arrives surprises nobody. A source that sends in bursts has surprising gaps by nature, so its own largest
one counts: to be silent, a gap must be twice as surprising. Hours of earlier silences are left out.

A source of less than two weeks has no usual week; it is silent after three days without an event, if it never paused
for a third of that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from math import log10

import msgspec

HOURS_OF_WEEK = 168
USUAL_HOURS = 4 * HOURS_OF_WEEK
"""How far back from its last event a source's usual week is looked for."""
SILENT_FROM = 6.0
"""The least surprise of a silence."""
BEYOND_OWN = 2.0
"""How much more surprising than any gap of its own it must be."""
WELL_BELOW = 1.0
WELL_HOURS = 2
"""A silent source is well again once it sent in so many hours, and its gap then surprises less than this."""
_YOUNG_HOURS, _YOUNG_TIMES = 72, 3
HEARD_HOURS = 12
"""Of a source that was heard in fewer hours nobody can say what is usual."""

type Arrivals = Mapping[int, int]
"""Hour since the epoch → events that arrived in it."""


class Silence(msgspec.Struct, frozen=True):
    """How a source stands: its last hour with events, the surprise of the gap since, and from which it is silent."""

    last_hour: int
    gap_hours: int
    surprise: float
    threshold: float
    silent: bool


def silence(
    arrivals: Arrivals, hour: int, silences: Collection[range] = (), *, was_silent_from: int | None = None
) -> Silence | None:
    """How silent a source is, ``hour`` being the last one that is over; None for one that was hardly heard.

    ``silences`` are hours of earlier ones. ``was_silent_from``: the hour from which on it is held to be silent now.
    """
    heard = sorted(one for one, count in arrivals.items() if count and one <= hour)
    if len(heard) < HEARD_HOURS:
        return None
    left_out = frozenset(one for each in silences for one in each)
    last = heard[-1]
    # While it is held to be silent, what is usual is what was usual before.
    ends = last if was_silent_from is None else min(last, was_silent_from - 1)
    known = [one for one in heard if ends - USUAL_HOURS < one <= ends] or heard
    first = known[0]
    gap = hour - last
    if ends - first < 2 * HOURS_OF_WEEK:
        threshold = float(max(_YOUNG_HOURS, _YOUNG_TIMES * _longest(known)))
        surprise = float(gap)
    else:
        usual = _usual(known, first, ends, left_out)
        surprise = _surprise(usual, last, hour)
        own = max((_surprise(usual, one, other - 1) for one, other in _gaps(known, left_out)), default=0.0)
        threshold = max(SILENT_FROM, BEYOND_OWN * own)
    if was_silent_from is None:
        silent = surprise >= threshold
    else:
        # One event does not end a silence: a repaired source goes on, a broken one coughs.
        back = [one for one in heard if one >= was_silent_from]
        silent = len(back) < WELL_HOURS or surprise >= min(WELL_BELOW, threshold)
    return Silence(last, gap, round(surprise, 2), round(threshold, 2), silent)


def _usual(heard: Sequence[int], first: int, last: int, left_out: frozenset[int]) -> list[float]:
    """For each hour of the week, what an hour without events adds to a gap's surprise."""
    seen, all_ = [0] * HOURS_OF_WEEK, [0] * HOURS_OF_WEEK
    for hour in range(first, last + 1):
        all_[hour % HOURS_OF_WEEK] += hour not in left_out
    for hour in heard:
        seen[hour % HOURS_OF_WEEK] += hour not in left_out
    return [_of_hour(k, n) for k, n in zip(seen, all_, strict=True)]


def _of_hour(seen: int, all_: int) -> float:
    if all_ < 2 or not seen:
        return 0.0
    # Half a week more without events: of so few weeks the logarithm of a share is too sure of itself.
    return -log10((all_ - seen + 0.5) / (all_ + 0.5))


def _surprise(usual: Sequence[float], after: int, until: int) -> float:
    """The surprise of hearing nothing after one hour, until and with another."""
    weeks, rest = divmod(max(0, until - after), HOURS_OF_WEEK)
    return weeks * sum(usual) + sum(usual[hour % HOURS_OF_WEEK] for hour in range(until - rest + 1, until + 1))


def _gaps(heard: Sequence[int], left_out: frozenset[int]) -> list[tuple[int, int]]:
    return [(one, other) for one, other in pairwise(heard) if other - one > 1 and one + 1 not in left_out]


def _longest(heard: Sequence[int]) -> int:
    return max((other - one for one, other in pairwise(heard)), default=0)
