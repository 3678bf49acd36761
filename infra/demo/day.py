"""The traffic of the demo: one dense day, a condensed past behind it, and what goes wrong on the way.

Of the events asked for, somewhat over half lie in the last 24 hours; the rest are spread over the
58 days before (140 for customers who have gone silent), and registrations over up to 601 days. About 3% arrive late, exactly 5% are sent twice and exactly 1%
are broken. The same people, seed, moment and total give the same traffic.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from infra.demo.broken import broken
from infra.demo.lives import Life
from infra.demo.people import Person
from infra.demo.sending import HOUR_MS, Millis, Sending

LATE_SHARE, TWICE_SHARE, BROKEN_SHARE = 0.03, 0.05, 0.01


def make_day(people: Sequence[Person], *, seed: int, now: Millis, total: int) -> tuple[Sending, ...]:
    """Exactly ``total`` sendings in the order of their arrival.

    Raises ValueError when ``total`` is too small for what these people must do.
    """
    rng = Random(f"day/{seed}")  # noqa: S311 - traffic must be repeatable, not secret
    twice, wrong = round(total * TWICE_SHARE), round(total * BROKEN_SHARE)
    lives = [
        Life(person, Random(f"life/{seed}/{person.index}"), now)  # noqa: S311 - as above
        for person in people
    ]
    told = sum(len(life.live()) for life in lives)
    missing = total - twice - wrong - told
    browsing = [life for life in lives if life.person.stage in ("regular", "newcomer")]
    if missing < 0 or (missing and not browsing):
        raise ValueError(f"These {len(people)} people need at least {-(-told * 100 // 94) + 1} events, not {total}.")
    for _ in range(missing):
        rng.choice(browsing).browse(1)
    sound = [sending for life in lives for sending in life.sendings]
    late = [_late(sending, rng) if rng.random() < LATE_SHARE else sending for sending in sound]
    copies = [_again(sending, rng) for sending in rng.sample(late, twice)]
    faults = broken(rng, people, now, wrong)
    return tuple(sorted([*late, *copies, *faults], key=lambda sending: (sending.arrives, sending.id, sending.copy)))


def _late(sending: Sending, rng: Random) -> Sending:
    return msgspec.structs.replace(sending, arrives=sending.at + rng.randint(2, 40) * HOUR_MS)


def _again(sending: Sending, rng: Random) -> Sending:
    return msgspec.structs.replace(sending, arrives=sending.arrives + rng.randint(1, 90) * 60_000, copy=1)
