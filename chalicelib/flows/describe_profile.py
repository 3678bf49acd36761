"""The profile as api.md writes it: for a purpose, masked, with its tags and a sentence that says who this is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.flows.consent_words import words_of
from chalicelib.flows.describe_judged import judged_for, scores_of, segments_of
from chalicelib.flows.describe_quality import describe_quality
from chalicelib.flows.for_purpose import for_purpose, tags_for
from chalicelib.flows.models import NO_MODELS
from chalicelib.flows.services import ReadServices
from chalicelib.flows.tell_changes import is_segment
from chalicelib.flows.views import (
    IdentifierView,
    MaskedPath,
    MeasureView,
    ProfileView,
    Quality,
    SegmentView,
    TagsView,
    TagView,
    TraitView,
)
from chalicelib.identity.blind_index import namespace_of
from chalicelib.insights.shown_tags import NOTHING, GroupTags
from chalicelib.insights.shown_tags import SOURCE as GROUP
from chalicelib.kernel.amounts import format_amount
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.asked import FOR_SERVICE, Asked
from chalicelib.profiles.model import Link, Profile, Series, Trait
from chalicelib.profiles.pins import is_beside
from chalicelib.profiles.values import values
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary

MASKED_REASON = "sealed"
"""Why a value is masked here: this function holds no key that opens it."""
UNTOLD = Quality(completeness=0.0, freshness_seconds=0, accuracy=None)
_WINDOWS = ("count_7d", "count_30d", "count_90d")


def describe_profile(
    profile: Profile,
    services: ReadServices,
    now: Millis,
    group_tags: GroupTags = NOTHING,
    asked: Asked = FOR_SERVICE,
) -> ProfileView:
    """A profile for a purpose. What is withheld is in no part of it; why, ``masked`` says."""
    seen = for_purpose(profile, asked, services, now)
    may, shown = seen.permitted, seen.profile
    tags = tags_for(seen, now, group_tags)
    own = [tag for tag in tags if tag.source != GROUP]
    traits = sorted((name, one) for name, one in shown.traits.items() if not is_beside(name))
    judged = judged_for(seen, asked.purpose, now)
    sealed = [MaskedPath(f"traits.{name}", MASKED_REASON) for name, trait in traits if trait.masked is not None]
    return ProfileView(
        profile_id=profile.profile_id,
        state=profile.state,
        generation=profile.generation,
        version=profile.version,
        first_seen=None if may.closed else format_moment(shown.first_seen),
        last_seen=None if may.closed else format_moment(shown.last_seen),
        summary=summary(shown, own, seen.services.catalogue.families),
        identifiers=tuple(describe_identifier(key, link) for key, link in sorted(may.identifiers.items())),
        traits={name: _trait(trait, shown.filled.get(name, "")) for name, trait in traits},
        measures=_measures(shown, services, now),
        tags=tuple(map(describe_tag, tags)),
        quality=UNTOLD if may.closed else describe_quality(shown, services.catalogue.health, now),
        masked=(*sealed, *(MaskedPath(one.path, one.reason) for one in seen.withheld)),
        as_of=format_moment(now),
        segments=(
            *(SegmentView(tag.id, tag.name, format_moment(tag.since)) for tag in own if is_segment(tag)),
            *segments_of(judged, services.segmentations() if judged else {}),
        ),
        scores=scores_of(judged, seen, services.models() if judged else NO_MODELS, services.catalogue.measures),
        consents=words_of(profile.traits),
    )


def describe_tags(
    profile: Profile,
    services: ReadServices,
    now: Millis,
    group_tags: GroupTags,
    asked: Asked,
    scenes: Collection[str] = (),
) -> TagsView:
    """The tags of somebody that serve a purpose, as they weigh in these scenes."""
    seen = for_purpose(profile, asked, services, now)
    withheld = (one for one in seen.withheld if one.path == "tags")
    return TagsView(
        profile_id=profile.profile_id,
        tags=tuple(map(describe_tag, tags_for(seen, now, group_tags, scenes))),
        as_of=format_moment(now),
        masked=tuple(MaskedPath(one.path, one.reason) for one in withheld),
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
