"""How well profiles match the truth the people were made from: precision and recall per attribute.

A trait answers or does not: precision is right ÷ answered, recall right ÷ all. A tag is set or
not: precision is rightly set ÷ set, recall rightly set ÷ those who should have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from infra.demo.people import Person
from infra.scores import Counted

type Truth = Callable[[Person], bool]

TRAITS: Mapping[str, Callable[[Person], Any]] = {
    "gender": lambda person: person.gender,
    "age_band": lambda person: person.age_band,
    "region": lambda person: person.region,
    "city_tier": lambda person: person.city_tier,
    "member_level": lambda person: person.member_level,
    "is_vip": lambda person: person.is_vip,
    "notify_channel": lambda person: person.notify_channel,
}

TAGS: Mapping[str, Truth] = {
    "female": lambda person: person.gender == "female",
    "male": lambda person: person.gender == "male",
    "young_adult": lambda person: person.age_band in ("18_24", "25_29"),
    "elderly": lambda person: person.age_band == "60_plus",
    "member": lambda person: person.member_level != "none",
    "high_tier_member": lambda person: person.member_level in ("platinum", "diamond"),
    "vip": lambda person: person.is_vip,
    "newcomer": lambda person: person.stage == "newcomer",
    "silent": lambda person: person.stage == "lapsed",
    "prefers_wechat": lambda person: person.channel == "wechat",
    "prefers_app": lambda person: person.channel == "app",
    "prefers_web_chat": lambda person: person.channel == "web_chat",
    "prefers_phone": lambda person: person.channel == "phone",
    "night_contact": lambda person: person.night_owl,
    "satisfied": lambda person: person.mood == "satisfied",
    "recent_low_score": lambda person: person.mood == "unhappy",
    "open_complaint": lambda person: person.mood == "complainer",
    "repeat_complainer": lambda person: person.mood == "complainer",
    "refund_prone": lambda person: person.trouble == "refunds",
    "delivery_overdue": lambda person: person.trouble == "overdue",
    "payment_trouble": lambda person: person.trouble == "payment",
    "high_purchasing_power": lambda person: person.shopping == "rich",
    "price_sensitive": lambda person: person.shopping == "price",
    "quality_sensitive": lambda person: person.shopping == "quality",
    "beauty_after_sales": lambda person: person.category == "beauty" and person.shopping in ("plain", "rich"),
}

# A habit needs contacts: people of one single contact and people long gone have none to find.
_HABIT_TAGS = frozenset(name for name in TAGS if name.startswith("prefers_")) | {"night_contact", "beauty_after_sales"}


class Score(Counted, frozen=True, kw_only=True):
    """Counts for one attribute. ``found``: answered or set; ``true``: those it should be found for."""

    name: str
    kind: str


def match(people: Sequence[Person], profiles: Mapping[int, Any]) -> tuple[Score, ...]:
    """A score per trait and tag. ``profiles`` holds the answers by the person's index; absent ones count as misses."""
    registered = [person for person in people if person.stage != "guest"]
    traits = (_trait_score(name, truth, registered, profiles) for name, truth in TRAITS.items())
    tags = (_tag_score(name, truth, _judged(name, people), profiles) for name, truth in TAGS.items())
    return (*traits, *tags)


def overall(scores: Iterable[Score]) -> Score:
    """All attributes pooled, each finding counting once."""
    pooled = list(scores)
    return Score(
        name="overall",
        kind="",
        right=sum(score.right for score in pooled),
        found=sum(score.found for score in pooled),
        true=sum(score.true for score in pooled),
    )


def _judged(name: str, people: Sequence[Person]) -> list[Person]:
    if name in _HABIT_TAGS:
        return [person for person in people if person.stage in ("regular", "guest")]
    return [person for person in people if person.stage != "guest"]


def _trait_score(
    name: str, truth: Callable[[Person], Any], people: Sequence[Person], profiles: Mapping[int, Any]
) -> Score:
    answers = [
        (truth(person), profiles.get(person.index, {}).get("traits", {}).get(name, {}).get("value"))
        for person in people
    ]
    return Score(
        name=name,
        kind="trait",
        right=sum(_same(said, meant) for meant, said in answers),
        found=sum(said is not None for _, said in answers),
        true=len(answers),
    )


def _tag_score(name: str, truth: Truth, people: Sequence[Person], profiles: Mapping[int, Any]) -> Score:
    is_set = {
        person.index: any(tag["id"] == name for tag in profiles.get(person.index, {}).get("tags", ()))
        for person in people
    }
    return Score(
        name=name,
        kind="tag",
        right=sum(is_set[person.index] and truth(person) for person in people),
        found=sum(is_set.values()),
        true=sum(truth(person) for person in people),
    )


def _same(said: object, meant: object) -> bool:
    if isinstance(meant, str) and isinstance(said, str):
        # 广东 and 广东省 are one place.
        return said.removesuffix("省").removesuffix("市") == meant
    return type(said) is type(meant) and said == meant
