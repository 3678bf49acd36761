"""Invented customers whose truth is known, so that what the profiles say can be scored.

Everything follows from the seed and the day: the same arguments give the same people, and no two
people share an identifier.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec

from infra.demo import places

# (band, youngest, oldest, weight): the weights are roughly those of an online shop's visitors.
AGE_BANDS = (
    ("18_24", 18, 24, 22),
    ("25_29", 25, 29, 24),
    ("30_39", 30, 39, 24),
    ("40_49", 40, 49, 12),
    ("50_59", 50, 59, 8),
    ("60_plus", 60, 78, 10),
)
CHANNELS = (("wechat", 34), ("app", 22), ("web_chat", 22), ("phone", 22))
LEVELS = (("none", 30), ("silver", 28), ("gold", 22), ("platinum", 12), ("diamond", 8))
SHOPPING = (("plain", 50), ("price", 20), ("quality", 15), ("rich", 15))
MOODS = (("plain", 52), ("satisfied", 20), ("unhappy", 14), ("complainer", 14))
# One trouble at most, so that what a person's tags should be stays unambiguous.
TROUBLES = (("none", 64), ("refunds", 12), ("overdue", 12), ("payment", 12))
STAGES = (("regular", 68), ("newcomer", 16), ("lapsed", 8), ("guest", 8))


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One invented customer: identifiers, declared attributes, and the habits the traffic is drawn from.

    ``stage``: regular; newcomer (registered in the last three days); lapsed (nothing for over
    90 days); guest (never registered, known to the call centre by phone number alone).
    ``tells_birth_date``: whether registration gave it; otherwise no profile can know the age band.
    """

    index: int
    user_id: str
    member_id: str
    phone: str
    email: str
    wechat_openid: str
    anonymous_id: str
    device: str
    name: str
    gender: str
    birth_date: str
    age_band: str
    tells_birth_date: bool
    city: str
    region: str
    city_tier: int
    address: str
    member_level: str
    is_vip: bool
    stage: str
    registered_days_ago: int
    channel: str
    notify_channel: str
    night_owl: bool
    shopping: str
    mood: str
    trouble: str
    category: str
    anonymous_first: bool

    def __repr__(self) -> str:
        return f"<person {self.index}>"


def make_people(count: int, seed: int, today: date) -> tuple[Person, ...]:
    """``count`` people (1 to 9,000) as of ``today``. Raises ValueError outside that range."""
    if not 1 <= count <= 9_000:
        raise ValueError("The demo makes between 1 and 9,000 people.")
    rng = Random(f"people/{seed}")  # noqa: S311 - invented people must be repeatable, not secret
    phones = rng.sample([number for number in range(10_000) if number != 8000], count)
    codes = rng.sample(range(10**8, 10**9), count)
    return tuple(_person(index, rng, phones[index], codes[index], today) for index in range(count))


def _person(index: int, rng: Random, phone: int, code: int, today: date) -> Person:
    gender = rng.choice(("female", "male"))
    band, youngest, oldest = _age(rng)
    city = rng.choice(places.CITIES)
    stage = _drawn(rng, STAGES)
    level = _drawn(rng, LEVELS)
    quiet = stage in ("lapsed", "guest", "newcomer")
    channel = "phone" if stage == "guest" else _drawn(rng, CHANNELS)
    surname, given = (
        rng.choice(places.SURNAMES),
        rng.choice(places.GIVEN_FEMALE if gender == "female" else places.GIVEN_MALE),
    )
    return Person(
        index=index,
        user_id=f"u{code}",
        member_id=f"M{code:010d}",
        phone=f"+861380013{phone:04d}",
        email=f"{rng.choice('abcdefghjkmnpqrstwxyz')}{code}@{rng.choice(places.MAIL_DOMAINS)}",
        wechat_openid="o" + f"{rng.getrandbits(135):027x}"[:27],
        anonymous_id=f"anon-{code}-{rng.getrandbits(48):012x}",
        device=f"dev-{code}-{rng.getrandbits(48):012x}",
        name=surname + given,
        gender=gender,
        birth_date=_birth_date(rng, youngest, oldest, today).isoformat(),
        age_band=band,
        tells_birth_date=rng.random() < 0.95,
        city=city.name,
        region=city.region,
        city_tier=city.tier,
        address=f"{city.region}{city.name}{city.street}{rng.randint(1, 899)}号",
        member_level="none" if stage in ("guest", "newcomer") else level,
        is_vip=stage == "regular" and level in ("platinum", "diamond") and rng.random() < 0.8,
        stage=stage,
        registered_days_ago=rng.randint(0, 2) if stage == "newcomer" else rng.randint(150, 600),
        channel=channel,
        notify_channel=rng.choice(("sms", "wechat", "email", "app")),
        night_owl=stage == "regular" and rng.random() < 0.18,
        shopping="plain" if quiet else _drawn(rng, SHOPPING),
        mood="plain" if quiet else _drawn(rng, MOODS),
        trouble="none" if quiet else _drawn(rng, TROUBLES),
        category=rng.choice(places.CATEGORIES),
        anonymous_first=stage == "newcomer" and rng.random() < 0.7,
    )


def _age(rng: Random) -> tuple[str, int, int]:
    band = rng.choices(AGE_BANDS, [row[3] for row in AGE_BANDS])[0]
    return band[0], band[1], band[2]


def _birth_date(rng: Random, youngest: int, oldest: int, today: date) -> date:
    """A birth date whose age is in the band now, and for three weeks around now.

    Who registered long ago may have been in a younger band then, as people are.
    """
    # A margin on both sides: nobody may change their band between an event and its reading.
    days = rng.randint(int(youngest * 365.25) + 20, int((oldest + 1) * 365.25) - 20)
    return today - timedelta(days=days)


def _drawn(rng: Random, table: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([row[0] for row in table], [row[1] for row in table])[0]
