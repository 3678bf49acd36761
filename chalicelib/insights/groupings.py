"""Which groups somebody belongs to: region, member level, age band, segment, last channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from chalicelib.events.types import CHANNELS
from chalicelib.privacy import derive
from chalicelib.privacy.fields import FIELDS
from chalicelib.profiles.model import Profile

type Grouping = Literal["region", "member_level", "age_band", "segment", "channel"]

GROUPINGS: tuple[Grouping, ...] = ("region", "member_level", "age_band", "segment", "channel")
CROWD = "crowd"
"""The group that everybody belongs to."""
UNKNOWN = "unknown"
OTHER = "other"
"""What is stated and is none of the known values: groups must be few, and a free text may name somebody."""
SEGMENTS: tuple[str, ...] = (
    "vip",
    "churn_risk",
    "high_value",
    "newcomer",
    "potential",
    "high_purchasing_power",
    "repeat_buyer",
)
"""Tags in order: a person counts to the first one that is set."""


def segment_of(tag_ids: Collection[str], segments: Sequence[str] = SEGMENTS) -> str:
    """The first segment of the list among somebody's tags."""
    return next((one for one in segments if one in tag_ids), OTHER)


def region_of(profile: Profile) -> str:
    """The province, or the country where it is not China; never the text as a source wrote it."""
    stated, country = _clear(profile, "region"), _clear(profile, "country")
    place = None if stated is None else _province(stated)
    if place is not None:
        return place
    if country is not None and country != "CN":
        return country
    return UNKNOWN if stated is None else OTHER


def groups_of(profile: Profile, tag_ids: Collection[str]) -> Mapping[str, str]:
    """Grouping → value, each from a list that is known beforehand."""
    last = max(profile.channels.items(), key=lambda one: (one[1], one[0]), default=(UNKNOWN, 0))[0]
    return {
        "region": region_of(profile),
        "member_level": _declared(profile, "member_level"),
        "age_band": _declared(profile, "age_band"),
        "segment": segment_of(tag_ids),
        "channel": last if last in CHANNELS or last == UNKNOWN else OTHER,
    }


def key_of(grouping: str, value: str) -> str:
    """The key of a group: ``region:上海``."""
    return f"{grouping}:{value}"


def _declared(profile: Profile, name: str) -> str:
    value = _clear(profile, name)
    if value is None:
        return UNKNOWN
    return value if value in (FIELDS[name].values or ()) else OTHER


def _clear(profile: Profile, name: str) -> str | None:
    trait = profile.traits.get(name)
    known = trait is not None and trait.masked is None and isinstance(trait.value, str)
    return str(trait.value) if trait is not None and known else None


@lru_cache(maxsize=1_024)
def _province(place: str) -> str | None:
    return derive.region(place)
