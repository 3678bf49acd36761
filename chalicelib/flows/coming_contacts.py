"""What a what-if of the next two weeks is played with: forecasts of its queues, and arrivals that each run draws from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random

import msgspec

from chalicelib.flows.read_volume import past_volume
from chalicelib.forecast.draw import Expected, arrivals, expected
from chalicelib.forecast.outlook import outlook
from chalicelib.forecast.rolling import HORIZON_DAYS
from chalicelib.forecast.series import slot_of
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.simulation.coming import coming
from chalicelib.simulation.past import PastContact
from chalicelib.store.tallies import TallyStore

LATER_MS = HORIZON_DAYS * DAY_MS
"""The past fortnight lends its mix and its hours of work to the next one: whole weeks later, weekday by weekday."""


class Coming(msgspec.Struct, frozen=True):
    """Forecasts of queues as far as they are made. ``too_little``: queues that cannot be forecast; theirs come again as they came."""

    queues: dict[str, Expected] = {}
    too_little: tuple[str, ...] = ()
    is_done: bool = False

    def contacts(self) -> dict[str, float]:
        """Queue → how many contacts are likely in all."""
        return {queue: round(sum(one.milli) / 1000, 1) for queue, one in sorted(self.queues.items())}


def forecast_queues(
    tenant_id: str,
    queues: Iterable[str],
    begun: Coming,
    timezone: str,
    tallies: TallyStore,
    at: Millis,
    has_time: Callable[[], bool],
) -> Coming:
    """Forecast the queues that are not forecast yet, while there is time; as of ``at``, so that a repeat gives the same."""
    found, too_little = dict(begun.queues), list(begun.too_little)
    for queue in sorted(set(queues) - found.keys() - set(too_little)):
        if not has_time():
            return Coming(found, tuple(too_little))
        past = past_volume(tenant_id, queue, timezone, tallies, at)
        told = outlook(past, slot_of(at) + 1, HORIZON_DAYS, timezone)
        if told.slots:
            found[queue] = expected(told)
        else:
            too_little.append(queue)
    return Coming(found, tuple(too_little), is_done=True)


def drawn(past: Sequence[PastContact], forecasts: Coming, seed: int) -> list[PastContact]:
    """One possible fortnight. Equal seeds give equal ones."""
    dice = Random(f"coming/{seed}")  # noqa: S311 - repeatable, not secret
    times = {queue: arrivals(one, dice) for queue, one in sorted(forecasts.queues.items())}
    return coming(past, times, LATER_MS, dice)
