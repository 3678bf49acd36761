"""Shows a person what is held of them: in clear, with where it is from, why it is kept, and what was concluded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.export_held import exported_decisions, lived_since, read_by
from chalicelib.flows.link_services import Linked
from chalicelib.flows.me_views import MeView, MyConsent, MyDecision, MyMeasure, MyScore, MyTag
from chalicelib.flows.open_person import OpenServices
from chalicelib.flows.own_risks import own_group, own_risks
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.show_held import show_held
from chalicelib.flows.views import ScoreView
from chalicelib.insights.shown_tags import GroupTags, tags_from_groups
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.permission import CONSENTED
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.claims import usable
from chalicelib.profiles.consents import consents_of
from chalicelib.profiles.model import Profile
from chalicelib.profiles.permitted import LEGAL
from chalicelib.segments.score_specs import score_specs
from chalicelib.store.outreach import OutreachStore
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary
from chalicelib.tags.why import why

MOST_DECISIONS = 20


class ShowServices(msgspec.Struct, frozen=True):
    """What showing needs: what opens, what answers, the tags of groups, and what was raised of people."""

    opening: OpenServices
    reading: ReadServices
    group_tags: GroupTags
    source_name: Callable[[str], str]
    """What a source is called, by its id."""
    risks: OutreachStore | None = None
    """Without one nothing is raised of anybody."""


def show_person(linked: Linked, services: ShowServices, now: Millis) -> MeView:
    """All that is held of who holds a link. Raises Unavailable."""
    profile = profile_of(linked.row, linked.body)
    held = show_held(linked.tenant, profile, linked.body, services.opening, services.source_name)
    judged = usable(profile, services.reading.catalogue.health.weights)
    tags = current_tags(judged, services.reading, now)
    tenant_id, id_of = linked.tenant.tenant_id, services.reading.index(linked.tenant).profile_id
    ids = lived_since(tenant_id, profile.profile_id, linked.body.facets, id_of, services.reading.profiles)
    outreach = services.reading.outreach()
    asked = Asked(LEGAL, linked.tenant.asked_first)
    told = describe_profile(profile, services.reading, now, asked=asked)
    known = (tenant_id, ids, services.reading.history, now)
    shown = (*tags, *tags_from_groups(services.group_tags, judged, tags, now))
    return MeView(
        company=linked.tenant.name,
        profile_id=profile.profile_id,
        state=profile.state,
        profiled=profile.is_profiled,
        first_seen=format_moment(profile.first_seen),
        last_seen=format_moment(profile.last_seen),
        summary=summary(judged, tags, services.reading.catalogue.families),
        identifiers=held.identifiers,
        held=held.values,
        measures=tuple(_measures(profile, services.reading)),
        tags=tuple(_tag(one, judged, services.reading, now) for one in shown),
        consents=tuple(_consents(profile, linked.tenant)),
        segments=told.segments,
        scores=tuple(_score(id_, one) for id_, one in told.scores.items()),
        risks=own_risks(tenant_id, ids, outreach, services.risks, now),
        control_group=own_group(profile, tenant_id, outreach),
        decisions=tuple(map(_decision, exported_decisions(*known)))[:MOST_DECISIONS],
        read_by=tuple(read_by(*known)),
        actions=linked.claims.actions,
        expires_at=format_moment(linked.claims.expires_at),
        as_of=format_moment(now),
    )


def _measures(profile: Profile, services: ReadServices) -> Iterator[MyMeasure]:
    declared = services.catalogue.measures.measures
    for name, series in sorted(profile.series.items()):
        if name in declared:
            yield MyMeasure(name, declared[name].names, series.count, format_moment(series.last_at))


def _tag(tag: Tag, profile: Profile, services: ReadServices, now: Millis) -> MyTag:
    # What a group's tag follows from is said of the group, and not of the person.
    told = None if tag.source == "group" else why(services.catalogue, profile, tag.id, now)
    return MyTag(
        tag=tag.id,
        name=tag.name,
        meaning=tag.name if told is None else told.meaning,
        confidence=tag.confidence,
        since=format_moment(tag.since),
        source=tag.source,
        why=() if told is None else tuple(one.says for one in told.signals if one.true),
    )


def _score(score_id: str, one: ScoreView) -> MyScore:
    declared, by = score_specs().get(score_id), one.top_factors
    return MyScore(
        score=score_id,
        name=Text(score_id, score_id) if declared is None else declared.names,
        value=one.value,
        confidence=one.confidence,
        label=one.label,
        raised_by=tuple(factor.name for factor in by if factor.direction == "raises"),
        lowered_by=tuple(factor.name for factor in by if factor.direction == "lowers"),
    )


def _consents(profile: Profile, tenant: Tenant) -> Iterator[MyConsent]:
    said = consents_of(profile.traits)
    for purpose in CONSENTED:
        last, assumed = said.get(purpose), purpose not in tenant.asked_first
        if last is None:
            yield MyConsent(purpose, None, assumed, None, "")
        else:
            yield MyConsent(purpose, last.granted, assumed, format_moment(last.at), last.channel)


def _decision(one: Mapping[str, Any]) -> MyDecision:
    reasons = tuple(msgspec.convert(reason["says"], Text) for reason in one["reasons"])
    return MyDecision(one["decision_id"], one["decided_at"], one["mode"], one["queue"], reasons)
