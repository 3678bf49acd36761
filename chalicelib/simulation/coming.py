"""Contacts to come: arrivals that were drawn elsewhere, each like a past contact of its queue at that time of day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from msgspec.structs import replace

from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.simulation.past import PastContact

LEAST_OF_AN_HOUR = 5
"""Fewer past contacts of an hour of the day say too little: those of the whole day are drawn from."""


def coming(
    past: Sequence[PastContact], arrivals: Mapping[str, Sequence[Millis]], later: Millis, dice: Random
) -> list[PastContact]:
    """The contacts of a time to come, in order. ``arrivals``: queue → instants; each is like a past contact of that queue.

    Past contacts of other queues come again ``later`` as they came. Who answered a past contact, and how it went, is forgotten.
    """
    pools: dict[tuple[str, int | None], list[PastContact]] = {}
    for one in past:
        for hour in (one.at % DAY_MS // HOUR_MS, None):
            pools.setdefault((one.before.queue, hour), []).append(one)
    found = [
        _like(_drawn(pools, queue, at, dice), at)
        for queue in sorted(arrivals)
        if (queue, None) in pools
        for at in arrivals[queue]
    ]
    found += [_like(one, one.at + later) for one in past if one.before.queue not in arrivals]
    return sorted(found, key=lambda one: one.at)


def moved(past: Iterable[PastContact], later: Millis) -> list[PastContact]:
    """The same contacts at another time: who declares no shifts will be there as they were."""
    return [replace(one, at=one.at + later) for one in past]


def _drawn(
    pools: Mapping[tuple[str, int | None], Sequence[PastContact]], queue: str, at: Millis, dice: Random
) -> PastContact:
    near = pools.get((queue, at % DAY_MS // HOUR_MS), ())
    return dice.choice(near if len(near) >= LEAST_OF_AN_HOUR else pools[queue, None])


def _like(one: PastContact, at: Millis) -> PastContact:
    return replace(one, at=at, agent_id="", handling_seconds=None, resolved=None, transferred=None)
