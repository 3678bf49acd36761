"""The profile as api.md writes it: masked, with its tags and a sentence that says who this is."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.describe_quality import describe_quality
from chalicelib.flows.services import ReadServices
from chalicelib.flows.tell_changes import is_segment
from chalicelib.flows.views import (
    IdentifierView,
    MaskedPath,
    MeasureView,
    ProfileView,
    SegmentView,
    TagView,
    TraitView,
)
from chalicelib.identity.blind_index import namespace_of
from chalicelib.insights.shown_tags import NOTHING, GroupTags, tags_from_groups
from chalicelib.kernel.amounts import format_amount
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.claims import usable
from chalicelib.profiles.model import Link, Profile, Series, Trait
from chalicelib.profiles.pins import is_beside
from chalicelib.profiles.values import values
from chalicelib.tags.judging import judged
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary

MASKED_REASON = "sealed"
"""Why a value is masked here: this function holds no key that opens it."""
_WINDOWS = ("count_7d", "count_30d", "count_90d")


def describe_profile(
    profile: Profile, services: ReadServices, now: Millis, group_tags: GroupTags = NOTHING
) -> ProfileView:
    """The whole profile for a purpose of service."""
    profile = usable(profile, services.catalogue.health.weights)
    tags = current_tags(profile, services, now)
    traits = sorted((name, one) for name, one in profile.traits.items() if not is_beside(name))
    return ProfileView(
        profile_id=profile.profile_id,
        state=profile.state,
        generation=profile.generation,
        version=profile.version,
        first_seen=format_moment(profile.first_seen),
        last_seen=format_moment(profile.last_seen),
        summary=summary(judged(profile, services.catalogue), tags, services.catalogue.families),
        identifiers=tuple(describe_identifier(key, link) for key, link in sorted(profile.links.items())),
        traits={name: _trait(trait, profile.filled.get(name, "")) for name, trait in traits},
        measures=_measures(profile, services, now),
        tags=tuple(map(describe_tag, (*tags, *tags_from_groups(group_tags, profile, tags, now)))),
        quality=describe_quality(profile, services.catalogue.health, now),
        masked=tuple(MaskedPath(f"traits.{name}", MASKED_REASON) for name, trait in traits if trait.masked is not None),
        as_of=format_moment(now),
        segments=tuple(SegmentView(tag.id, tag.name, format_moment(tag.since)) for tag in tags if is_segment(tag)),
    )


def describe_tag(tag: Tag) -> TagView:
    """A tag as api.md writes it, with times as text."""
    return TagView(
        id=tag.id,
        name=tag.name,
        class_=tag.class_,
        dimension=tag.dimension,
        value=tag.value,
        confidence=tag.confidence,
        since=format_moment(tag.since),
        expires_at=None if tag.expires_at is None else format_moment(tag.expires_at),
        source=tag.source,
    )


def describe_identifier(key: str, link: Link) -> IdentifierView:
    """An identifier as api.md writes it: masked, with the times it was seen."""
    # Of one among very many only the first or the last sighting is kept.
    first, last = link.first_seen or link.last_seen, link.last_seen or link.first_seen
    return IdentifierView(namespace_of(key), link.masked, format_moment(first), format_moment(last))


def _trait(trait: Trait, instead_of: str) -> TraitView:
    sealed = trait.masked is not None
    return TraitView(
        value=trait.masked if sealed else trait.value,
        source=trait.source,
        observed_at=format_moment(trait.observed_at),
        masked=sealed,
        filled=bool(instead_of),
        instead_of=instead_of,
    )


def _measures(profile: Profile, services: ReadServices, now: Millis) -> dict[str, MeasureView]:
    names = sorted(profile.series)
    nested = values(profile, [f"m.{name}.{stat}" for name in names for stat in _WINDOWS], now)
    money = services.catalogue.measures.money
    return {name: _measure(profile.series[name], nested["m"][name], name in money) for name in names}


def _measure(series: Series, windows: Mapping[str, int], money: bool) -> MeasureView:
    return MeasureView(
        count=series.count,
        count_7d=windows["count_7d"],
        count_30d=windows["count_30d"],
        count_90d=windows["count_90d"],
        sum=format_amount(series.total) if money else series.total,
        max=format_amount(series.largest) if money else series.largest,
        first_at=format_moment(series.first_at),
        last_at=format_moment(series.last_at),
    )
