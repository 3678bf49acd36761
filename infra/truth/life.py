"""How a life is lived, day by day: what somebody does goes into the ledger, and whoever looks may read it there."""

from __future__ import annotations

from random import Random
from typing import Any

from infra.truth.ledger import Deed
from infra.truth.moments import DAY_MS, DAYS, END, FIRST_DAY, HOUR_MS, MINUTE_MS, Millis, local_day, midnight
from infra.truth.persona import Persona

HOURS = {
    "day": (9, 10, 11, 12, 13, 14, 15, 16, 17),
    "night": (22, 23, 0, 1, 2),
    "morning": (6, 7, 8, 9, 10),
    "evening": (18, 19, 20, 21),
}
ANY_HOUR = tuple(range(7, 23))
CHANNELS = ("wechat", "phone", "web_chat", "app", "email", "sms")


OF_THE_COMPANY = frozenset(
    {"sent", "delivered", "refunded", "cancelled", "complaint_settled", "ticket_solved", "claim_settled"}
    | {"loan_granted", "loan_refused", "network_back", "system_back", "request_granted", "request_refused"}
)
"""What goes on when a customer has gone away: it was begun before."""


class Life:
    """One person's deeds as they come about. The methods draw; ``deeds`` is the outcome."""

    def __init__(self, who: Persona, rng: Random) -> None:
        self.who = who
        self.rng = rng
        self.deeds: list[Deed] = []
        self._serial = 0

    def did(self, what: str, at: Millis, by: str = "", *, contact: bool = False, **more: Any) -> Millis:
        """Something happened, unless it lies past the end of the story or of the person's stay. Returns its moment."""
        if at <= END and (what in OF_THE_COMPANY or at < midnight(self.who.last_day) + DAY_MS):
            self.deeds.append(Deed(what, at, by, more, contact))
        return at

    def ref(self, prefix: str) -> str:
        """A name for an order, a ticket and so on that nobody else has."""
        self._serial += 1
        return f"{prefix}-{self.who.key}-{self._serial}"

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.rng.random() < share

    def drawn(self, **table: int) -> str:
        """One of the words, by weight."""
        return self.rng.choices(list(table), list(table.values()))[0]

    def moment(self, day: int, hours: tuple[int, ...] | None = None) -> Millis:
        """A moment of a day, in the hours the person keeps to unless others are told."""
        if hours is None:
            hours = HOURS[self.who.hours] if self.chance(self.who.steadfast) else ANY_HOUR
        return midnight(day) + self.rng.choice(hours) * HOUR_MS + self.rng.randrange(HOUR_MS)

    def after(self, at: Millis, least_hours: float, most_hours: float) -> Millis:
        """A moment so many hours later."""
        return at + int(self.rng.uniform(least_hours, most_hours) * HOUR_MS)

    def channel(self) -> str:
        """By which channel the person gets in touch this time."""
        own = self.who.channel
        return own if own != "any" and self.chance(self.who.steadfast) else self.rng.choice(CHANNELS)

    def web(self) -> str:
        """By which the person visits this time: the app or the website."""
        own = self.who.visits_by
        return own if own != "both" and self.chance(0.95) else self.rng.choice(("app", "web"))

    def feels_like(self, day: int) -> bool:
        """Whether a day of the week suits the person."""
        late = (day % 7) >= 5
        if self.who.week == "weekend":
            return late or self.chance(0.04)
        return not late if self.who.week == "workdays" else True

    def suits(self, at: Millis) -> Millis:
        """The moment at which the person gets round to something that came up: in its own hours, on its own days."""
        day = local_day(at) - FIRST_DAY
        for later in range(day, day + 7):
            then = self.moment(later)
            if then >= at and self.feels_like(later):
                return then
        return at

    def used(self, day: int, feature: str, by: str = "") -> None:
        """A function was used."""
        self.did("used", self.moment(day), by or self.web(), feature=feature)

    def viewed(self, at: Millis, by: str, category: str, path: str = "") -> None:
        """A page was looked at."""
        self.did("viewed", at, by, path=path or f"/{category or 'home'}/{self.rng.randint(1, 999)}", category=category)

    def rated(self, at: Millis, score: int, subject: str = "service", *, comment: bool = False) -> None:
        """A survey was answered."""
        text = self.rng.choice(("服务还行", "就这样吧", "处理得可以")) if comment else ""
        self.did("rated", at, "wechat", score=score, subject=subject, text=text)

    def score(self, at: Millis) -> int:
        """What the person gives for the service, by mood."""
        mood = self.who.mood
        turned = at >= midnight(DAYS - 28)
        if mood == "pleased" or (mood == "warming" and turned) or (mood == "souring" and not turned):
            return self.rng.choice((4, 5, 5, 5))
        if mood in ("displeased", "souring", "warming"):
            return self.rng.choice((1, 1, 2, 2))
        return self.rng.choice((3, 3, 3, 4))

    def ask(self, at: Millis, about: str, by: str = "", words: tuple[str, ...] = (), **more: Any) -> None:
        """The person gets in touch: by conversation, call or mail, and is helped or not."""
        who, rng = self.who, self.rng
        at, by = self.suits(at), by or self.channel()
        resolved = self.chance(0.6 if who.mood == "displeased" else 0.9)
        seconds = {"long": rng.randint(700, 2_400), "brief": rng.randint(25, 85), "usual": rng.randint(120, 480)}
        fields: dict[str, Any] = {"about": about, "words": words, "resolved": resolved} | more
        if by == "phone":
            fields |= {"seconds": seconds[who.call_length], "resolved": None}
        if by == "email":
            fields |= {"resolved": None, "messages": 1}
        elif by != "phone":
            fields["messages"] = rng.randint(6, 12) if who.chatty else rng.randint(1, 3)
            fields["passed_on"] = self.chance(0.16 if who.mood == "displeased" else 0.05)
        if by != "email":
            fields["waited"] = rng.choice((0, 0, 5, 20, 40, 240 if who.own.get("waits") else 30))
        self.did("asked", at, by, contact=True, **fields)
        if self.chance(who.rates):
            later = self.after(at, 0.3, 20)
            self.rated(later, self.score(later), comment=who.comments and self.chance(0.8))
        if fields["resolved"] is False and self.chance(0.5):
            self.ask(self.after(at, 12, 40), about, words=("urgent",) if who.temper == "impatient" else ())

    def complain(self, at: Millis, about: str = "after_sales", words: tuple[str, ...] = (), by: str = "") -> None:
        """A complaint is filed; most are settled within days."""
        ref = self.ref("k")
        self.did("complained", at, by or self.channel(), case="complaint", ref=ref, about=about, words=words)
        if self.chance(0.96):
            self.did("complaint_settled", self.after(at, 6, 160), "desk", case="complaint", ref=ref)

    def ticket(self, at: Millis, about: str, by: str = "", **more: Any) -> str:
        """A ticket is opened for the person; most are solved within two days, and some come back."""
        ref, by = self.ref("t"), by or self.channel()
        slow = more.pop("slow", 0.12)
        self.did("ticket_opened", at, by, contact=True, case="ticket", ref=ref, about=about, **more)
        done = self.after(at, 50, 600) if self.chance(slow) else self.after(at, 1, 40)
        self.did("ticket_solved", done, "desk", case="ticket", ref=ref)
        if self.chance(0.4 if self.who.own.get("fixes_fail") else 0.06):
            again = self.did("ticket_reopened", self.after(done, 2, 60), by, case="ticket", ref=ref)
            self.did("ticket_solved", self.after(again, 3, 60), "desk", case="ticket", ref=ref)
        if self.chance(0.6 * self.who.rates):
            later = self.after(done, 0.5, 20)
            self.rated(later, self.score(later), comment=self.who.comments and self.chance(0.8))
        return ref


def minutes(count: int) -> int:
    """So many minutes in milliseconds."""
    return count * MINUTE_MS
