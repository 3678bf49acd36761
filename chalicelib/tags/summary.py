"""One sentence about a person, from what is clear and what is tagged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from chalicelib.kernel.texts import Text
from chalicelib.profiles.model import Profile
from chalicelib.tags.families import Families
from chalicelib.tags.model import Tag

MOST_CLAUSES = 3

_CHANNELS: Mapping[str, Text] = {
    "wechat": Text("微信", "WeChat"),
    "phone": Text("电话", "phone"),
    "web": Text("网站", "the website"),
    "web_chat": Text("网页聊天", "web chat"),
    "app": Text("App", "the app"),
    "sms": Text("短信", "SMS"),
    "email": Text("邮件", "e-mail"),
    "shop": Text("门店", "a shop"),
    "desk": Text("客服台", "the service desk"),
}
_LEVELS: Mapping[str, Text] = {
    "silver": Text("银卡会员", "silver member"),
    "gold": Text("金卡会员", "gold member"),
    "platinum": Text("铂金会员", "platinum member"),
    "diamond": Text("钻石会员", "diamond member"),
}
_GENDERS: Mapping[str, Text] = {"female": Text("女性", "woman"), "male": Text("男性", "man")}
_AGES: Mapping[str, Text] = {
    "under_14": Text("14岁以下", "under 14"),
    "60_plus": Text("60岁以上", "60 or over"),
}

_HOW_TO_REACH = "prefers_"
"""How the ids begin of the tags that say by what channel somebody wants to be reached."""
_SLOTS: Sequence[Callable[[Tag], bool]] = (
    lambda tag: tag.dimension == "needs",
    lambda tag: tag.class_ == "complaint_risk",
    lambda tag: tag.id.startswith(_HOW_TO_REACH),
    lambda tag: tag.class_ == "channel_preference",
    lambda tag: tag.dimension == "psychology",
    lambda tag: tag.class_ in {"service_evaluation", "contact_volume"},
    lambda tag: tag.class_ == "customer_group",
)
"""What a sentence says first while it has room: one clause of each, then more of the surest."""
_ORDER = ("psychology", "needs", "business_state", "behaviour")
_SAID_BY_SUBJECT = frozenset({"vip", "newcomer"})


def summary(profile: Profile, tags: Iterable[Tag], families: Families | None = None) -> Text:
    """A sentence in both languages; sensible also where little is known. Reads clear traits only.

    ``families`` tell which tags others imply: those go without saying.
    """
    if not profile.is_profiled:
        return Text("不参与画像的客户", "A customer who is not profiled")
    tags = tuple(tags)
    if families is not None:
        implied = frozenset(above for tag in tags for above in families.ancestors(tag.id))
        tags = tuple(tag for tag in tags if tag.id not in implied or tag.id in _SAID_BY_SUBJECT)
    chosen = _chosen(tag for tag in tags if not _said_by_subject(tag))
    said = [tag.phrase for tag in chosen]
    knows_channel = any(tag.class_ == "channel_preference" for tag in chosen)
    if len(said) < MOST_CLAUSES and not knows_channel and (origin := _origin(profile)) is not None:
        said.insert(0, origin)
    subject = _subject(profile, {tag.id for tag in tags})
    if subject is None:
        subject = Text("了解不多的客户", "a customer we know little about") if not said else Text("客户", "customer")
    clauses = [subject, *said]
    english = ", ".join(clause.en for clause in clauses)
    return Text(zh="，".join(clause.zh for clause in clauses), en=english[:1].upper() + english[1:])


def _said_by_subject(tag: Tag) -> bool:
    """Whether who it is tells it: age and sex, level, newness; where people live fills no sentence."""
    return tag.class_ == "customer_attributes" or tag.dimension == "demographics" or tag.id in _SAID_BY_SUBJECT


def _chosen(tags: Iterable[Tag]) -> list[Tag]:
    """The tags worth a clause: the surest of each slot in turn, then told in a settled order."""
    left = sorted(tags, key=lambda tag: (-tag.confidence, tag.id))
    chosen: list[Tag] = []
    for slot in _SLOTS:
        first = next((tag for tag in left if slot(tag) and tag not in chosen), None)
        if first is not None and len(chosen) < MOST_CLAUSES:
            chosen.append(first)
    chosen += [tag for tag in left if tag not in chosen][: MOST_CLAUSES - len(chosen)]
    return sorted(chosen, key=lambda tag: (tag.class_ == "channel_preference", _ORDER.index(tag.dimension)))


def _subject(profile: Profile, ids: set[str]) -> Text | None:
    gender, age = _GENDERS.get(_clear(profile, "gender")), _age(_clear(profile, "age_band"))
    kind = _kind(profile, ids)
    if gender is None and age is None and kind is None:
        return None
    zh = "".join(part.zh for part in (age, gender, kind or Text("客户", "")) if part is not None)
    return Text(zh=zh, en=", ".join(_english(gender, age, kind)))


def _english(gender: Text | None, age: Text | None, kind: Text | None) -> Iterator[str]:
    if gender is not None or age is not None:
        person = gender.en if gender is not None else "customer"
        yield person if age is None else f"{person} aged {age.en}"
    if kind is not None:
        yield kind.en


def _kind(profile: Profile, ids: set[str]) -> Text | None:
    if "vip" in ids:
        return Text("VIP客户", "VIP")
    level = _LEVELS.get(_clear(profile, "member_level"))
    return level or (Text("新客户", "new customer") if "newcomer" in ids else None)


def _age(band: str) -> Text | None:
    low, _, high = band.partition("_")
    if low.isdecimal() and high.isdecimal():
        return Text(f"{low}–{high}岁", f"{low}–{high}")
    return _AGES.get(band)


def _origin(profile: Profile) -> Text | None:
    """The channel a person was last seen on."""
    known = [(at, channel) for channel, at in profile.channels.items() if channel in _CHANNELS]
    if not known:
        return None
    name = _CHANNELS[max(known)[1]]
    return Text(f"来自{name.zh}", f"from {name.en}")


def _clear(profile: Profile, name: str) -> str:
    trait = profile.traits.get(name)
    clear = trait is not None and trait.masked is None and isinstance(trait.value, str)
    return str(trait.value) if trait is not None and clear else ""
