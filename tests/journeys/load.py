"""The highest steady load of decisions on the local cloud: ``python -m tests.journeys.load [--seconds N] [--agents N]``.

Requests start at their own moments, whether or not those before were answered, and each is timed from its moment: a
service that falls behind is seen to. The rate that many callers in a row reach is the first guess, a low one: its calls
begin with cold starts. From twice that rate on each is held, lower and lower, until one is answered in full with a p99
within the bound. Prints requests per second, and on what.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import msgspec

from infra.demo.api import Api, ApiRefusal
from tests.bench.report import machine
from tests.journeys.live import Live, described, unique

BOUND_SECONDS = 3.0
GUESS_CALLERS = 8
SHARES = (2.0, 1.7, 1.4, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
"""Of the guess, from the highest on."""
MOST_CALLERS = 256
KEPT_UP = 0.98
"""So much of what was asked must be answered by the end, and the rest right after: else the load is not steady."""
SKILL, UNITS = "complaints", 1_000
LEASE_SECONDS = 3_600

type Ask = Callable[[], None]


class Load(msgspec.Struct, frozen=True):
    """What a rate that was held for a while came to."""

    rate: float
    seconds: tuple[float, ...]
    failed: int
    kept_up: bool

    def quantile(self, share: float) -> float:
        """The time within which so many were answered; infinite where too many failed."""
        rank = max(0, round(share * (len(self.seconds) + self.failed)) - 1)
        return self.seconds[rank] if rank < len(self.seconds) else float("inf")

    @property
    def holds(self) -> bool:
        """Whether the service stands this rate."""
        return self.kept_up and not self.failed and self.quantile(0.99) <= BOUND_SECONDS

    def __str__(self) -> str:
        told = f"{self.rate:6.1f} requests/s · p50 {self.quantile(0.5):.3f} s · p99 {self.quantile(0.99):.3f} s"
        fell = "" if self.kept_up else " · falls behind"
        return f"{told} · failed {self.failed}{fell}"


def highest(ask: Ask, seconds: float, say: Callable[[str], None]) -> Load | None:
    """The highest rate that holds; None when none of those tried does."""
    guess = reached(ask, min(seconds, 10.0))
    say(f"  {GUESS_CALLERS} callers in a row reach {guess:.1f} requests/s")
    for share in SHARES:
        load = held(ask, guess * share, seconds)
        say(f"  {load}")
        if load.holds:
            return load
    return None


def reached(ask: Ask, seconds: float) -> float:
    """Requests per second of some callers who each ask again as soon as they are answered."""
    ends_at = time.monotonic() + seconds
    asked: list[int] = []

    def caller() -> None:
        for done in count():
            if time.monotonic() >= ends_at:
                asked.append(done)
                return
            ask()

    threads = [threading.Thread(target=caller) for _ in range(GUESS_CALLERS)]
    begun = time.monotonic()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sum(asked) / (time.monotonic() - begun)


def held(ask: Ask, rate: float, seconds: float) -> Load:
    """What becomes of requests that start at a rate for a while."""
    took: list[float] = []
    failed: list[str] = []

    def one(due: float) -> None:
        try:
            ask()
        except ApiRefusal as refusal:
            failed.append(refusal.code)
        else:
            took.append(time.monotonic() - due)

    begun = time.monotonic()
    with ThreadPoolExecutor(MOST_CALLERS) as pool:
        for due in _moments(begun, rate, seconds):
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(one, due)
        in_time = len(took) + len(failed)
    return Load(rate, tuple(sorted(took)), len(failed), in_time >= KEPT_UP * int(rate * seconds) - rate * BOUND_SECONDS)


def _moments(begun: float, rate: float, seconds: float) -> Iterator[float]:
    return (begun + index / rate for index in range(int(rate * seconds)))


def staff(live: Live, agents: int) -> None:
    """Agents with more room than the load can fill, so that every route reserves."""
    for index in range(agents):
        agent_id = f"load-{index}"
        live.api.call("PUT", f"/v1/agents/{agent_id}", body={"skills": {SKILL: 1 + index % 5}, "units": UNITS})
        body = {"presence": "available", "lease_seconds": LEASE_SECONDS}
        live.api.call("POST", f"/v1/agents/{agent_id}/presence", body=body)


def asking(live: Live, people: list[str], *, reserve: bool) -> Ask:
    """A route of the next of these people, each caller over a connection of its own."""
    turns, here = count(), threading.local()

    def ask() -> None:
        if not hasattr(here, "api"):
            here.api = Api(live.cloud.url, live.tenant.admin_token)
        named = [{"namespace": "user_id", "value": people[next(turns) % len(people)]}]
        more = {"reserve": True, "conversation_id": unique("c")} if reserve else {}
        answer = here.api.route(identifiers=named, channel="wechat", intent="complaint", **more)
        if reserve and answer["agent"] is None:
            raise ApiRefusal(200, "nobody_reserved", "An agent was free, and none was reserved.", "")

    return ask


def main(given: list[str] | None = None) -> int:
    """The command; 1 when no rate holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each rate is held")
    parser.add_argument("--agents", type=int, default=60)
    parser.add_argument("--people", type=int, default=50)
    chosen = parser.parse_args(given)
    print(f"{machine()} Load average before: {os.getloadavg()[0]:.1f}.")
    live = Live.fresh("load")
    people = [unique("u") for _ in range(chosen.people)]
    live.send([described(user) for user in people])
    staff(live, chosen.agents)
    found: list[Load | None] = []
    for reserve, name in ((False, "route"), (True, f"route with reservation, {chosen.agents} agents")):
        print(f"{name}:")
        found.append(highest(asking(live, people, reserve=reserve), chosen.seconds, print))
        print(f"{name}: highest steady load {found[-1] or 'none of those tried'}")
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
