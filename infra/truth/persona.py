"""Who the invented people are: hidden traits that no event states and that all they do follows from."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

import msgspec

from infra.truth.moments import DAYS

type Trade = Literal["retail", "finance", "telecom", "it_desk"]
TRADES: tuple[Trade, ...] = ("retail", "finance", "telecom", "it_desk")

AGES = (
    ("14_17", 15, 17, 6),
    ("18_24", 19, 24, 20),
    ("25_29", 25, 29, 18),
    ("30_39", 30, 39, 20),
    ("40_49", 40, 49, 12),
    ("50_59", 50, 59, 8),
    ("60_plus", 60, 78, 16),
)
OCCUPATIONS = ("student", "employee", "public_sector", "self_employed", "manual", "homemaker", "retired", "other")
FAMILIES = ("single", "couple", "young_children", "school_children", "grown_children")


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """One invented person.

    ``stage``: settled (known for long), new (came within the 90 days or shortly before), leaving (goes away on day
    ``last_day``), gone (went before the 90 days) or stranger (never says who it is). ``own`` are the traits that
    only the trade knows.
    """

    index: int
    trade: Trade
    stage: str
    first_day: int
    last_day: int
    gender: str
    born_year: int
    age_band: str
    city_tier: int
    language: str
    abroad: bool
    occupation: str
    family: str
    company: bool
    notify: str
    member_level: str
    is_vip: bool
    device_os: str
    devices: int
    channel: str
    steadfast: float
    hours: str
    week: str
    contacts_a_week: float
    contact_trend: str
    visits_a_week: float
    visit_trend: str
    visits_by: str
    change_day: int
    temper: str
    mood: str
    rates: float
    comments: bool
    bot: str
    marketing: str
    self_service: bool
    price_minded: bool
    quality_minded: bool
    privacy_minded: bool
    cautious: bool
    follows_opinion: bool
    wants_it_easy: bool
    suggests: bool
    chatty: bool
    call_length: str
    explorer: bool
    subscriber: str
    own: dict[str, Any]

    def __repr__(self) -> str:
        return f"<{self.trade} persona {self.index}>"

    @property
    def key(self) -> str:
        """What the person is called in identifiers."""
        return f"{self.trade}-{self.index}"


def drawn(rng: Random, *table: tuple[str, int]) -> str:
    """One of the words, by weight."""
    return rng.choices([row[0] for row in table], [row[1] for row in table])[0]


def chance(rng: Random, share: float) -> bool:
    """True with this probability."""
    return rng.random() < share


def persona(rng: Random, index: int, trade: Trade, own: dict[str, Any]) -> Persona:
    """Somebody of a trade, drawn."""
    stage = drawn(rng, ("settled", 62), ("new", 14), ("leaving", 12), ("gone", 8), ("stranger", 4))
    if stage in ("stranger", "gone") and trade == "it_desk":
        stage = "settled"
    first, last = _span(rng, stage)
    band, youngest, oldest = _age(rng, trade)
    named = stage != "stranger"
    who = Persona(
        index=index,
        trade=trade,
        stage=stage,
        first_day=first,
        last_day=last,
        born_year=2026 - rng.randint(youngest, oldest),
        age_band=band if named else "",
        own=own,
        **_standing(rng, named),
        **_ways(rng),
        **_mind(rng),
    )
    return msgspec.structs.replace(who, **own.get("ways", {}), **({"member_level": "none"} if stage == "new" else {}))


def _span(rng: Random, stage: str) -> tuple[int, int]:
    if stage in ("new", "stranger"):
        return rng.randint(DAYS - 100, DAYS - 4), DAYS
    first = -rng.randint(100, 620)
    if stage == "leaving":
        return first, rng.randint(5, DAYS - 20)
    if stage == "gone":
        return -rng.randint(420, 620), -rng.randint(3, 330)
    return first, DAYS


def _age(rng: Random, trade: Trade) -> tuple[str, int, int]:
    bands = [row for row in AGES if row[0] != "14_17" or trade in ("retail", "telecom")]
    band = rng.choices(bands, [row[3] for row in bands])[0]
    return band[0], band[1], band[2]


def _standing(rng: Random, named: bool) -> dict[str, Any]:
    level = drawn(rng, ("none", 40), ("silver", 24), ("gold", 18), ("platinum", 11), ("diamond", 7)) if named else ""
    return {
        "gender": rng.choice(("female", "male")) if named else "",
        "city_tier": rng.randint(1, 5) if named else 0,
        "language": drawn(rng, ("zh", 88), ("en", 8), ("ja", 4)) if named else "",
        "abroad": named and chance(rng, 0.08),
        "occupation": rng.choice(OCCUPATIONS) if named else "",
        "family": rng.choice(FAMILIES) if named else "",
        "company": named and chance(rng, 0.1),
        "notify": drawn(rng, ("sms", 30), ("wechat", 25), ("email", 15), ("app", 20), ("phone", 10)) if named else "",
        "member_level": level,
        "is_vip": level in ("platinum", "diamond") and chance(rng, 0.8),
        "device_os": drawn(rng, ("ios", 40), ("android", 45), ("harmonyos", 15)),
        "devices": int(drawn(rng, ("1", 55), ("2", 30), ("4", 15))),
        "marketing": drawn(rng, ("given", 40), ("withdrawn", 15), ("never", 45)) if named else "never",
        "subscriber": drawn(rng, ("no", 70), ("steady", 12), ("renewing", 8), ("ending", 5), ("lapsed", 5)),
    }


def _ways(rng: Random) -> dict[str, Any]:
    return {
        "channel": drawn(
            rng, ("wechat", 26), ("phone", 18), ("web_chat", 16), ("app", 16), ("email", 10), ("sms", 6), ("any", 8)
        ),
        "steadfast": rng.choice((0.85, 0.95, 1.0)),
        "hours": drawn(rng, ("day", 46), ("night", 18), ("morning", 18), ("evening", 18)),
        "week": drawn(rng, ("any", 60), ("weekend", 18), ("workdays", 22)),
        "contacts_a_week": rng.choice((0.08, 0.35, 0.35, 0.8, 1.4)),
        "contact_trend": drawn(rng, ("even", 76), ("surge", 10), ("drop", 14)),
        "visits_a_week": rng.choice((0.0, 0.4, 2.0, 2.0, 6.0)),
        "visit_trend": drawn(rng, ("even", 74), ("surge", 11), ("drop", 15)),
        "change_day": rng.randint(30, DAYS - 6),
        "visits_by": drawn(rng, ("app", 42), ("web", 42), ("both", 16)),
        "call_length": drawn(rng, ("usual", 56), ("long", 22), ("brief", 22)),
        "chatty": chance(rng, 0.16),
        "self_service": chance(rng, 0.25),
        "explorer": chance(rng, 0.15),
        "bot": drawn(rng, ("never", 60), ("uses", 22), ("refuses", 18)),
    }


def _mind(rng: Random) -> dict[str, Any]:
    return {
        "temper": drawn(rng, ("calm", 58), ("impatient", 14), ("complains", 14), ("threatens", 14)),
        "mood": drawn(rng, ("plain", 34), ("pleased", 28), ("displeased", 18), ("souring", 10), ("warming", 10)),
        "rates": rng.choice((0.0, 0.25, 0.9)),
        "comments": chance(rng, 0.4),
        "price_minded": chance(rng, 0.22),
        "quality_minded": chance(rng, 0.2),
        "privacy_minded": chance(rng, 0.1),
        "cautious": chance(rng, 0.15),
        "follows_opinion": chance(rng, 0.14),
        "wants_it_easy": chance(rng, 0.14),
        "suggests": chance(rng, 0.12),
    }
