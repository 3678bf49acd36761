"""The events of people whose kind is known, as their shop would send them: lives of ``infra.segments`` up to today."""

from __future__ import annotations

from infra.demo.sending import CLOUDEVENTS, Sending
from infra.segments.people import Life, Who, somebody, today
from tests.journeys.live import now_ms

SEED = 2
PAST_DAYS = 45
"""What is sent of each life: half of what kinds are told apart by is enough, and the service takes in all of it first."""


def lives(most: int) -> tuple[tuple[Who, ...], list[Sending]]:
    """At most so many people, and what they did in the last weeks, each person's in order of time. Whoever did nothing is none."""
    # Lives are told about a day of their own; whatever happened then happened as long ago from now.
    since_then = now_ms() - today()
    lived = [(who, _sent(who, since_then)) for who in (somebody(SEED, index) for index in range(most))]
    return tuple(who for who, sent in lived if sent), [one for _, sent in lived for one in sent]


def user_of(who: Who) -> str:
    """The account by which the shop knows somebody."""
    return f"u-{who.index}"


def _sent(who: Who, later: int) -> list[Sending]:
    acts = [one for one in Life(SEED, who).lived() if today(-PAST_DAYS) <= one.at < today()]
    return [
        Sending(
            door=CLOUDEVENTS,
            id=f"{who.index}-{place}",
            type=one.type,
            at=one.at + later,
            arrives=one.at + later,
            channel=one.channel,
            identifiers=(("user_id", user_of(who)),),
            data=one.data,
        )
        for place, one in enumerate(acts)
    ]
