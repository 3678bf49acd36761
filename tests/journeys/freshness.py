"""How long until an event is in the profile: ``python -m tests.journeys.freshness [--events N]``.

Events of new people go out at a steady pace through the unchanged Segment and CloudEvents clients;
the clock of each starts when its client library gets it, and stops when a lookup shows it.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence

import msgspec
from cloudevents.core.bindings.http import to_structured_event
from segment.analytics.client import Client

from infra.demo.doors import cloud_event, segment_call
from infra.demo.sending import CLOUDEVENTS, SEGMENT
from tests.journeys.live import Live, now_ms, sending, unique

BOUND_SECONDS = 5.0
EVENTS_PER_SECOND = 10.0
GIVE_UP_SECONDS = 60.0
READERS = 2


class Freshness(msgspec.Struct, frozen=True):
    """Seconds until visible, sorted, and how many never were."""

    seconds: tuple[float, ...]
    missing: int

    def quantile(self, share: float) -> float:
        """The least time within which ``share`` of the events were visible; infinite for those that never were."""
        rank = max(0, round(share * (len(self.seconds) + self.missing)) - 1)
        return self.seconds[rank] if rank < len(self.seconds) else float("inf")

    def __str__(self) -> str:
        total = len(self.seconds) + self.missing
        return (
            f"freshness of {total} events: p50 {self.quantile(0.5):.2f} s · p99 {self.quantile(0.99):.2f} s · "
            f"max {self.quantile(1.0):.2f} s · never visible {self.missing}"
        )


def measure(live: Live, count: int) -> Freshness:
    """Send ``count`` events, half by each library, and time each until a lookup shows it."""
    waiting: deque[tuple[str, float]] = deque()
    seconds: list[float] = []
    missing: list[str] = []
    done = threading.Event()
    readers = [threading.Thread(target=_watch, args=(live, waiting, seconds, missing, done)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    _send(live, count, waiting)
    done.set()
    for reader in readers:
        reader.join()
    return Freshness(tuple(sorted(seconds)), len(missing))


def _send(live: Live, count: int, waiting: deque[tuple[str, float]]) -> None:
    client = Client(live.access.write_key, host=live.cloud.url, gzip=True, upload_interval=0.1)
    begun = time.monotonic()
    for index in range(count):
        time.sleep(max(0.0, begun + index / EVENTS_PER_SECOND - time.monotonic()))
        user_id = unique("fresh")
        started = time.monotonic()
        data = {"order_id": unique("o"), "amount": "10.00", "currency": "CNY"}
        door = SEGMENT if index % 2 else CLOUDEVENTS
        one = sending("order.paid", user_id, door=door, channel="shop", data=data, at=now_ms())
        if door == SEGMENT:
            segment_call(client, one)
        else:
            message = to_structured_event(cloud_event(one))
            answer = live.session.post(
                f"{live.cloud.url}/v1/events",
                data=message.body,
                headers=message.headers,
                auth=(live.access.write_key, ""),
                timeout=30,
            )
            answer.raise_for_status()
        waiting.append((user_id, started))
    client.shutdown()


def _watch(
    live: Live, waiting: deque[tuple[str, float]], seconds: list[float], missing: list[str], done: threading.Event
) -> None:
    """Look for each waiting event in turn until it is visible or hope is lost."""
    while not done.is_set() or waiting:
        try:
            user_id, started = waiting.popleft()
        except IndexError:
            time.sleep(0.01)
            continue
        profile = live.api.find([("user_id", user_id)])
        elapsed = time.monotonic() - started
        if profile is not None and profile["measures"]["orders_paid"]["count"] == 1:
            seconds.append(elapsed)
        elif elapsed > GIVE_UP_SECONDS:
            missing.append(user_id)
        else:
            waiting.append((user_id, started))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when the p99 is within the bound."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.freshness")
    parser.add_argument("--events", type=int, default=500)
    chosen = parser.parse_args(arguments)
    found = measure(Live.fresh("freshness"), chosen.events)
    kept = found.quantile(0.99) <= BOUND_SECONDS
    print(f"{found} · bound p99 {BOUND_SECONDS:.0f} s: {'kept' if kept else 'MISSED'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
