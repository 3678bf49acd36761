"""What one person does: the condensed past, and the day itself.

The past holds only what measures and tags of 30 and 90 days need (registrations, payments,
deliveries, contacts, surveys, complaints); the day is told in full, down to the pages viewed.
"""

from __future__ import annotations

from random import Random
from typing import Any

from infra.demo import words
from infra.demo.people import Person
from infra.demo.sending import CLOUDEVENTS, DAY_MS, HOUR_MS, MINUTE_MS, SEGMENT, WEBHOOK, Millis, Sending

SHANGHAI_OFFSET_MS = 8 * HOUR_MS
NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
DAYTIME = frozenset(range(8, 21))
PAST_ORDERS = {"plain": 1, "price": 3, "quality": 3, "rich": 4}
PRICES = {"plain": (60, 400), "price": (15, 90), "quality": (310, 480), "rich": (2_000, 6_000)}


def local_hour(at: Millis) -> int:
    """The hour of day in China, which has one zone and no summer time."""
    return (at + SHANGHAI_OFFSET_MS) // HOUR_MS % 24


class Life:
    """Collects the events of one person. ``sendings`` is the outcome; the methods are the habits."""

    def __init__(self, person: Person, rng: Random, now: Millis) -> None:
        self.person = person
        self.sendings: list[Sending] = []
        self._rng = rng
        self._now = now
        self._serial = 0
        self._contacts = 0

    def live(self) -> list[Sending]:
        """The person's events in no particular order."""
        person = self.person
        if person.stage != "guest":
            self._register()
        if person.stage == "lapsed":
            self._past(oldest=140, newest=96)
        elif person.stage == "guest":
            self._contact_past(oldest=25, newest=3, count=1)
            self._contact_today(2)
        else:
            if person.stage == "regular":
                self._past(oldest=58, newest=2)
            self._today()
        return self.sendings

    # -- identity ---------------------------------------------------------------------------

    def _register(self) -> None:
        person = self.person
        at = self._registered_at()
        traits: dict[str, Any] = {
            "name": person.name,
            "gender": person.gender,
            "phone": person.phone,
            "email": person.email,
            "wechat_openid": person.wechat_openid,
            "city": person.city,
            "address": person.address,
            "language": "zh",
            "notify_channel": person.notify_channel,
        }
        if person.tells_birth_date:
            traits["birth_date"] = person.birth_date
        self._add(SEGMENT, "profile.described", at, "web", self._web_names(), {"traits": traits})
        standing = {"member_level": person.member_level, "is_vip": person.is_vip, "city_tier": person.city_tier}
        told = at + 5 * MINUTE_MS if person.stage == "newcomer" else self._past_moment(*self._told_between())
        self._add(
            SEGMENT, "profile.described", min(told, self._now - MINUTE_MS), "shop", self._names(), {"traits": standing}
        )

    def _told_between(self) -> tuple[int, int]:
        """Between how many days ago the shop's own records told member level, vip and city tier."""
        return (140, 100) if self.person.stage == "lapsed" else (40, 20)

    def _registered_at(self) -> Millis:
        if self.person.anonymous_first:
            return self._now - 6 * HOUR_MS
        return self._now - self.person.registered_days_ago * DAY_MS - 20 * HOUR_MS

    def _names(self, *also: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        if self.person.stage == "guest":
            return also
        return (("user_id", self.person.user_id), *also)

    def _web_names(self) -> tuple[tuple[str, str], ...]:
        return self._names(("anonymous_id", self.person.anonymous_id))

    # -- the past ---------------------------------------------------------------------------

    def _past(self, *, oldest: int, newest: int) -> None:
        person, rng = self.person, self._rng
        for _ in range(PAST_ORDERS[person.shopping]):
            self._order_past(self._past_moment(oldest, newest + 4))
        self._contact_past(oldest=oldest, newest=newest, count=3)
        if person.mood in ("satisfied", "unhappy"):
            for _ in range(2):
                self._survey(
                    self._past_moment(min(oldest, 25), newest), 5 if person.mood == "satisfied" else rng.choice((1, 2))
                )
        if person.mood == "complainer":
            for _ in range(2):
                self._complaint(self._past_moment(28, 6), resolved=True)
        if person.trouble == "refunds":
            for _ in range(3):
                self._order_past(self._past_moment(26, 8), refunded=True)
        if person.trouble == "overdue":
            ref, amount = self._order_names(self._past_moment(14, 11))
            at = self._past_moment(14, 11)
            self._order("order.paid", at, ref, amount)
            self._order("order.shipped", at + 8 * HOUR_MS, ref, amount)

    def _order_past(self, at: Millis, *, refunded: bool = False) -> None:
        ref, amount = self._order_names(at)
        self._order("order.paid", at, ref, amount)
        if refunded:
            self._order("order.refunded", at + 4 * DAY_MS, ref, amount, reason="不合适")
        else:
            self._order("order.delivered", at + 3 * DAY_MS, ref, amount)

    def _contact_past(self, *, oldest: int, newest: int, count: int) -> None:
        for _ in range(count):
            at = self._past_moment(oldest, newest, self._awake())
            channel = self._next_channel()
            topic = self._usual_topic()
            if channel == "phone":
                self._call(at, topic)
            else:
                self._message("message.received", at, channel, {"text": self._say(topic), "topic": topic})

    # -- the day ----------------------------------------------------------------------------

    def _today(self) -> None:
        person, rng = self.person, self._rng
        if person.anonymous_first:
            self._browse_anonymously(rng.randint(2, 4))
        self.browse(2)
        self._search()
        self._contact_today(1 + (person.mood != "plain") if person.stage != "newcomer" else 1)
        if rng.random() < 0.35:
            self._order_today()
        if person.trouble == "payment":
            ref, amount = self._order_names(self._now)
            for _ in range(3):
                at = self._day_moment()
                self._add(
                    SEGMENT,
                    "payment.failed",
                    at,
                    "app",
                    self._names(),
                    {"order_id": ref, "amount": amount, "currency": "CNY", "reason": "bank_declined"},
                )
        if person.mood == "complainer":
            self._complaint(self._day_moment(), resolved=False)
        if person.mood in ("satisfied", "unhappy"):
            self._survey(self._day_moment(), 5 if person.mood == "satisfied" else 1)
        elif person.mood == "plain" and rng.random() < 0.15:
            self._ticket_today()

    def browse(self, count: int) -> None:
        """``count`` pages viewed today: on the web as anonymous visitor and user, in the app with the device."""
        for _ in range(count):
            channel = self._rng.choice(("web", "app"))
            names = self._web_names() if channel == "web" else self._names(("device", self.person.device))
            page = self._rng.randint(1000, 9999)
            at = self._day_moment(after=self._registered_at() + MINUTE_MS if self.person.anonymous_first else 0)
            self._add(
                SEGMENT, "page.viewed", at, channel, names, {"path": f"/goods/{page}", "category": self.person.category}
            )

    def _browse_anonymously(self, count: int) -> None:
        names = (("anonymous_id", self.person.anonymous_id),)
        for step in range(count):
            at = self._registered_at() - (count - step) * 7 * MINUTE_MS
            self._add(
                SEGMENT,
                "page.viewed",
                at,
                "web",
                names,
                {"path": "/", "category": self.person.category},
            )

    def _search(self) -> None:
        query = words.search_for(self.person.shopping, self.person.category)
        count = 3 if self.person.shopping == "price" else 1
        for _ in range(count):
            self._add(
                SEGMENT,
                "search.performed",
                self._day_moment(after=self._registered_at()),
                "web",
                self._web_names(),
                {"query": query},
            )

    def _contact_today(self, count: int) -> None:
        for _ in range(count):
            topic = self._topic_today()
            channel = self._next_channel()
            at = self._day_moment(
                hours=self._awake(), after=self._registered_at() if self.person.anonymous_first else 0
            )
            if channel == "phone":
                self._call(at, topic)
            else:
                self._chat(at, channel, topic)

    def _chat(self, at: Millis, channel: str, topic: str) -> None:
        about = {"conversation_id": self._ref("c"), "topic": topic}
        turns: list[tuple[str, dict[str, Any]]] = [
            ("conversation.opened", {}),
            ("message.received", {"text": self._say(topic)}),
            ("message.sent", {"text": self._rng.choice(words.ANSWERS)}),
        ]
        if self.person.mood == "satisfied":
            turns.append(("message.received", {"text": self._say("praise")}))
        turns.append(("conversation.closed", {"resolved": self.person.mood != "unhappy"}))
        for step, (type_, more) in enumerate(turns):
            self._message(type_, min(at + step * 40_000, self._now), channel, about | more)

    def _call(self, at: Millis, topic: str) -> None:
        # A call centre knows the number, not the account.
        names = (("phone", self.person.phone),)
        seconds = self._rng.randint(60, 600)
        ref = self._ref("call")
        about = {"call_id": ref, "topic": topic, "category": self.person.category}
        self._add(CLOUDEVENTS, "call.started", at, "phone", names, about)
        ended = min(at + seconds * 1000, self._now)
        self._add(
            CLOUDEVENTS,
            "call.ended",
            ended,
            "phone",
            names,
            about | {"duration_seconds": seconds},
        )

    def _order_today(self) -> None:
        at = self._day_moment(hours=DAYTIME, after=self._registered_at() if self.person.anonymous_first else 0)
        ref, amount = self._order_names(at)
        self._add(
            SEGMENT,
            "cart.updated",
            at,
            "app",
            self._names(),
            {"amount": amount, "currency": "CNY", "items": 1, "category": self.person.category},
        )
        self._order("order.placed", min(at + 60_000, self._now), ref, amount)
        self._order("order.paid", min(at + 120_000, self._now), ref, amount)

    def _ticket_today(self) -> None:
        at = self._day_moment(hours=DAYTIME)
        ref = self._ref("t")
        for step, verb in enumerate(("opened", "assigned", "replied", "resolved")):
            self._desk(
                f"ticket.{verb}",
                min(at + step * 9 * MINUTE_MS, self._now),
                {"ticket_id": ref, "topic": "usage", "priority": "normal"},
            )

    # -- pieces -----------------------------------------------------------------------------

    def _complaint(self, at: Millis, *, resolved: bool) -> None:
        about = {"ticket_id": self._ref("t"), "topic": "complaint", "priority": "high"}
        self._desk("complaint.filed", at, about | {"text": self._say("complaint")})
        if resolved:
            self._desk("ticket.resolved", at + 2 * DAY_MS, about)

    def _survey(self, at: Millis, score: int) -> None:
        text = self._say("praise") if score > 3 else "等太久，问题没有解决。"
        self._desk("survey.answered", at, {"score": score, "ticket_id": self._ref("t"), "text": text})

    def _order(self, type_: str, at: Millis, ref: str, amount: str, **more: Any) -> None:
        data = {"order_id": ref, "amount": amount, "currency": "CNY", "items": 1, "category": self.person.category}
        self._add(SEGMENT, type_, at, "shop", self._names(), data | more)

    def _order_names(self, at: Millis) -> tuple[str, str]:
        low, high = PRICES[self.person.shopping]
        return self._ref("o"), f"{self._rng.randint(low, high)}.{self._rng.choice((0, 50, 90)):02d}"

    def _message(self, type_: str, at: Millis, channel: str, data: dict[str, Any]) -> None:
        data = {"category": self.person.category} | data
        if channel == "wechat":
            self._add(CLOUDEVENTS, type_, at, channel, (("wechat_openid", self.person.wechat_openid),), data)
        elif channel == "web_chat":
            self._add(SEGMENT, type_, at, channel, self._web_names(), data)
        else:
            self._add(SEGMENT, type_, at, channel, self._names(("device", self.person.device)), data)

    def _desk(self, type_: str, at: Millis, data: dict[str, Any]) -> None:
        self._add(WEBHOOK, type_, at, "desk", self._names(("phone", self.person.phone)), data)

    def _add(
        self, door: str, type_: str, at: Millis, channel: str, names: tuple[tuple[str, str], ...], data: dict[str, Any]
    ) -> None:
        at = min(at, self._now - 1_000)
        self.sendings.append(
            Sending(
                door=door,
                id=self._ref("e"),
                type=type_,
                at=at,
                arrives=at,
                channel=channel,
                identifiers=names,
                data=data,
                person=self.person.index,
            )
        )

    def _ref(self, kind: str) -> str:
        self._serial += 1
        return f"{kind}-{self.person.index}-{self._serial}"

    # -- habits -----------------------------------------------------------------------------

    def _awake(self) -> frozenset[int]:
        return NIGHT if self.person.night_owl else DAYTIME

    def _next_channel(self) -> str:
        self._contacts += 1
        if self.person.stage == "regular" and self._contacts == 2:
            # One contact elsewhere: a preference is a habit, not a rule.
            return self._rng.choice(
                [name for name in ("wechat", "app", "web_chat", "phone") if name != self.person.channel]
            )
        return self.person.channel

    def _topic_today(self) -> str:
        """Somebody in trouble asks about it; everybody else about what they always ask."""
        by_trouble = {"refunds": "refund", "overdue": "logistics", "payment": "payment"}
        return by_trouble.get(self.person.trouble) or self._usual_topic()

    def _usual_topic(self) -> str:
        by_shopping = {"price": "promotion", "quality": "product_question"}
        if self.person.shopping in by_shopping:
            return by_shopping[self.person.shopping]
        return "after_sales" if self.person.category == "beauty" else self._rng.choice(words.COMMON_TOPICS)

    def _say(self, topic: str) -> str:
        return words.say(self._rng, topic, self.person.category)

    def _past_moment(self, oldest_days: int, newest_days: int, hours: frozenset[int] = DAYTIME) -> Millis:
        return self._moment(self._now - oldest_days * DAY_MS, self._now - newest_days * DAY_MS, hours)

    def _day_moment(self, *, hours: frozenset[int] | None = None, after: Millis = 0) -> Millis:
        return self._moment(max(self._now - DAY_MS, after), self._now - 10 * MINUTE_MS, hours or frozenset(range(24)))

    def _moment(self, start: Millis, end: Millis, hours: frozenset[int]) -> Millis:
        """A moment in the span whose local hour is one of ``hours`` if the span has such an hour."""
        for _ in range(64):
            at = self._rng.randrange(start, max(end, start + 1))
            if local_hour(at) in hours:
                return at
        return self._rng.randrange(start, max(end, start + 1))
