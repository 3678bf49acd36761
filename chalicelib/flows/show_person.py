"""Shows a person what is held of them: in clear, with where it is from, why it is kept, and what was concluded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.link_services import Linked
from chalicelib.flows.me_views import MeView, MyConsent, MyDecision, MyMeasure, MyTag
from chalicelib.flows.open_person import OpenServices
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.show_held import show_held
from chalicelib.insights.shown_tags import GroupTags, tags_from_groups
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.permission import CONSENTED
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.claims import usable
from chalicelib.profiles.consents import consents_of
from chalicelib.profiles.model import Profile
from chalicelib.routing.model import Decision
from chalicelib.store.rows import DecisionRow
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary
from chalicelib.tags.why import why

MOST_DECISIONS = 20


class ShowServices(msgspec.Struct, frozen=True):
    """What showing needs: what opens, what answers, the tags of groups, the export's parts."""

    opening: OpenServices
    reading: ReadServices
    group_tags: GroupTags
    parts: tuple[str, ...]
    source_name: Callable[[str], str]
    """What a source is called, by its id."""


def show_person(linked: Linked, services: ShowServices, now: Millis) -> MeView:
    """All that is held of who holds a link. Raises Unavailable."""
    profile = profile_of(linked.row, linked.body)
    held = show_held(linked.tenant, profile, linked.body, services.opening, services.source_name)
    judged = usable(profile, services.reading.catalogue.health.weights)
    tags = current_tags(judged, services.reading, now)
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
        decisions=tuple(map(_decision, _latest(linked, services.reading, now))),
        actions=linked.claims.actions,
        parts=services.parts,
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


def _consents(profile: Profile, tenant: Tenant) -> Iterator[MyConsent]:
    said = consents_of(profile.traits)
    for purpose in CONSENTED:
        last, assumed = said.get(purpose), purpose not in tenant.asked_first
        if last is None:
            yield MyConsent(purpose, None, assumed, None, "")
        else:
            yield MyConsent(purpose, last.granted, assumed, format_moment(last.at), last.channel)


def _latest(linked: Linked, services: ReadServices, now: Millis) -> Sequence[DecisionRow]:
    """The latest decisions about the person, under every id that they have had."""
    id_of = services.index(linked.tenant).profile_id
    ids = {linked.row.profile_id, *map(id_of, linked.body.facets)}
    listed = partial(services.history.decisions_about, linked.tenant.tenant_id, before=now + 1, limit=MOST_DECISIONS)
    rows = [row for one in sorted(ids) for row in listed(one) if row.expires_at > now]
    return sorted(rows, key=lambda row: (row.at, row.decision_id), reverse=True)[:MOST_DECISIONS]


def _decision(row: DecisionRow) -> MyDecision:
    one = msgspec.json.decode(row.content, type=Decision)
    reasons = tuple(reason.says for reason in one.reasons)
    return MyDecision(one.decision_id, one.decided_at, one.mode, one.queue, reasons)
