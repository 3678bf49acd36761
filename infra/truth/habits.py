"""What people of every trade do of a day: visit, get in touch, complain, subscribe, fail to pay."""

from __future__ import annotations

from collections.abc import Mapping

from infra.truth.life import HOURS, Life, minutes
from infra.truth.moments import Millis
from infra.truth.persona import Persona

TOPICS: Mapping[str, tuple[str, ...]] = {
    "retail": (
        "logistics",
        "after_sales",
        "refund",
        "return",
        "product_question",
        "usage",
        "account",
        "invoice",
        "payment",
    ),
    "finance": ("account", "card", "fee", "payment", "usage", "invoice"),
    "telecom": ("account", "bill", "tariff", "usage", "payment", "invoice"),
    "it_desk": ("usage", "access", "software"),
}
"""What people ask about when nothing else is on their minds."""
_ON_THEIR_MIND = (
    ("impatient", "urgent", 0.6),
    ("threatens", "threat", 0.35),
    ("threatens", "public", 0.15),
    ("complains", "compensation", 0.25),
)


def words_of(life: Life) -> tuple[str, ...]:
    """The kinds of words that slip in when this person writes; a few slip in for anybody."""
    who = life.who
    said = [word for temper, word, share in _ON_THEIR_MIND if who.temper == temper and life.chance(share)]
    for has, word in (
        (who.privacy_minded, "privacy"),
        (who.cautious, "caution"),
        (who.follows_opinion, "opinion"),
        (who.wants_it_easy, "easy"),
        (who.suggests, "suggestion"),
        (who.bot == "refuses", "human"),
        (who.price_minded, "price"),
    ):
        if life.chance(0.5 if has else 0.002):
            said.append(word)
    if life.chance(0.03):
        said.append("urgent")
    return tuple(dict.fromkeys(said))


def topic_of(life: Life) -> str:
    """What the person asks about this time."""
    who = life.who
    if who.price_minded and life.chance(0.45):
        return "promotion"
    if who.quality_minded and life.chance(0.6):
        return "product_question"
    if who.own.get("broken_goods") and life.chance(0.4):
        return "fault"
    return life.rng.choice(TOPICS[who.trade])


def factor(who: Persona, trend: str, day: int) -> float:
    """How much more or less of it there is on a day, for those whose habits change."""
    lately = day >= who.change_day
    return {"surge": 3.5 if lately else 0.7, "drop": 0.1 if lately else 1.4, "even": 1.0}[trend]


def visit(life: Life, day: int) -> None:
    """Visits of the app or the website, with the pages looked at."""
    who = life.who
    if day < -15 or not life.chance(who.visits_a_week / 7 * factor(who, who.visit_trend, day)):
        return
    by = life.web()
    at = life.did("visited", life.moment(day), by)
    for step in range(life.rng.randint(1, 4)):
        life.viewed(at + minutes(1 + 3 * step), by, _category(life))
    if life.chance(0.25):
        life.did("searched", at + minutes(2), by, query=life.rng.choice(("怎么用", "营业时间", "新品")))
    if who.self_service and life.chance(0.6):
        life.did("used", at + minutes(5), by, feature=life.rng.choice(("faq", "help_center")))
    if who.explorer:
        for _ in range(life.rng.randint(2, 5)):
            life.did("used", at + minutes(6), by, feature=life.rng.choice(("themes", "scan", "widgets", "voice")))


def _category(life: Life) -> str:
    who = life.who
    if who.price_minded and life.chance(0.3):
        return life.rng.choice(("promotion", "sale"))
    interests = who.own.get("interests", ()) if who.own.get("kind") != "impulse" else ()
    return life.rng.choice(interests) if interests and life.chance(0.6) else ""


def get_in_touch(life: Life, day: int) -> None:
    """Questions to the service."""
    who = life.who
    rate = who.contacts_a_week / 7 * factor(who, who.contact_trend, day)
    if who.trade == "it_desk":
        rate *= 0.3
    if life.feels_like(day) and life.chance(rate * {"any": 1.0, "weekend": 3.0, "workdays": 1.4}[who.week]):
        at = life.moment(day)
        life.ask(at, topic_of(life), words=words_of(life), category=life.rng.choice(who.own.get("interests") or ("",)))
        if life.chance(0.08) and who.trade != "it_desk":
            life.ticket(life.after(at, 0.5, 5), topic_of(life))


def use_bot(life: Life, day: int) -> None:
    """The service bot, for those who take to it."""
    if day >= -10 and life.who.bot == "uses" and life.chance(0.12):
        life.used(day, "bot")


def lose_patience(life: Life, day: int) -> None:
    """Complaints, of those who are quick to complain and now and then of others."""
    often = life.who.temper in ("complains", "threatens")
    if life.chance(1 / 45 if often else 1 / 700):
        about = life.rng.choice(TOPICS[life.who.trade])
        life.complain(
            life.moment(day), about, words=("public",) if life.who.temper == "threatens" and life.chance(0.3) else ()
        )
        if life.chance(0.25):
            life.complain(life.moment(day + life.rng.randint(2, 10)), about)


def fail_to_pay(life: Life, day: int) -> None:
    """A payment fails, and is tried again at once."""
    if day >= 0 and life.who.trade != "it_desk" and life.chance(1 / 130):
        at = life.moment(day)
        for step in range(life.rng.randint(1, 4)):
            life.did(
                "pay_failed", at + minutes(4 * step), "app", amount="88.00", currency="CNY", reason="bank_declined"
            )


def prices_change(life: Life, day: int) -> None:
    """What the person pays for became dearer."""
    if day >= 0 and life.who.trade != "it_desk" and life.chance(1 / 200):
        life.did("price_changed", life.moment(day, HOURS["day"]), "api", amount="129.00", currency="CNY")


def subscribe(life: Life, day: int) -> None:
    """Subscriptions come, are renewed, and end."""
    who, age = life.who, day - life.who.first_day
    if who.subscriber == "no":
        return
    if age == 3 or (who.subscriber == "renewing" and age > 3 and age % 60 == 3):
        life.did("subscribed", life.moment(day), "app", plan="plus")
    if who.subscriber in ("ending", "lapsed") and day == who.own["ends_day"]:
        life.did("subscription_ending", life.moment(day - 7), "api", plan="plus")
        kept = who.subscriber == "ending"
        life.did(
            "subscribed" if kept else "subscription_ended", life.moment(day), "app" if kept else "api", plan="plus"
        )


HABITS = (visit, get_in_touch, use_bot, lose_patience, fail_to_pay, prices_change, subscribe)


def arrive(life: Life) -> None:
    """The first day: the person registers, says what it likes to say, and is entered in the company's records."""
    who = life.who
    if who.stage == "stranger":
        life.did("visited", life.moment(who.first_day), "web")
        return
    at = life.moment(who.first_day, HOURS["day"])
    life.did("described", at, "web", traits=_said(who))
    life.did("entered", at + minutes(9), "shop", traits=recorded(who))
    if who.marketing != "never":
        life.did("consented", at + minutes(12), "web", purpose="marketing")
    if who.marketing == "withdrawn":
        life.did(
            "withdrew",
            life.moment(min(who.first_day + life.rng.randint(2, 60), who.last_day)),
            "web",
            purpose="marketing",
        )


def _said(who: Persona) -> dict[str, object]:
    said: dict[str, object] = {
        "gender": who.gender,
        "language": who.language,
        "notify_channel": who.notify,
        "device_os": who.device_os,
        "occupation_band": who.occupation,
        "family_stage": who.family,
        "customer_type": "business" if who.company else "person",
        "phone": phone_of(who),
    }
    return said


def recorded(who: Persona) -> dict[str, object]:
    """What the company's own records say of the person, as they stand."""
    own: dict[str, object] = who.own.get("traits", {})
    known = {"member_level": who.member_level, "is_vip": who.is_vip, "city_tier": who.city_tier}
    return known | {"birth_date": f"{who.born_year}-02-14"} | own


def phone_of(who: Persona) -> str:
    """The person's number."""
    if who.abroad:
        return f"+4479{10_000_000 + hash_of(who) % 80_000_000:08d}"
    return f"+86139{10_000_000 + hash_of(who) % 80_000_000:08d}"


def hash_of(who: Persona) -> int:
    """A number that nobody else has, the same in every run."""
    return who.index * 4 + ("retail", "finance", "telecom", "it_desk").index(who.trade)


def daily(life: Life, day: Millis) -> None:
    """All of it."""
    for habit in HABITS:
        habit(life, day)
