"""Invented people and all that they do, as canonical events: from some day of the past to 90 days after today.

Today is day 0. Who somebody is stays the same afterwards, so that what is learned of the next month or quarter has
the same truth and other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random
from typing import Any

import msgspec

from chalicelib.events.model import Event, Identifier
from infra.segments.kinds import KIND_SHARES, KINDS, SHOPPERS, STAGES, Buying, Ways
from infra.truth.moments import DAYS, HOUR_MS, MINUTE_MS, Millis, midnight

TENANT = "t_segments"
PAST_DAYS, NEXT_DAYS = 380, 90
_QUARTER = 90.0
_SETTLED = {"mature": 0.9, "newcomer": 0.02, "growing": 0.04, "declining": 0.04}
_CHANNELS = ("wechat", "web_chat", "app", "phone")
_DAY_HOURS, _NIGHT_HOURS = tuple(range(8, 22)), (22, 23, 0, 1)
_URGENT = "麻烦尽快处理"
_HOME = {"category": "home", "path": "/home/1"}
_SEARCH = {"query": "a"}
_PROMOTION = {"category": "promotion", "path": "/promo/1"}


class Who(msgspec.Struct, frozen=True):
    """Somebody whose truth is known. ``liveliness`` and ``own`` are what makes two of a kind differ."""

    index: int
    kind: str
    shopper: str
    stage: str
    first_day: int
    channel: str
    liveliness: float
    own: dict[str, float]


class Act(msgspec.Struct, frozen=True):
    """One thing that somebody did or that was done to them."""

    at: Millis
    type: str
    channel: str
    data: dict[str, Any]


def today(day: int = 0) -> Millis:
    """The midnight with which a day begins."""
    return midnight(DAYS + day)


def somebody(seed: int, index: int, *, every_stage: bool = False) -> Who:
    """A person of a seed; the same arguments make the same one. ``every_stage``: all stages alike, for their own test."""
    rng = Random(f"segments/{seed}/{index}")  # noqa: S311 - invented people must be repeatable, not secret
    kind = rng.choices(list(KIND_SHARES), list(KIND_SHARES.values()))[0]
    stage = rng.choice(STAGES) if every_stage else rng.choices(list(_SETTLED), list(_SETTLED.values()))[0]
    return Who(
        index=index,
        kind=kind,
        shopper=rng.choice(list(SHOPPERS)),
        stage=stage,
        first_day=_first_day(rng, stage),
        channel=rng.choice(_CHANNELS),
        liveliness=rng.lognormvariate(0, 0.2),
        own={name: rng.lognormvariate(0, 0.25) for name in ("looking", "asking", "buying", "price", "learning")},
    )


def _first_day(rng: Random, stage: str) -> int:
    if stage == "newcomer":
        return -rng.randint(3, 29)
    if stage in ("dormant", "returned"):
        return -rng.randint(330, 375)
    return -rng.randint(560, 680) if stage == "lost" else -rng.randint(150, 900)


def liveliness(who: Who, day: int) -> float:
    """How active somebody is on a day, as a multiple of what is usual for them, by the stage of their life."""
    if day < who.first_day:
        return 0.0
    if day >= 0:
        return 0.0 if who.stage in ("dormant", "lost") else 1.0
    by_day = _BY_STAGE.get(who.stage)
    return 1.0 if by_day is None else by_day(day)


_BY_STAGE: dict[str, Callable[[int], float]] = {
    "growing": lambda day: 2.0 if day >= -30 else 0.35,
    "declining": lambda day: 0.08 if day >= -40 else 1.4,
    "dormant": lambda day: 1.0 if day < -120 else 0.0,
    "returned": lambda day: 1.0 if day < -240 or day >= -28 else 0.0,
    "lost": lambda day: 1.0 if day < -390 else 0.0,
}


class Life:
    """All acts of one person, drawn."""

    def __init__(self, seed: int, who: Who) -> None:
        self.who = who
        self.rng = Random(f"segments/{seed}/{who.index}/life")  # noqa: S311 - repeatable, not secret
        self.acts: list[Act] = []
        self.ways: Ways = KINDS[who.kind]
        self.buying: Buying = SHOPPERS[who.shopper]
        self._begins = max(who.first_day, -680 if who.stage == "lost" else -PAST_DAYS)
        self._alive = list(accumulate(liveliness(who, day) for day in range(self._begins, NEXT_DAYS)))

    def lived(self) -> list[Act]:
        """Everything, in order of time."""
        who, ways, own = self.who, self.ways, self.who.own
        self.did(self.moment(who.first_day), "session.started", "app")
        buys = min(1.0, ways.orders)
        for rate, type_, data in (
            (ways.visits, "session.started", {}),
            (ways.views, "page.viewed", _HOME),
            (ways.searches, "search.performed", _SEARCH),
            (ways.carts, "cart.updated", {"amount": "100", "currency": "CNY"}),
            (ways.promotions + self.buying.promotions * buys, "page.viewed", _PROMOTION),
            (self.buying.trends * buys, "page.viewed", {"category": "lookbook", "path": "/lookbook/1"}),
            (self.buying.lives * buys, "feature.used", {"feature": "live_stream"}),
        ):
            self._times(rate * own["looking"], type_, data)
        self._times(ways.helps * own["learning"], "feature.used", {"feature": "faq"})
        self._times(ways.bot * own["learning"], "feature.used", {"feature": "bot"})
        for topic, rate in ways.topics.items():
            for day in self._days(rate * own["asking"]):
                self._ask(day, topic)
        for day in self._days(ways.complaints * own["asking"]):
            self.did(self.moment(day), "complaint.filed", "wechat", {"topic": "after_sales", "text": _URGENT})
        for day in self._days(ways.orders * own["buying"]):
            self._order(day)
        return sorted(self.acts, key=lambda act: act.at)

    def _days(self, rate: float) -> list[int]:
        """The days on which something happens, once for each time; ``rate``: in 90 usual days."""
        times = self.drawn(rate * self.who.liveliness * self._alive[-1] / _QUARTER)
        return self.rng.choices(range(self._begins, NEXT_DAYS), cum_weights=self._alive, k=times)

    def drawn(self, mean: float) -> int:
        """How often something happens that happens so often on average (Poisson, as Knuth draws it)."""
        left, times = self.rng.expovariate(1.0), 0
        while left < mean:
            left, times = left + self.rng.expovariate(1.0), times + 1
        return times

    def moment(self, day: int, *, night: bool = False) -> Millis:
        """A moment of a day, on a quarter of an hour."""
        hour = self.rng.choice(_NIGHT_HOURS if night else _DAY_HOURS)
        return today(day) + hour * HOUR_MS + self.rng.randrange(4) * 15 * MINUTE_MS

    def did(self, at: Millis, type_: str, channel: str, data: dict[str, Any] | None = None) -> None:
        """Something happened."""
        self.acts.append(Act(at, type_, channel, data or {}))

    def _times(self, rate: float, type_: str, data: dict[str, Any]) -> None:
        for day in self._days(rate):
            self.did(self.moment(day), type_, "app", data)

    def _ask(self, day: int, topic: str) -> None:
        rng, ways, at = self.rng, self.ways, self.moment(day)
        by = self.who.channel if rng.random() < 0.7 else rng.choice(_CHANNELS)
        if by == "phone":
            self.did(at, "call.started", by, {"call_id": "c", "topic": topic})
            self.did(at + 4 * MINUTE_MS, "call.ended", by, {"call_id": "c", "duration_seconds": 240})
        else:
            talk = {"conversation_id": "c", "topic": topic}
            self.did(at, "conversation.opened", by, talk)
            said = _URGENT if rng.random() < ways.urgent else "你好"
            self.did(at + MINUTE_MS, "message.received", by, talk | {"text": said})
            if rng.random() < ways.passed_on:
                self.did(at + 2 * MINUTE_MS, "conversation.transferred", by, talk)
            self.did(
                at + 3 * MINUTE_MS, "conversation.closed", by, talk | {"resolved": rng.random() >= ways.unresolved}
            )
        if rng.random() < 0.3:
            score = min(5, max(1, round(rng.gauss(ways.satisfaction, 0.8))))
            self.did(at + 30 * MINUTE_MS, "survey.answered", "wechat", {"score": score, "subject": "service"})

    def _order(self, day: int) -> None:
        rng, buying = self.rng, self.buying
        at = self.moment(day, night=rng.random() < buying.at_night)
        for _ in range(self.drawn(buying.views)):
            self.did(at - 10 * MINUTE_MS, "page.viewed", "app", _HOME)
        for _ in range(self.drawn(buying.searches)):
            self.did(at - 12 * MINUTE_MS, "search.performed", "app", _SEARCH)
        # Prices as shops put them: two digits and noughts.
        price = float(f"{self.ways.price * self.who.own['price'] * rng.lognormvariate(0, 0.35):.2g}")
        discount = "5.00" if rng.random() < buying.discounted else "0"
        paid = {"order_id": "o", "amount": f"{price:.2f}", "currency": "CNY", "discount": discount}
        self.did(at, "order.paid", "app", paid)
        if rng.random() < buying.refunded:
            refund = {"order_id": "o", "amount": paid["amount"], "currency": "CNY"}
            self.did(at + rng.randint(24, 96) * HOUR_MS, "order.refunded", "app", refund)


def events(who: Who, acts: list[Act]) -> Iterator[Event]:
    """The acts as the sources of a shop would send them."""
    for place, act in enumerate(acts):
        yield Event(
            id=f"{who.index}-{place}",
            type=act.type,
            time=act.at,
            received_at=act.at,
            tenant=TENANT,
            source="s_shop",
            channel=act.channel,
            identifiers=(Identifier("user_id", f"u-{who.index}"),),
            data=act.data,
        )
