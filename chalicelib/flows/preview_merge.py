"""What a merge would do, before anybody confirms it: people, identifiers, events, tags and routes that change."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.flows.answer_route import caller_of
from chalicelib.flows.current_tags import confidences_of, current_tags
from chalicelib.flows.describe_profile import describe_identifier
from chalicelib.flows.merge_people import MergeOrder, MergePlan, plan_merge
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import IdentityServices, ReadServices
from chalicelib.flows.serving import serving
from chalicelib.flows.views import IdentifierView
from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, Profile
from chalicelib.routing.decide import decide
from chalicelib.routing.model import Decision, RouteRequest
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary

MOST_COUNTED = 10_000
"""Events of one person that a preview counts; more are told as this many."""
_TRIAL = "preview"


class Route(msgspec.Struct, frozen=True):
    """Where a person would be sent."""

    mode: str
    queue: str
    skill: str
    priority: int


class PersonBefore(msgspec.Struct, frozen=True):
    """One of the people to be merged, as they are now. ``events`` are counted up to a bound."""

    profile_id: str
    summary: Text
    identifiers: tuple[IdentifierView, ...]
    events: int
    tags: tuple[str, ...]
    route: Route


class PersonAfter(msgspec.Struct, frozen=True):
    """A person as they would be. Tags are set or cleared against the profile whose id this one has."""

    profile_id: str
    summary: Text
    identifiers: tuple[IdentifierView, ...]
    tags_set: tuple[str, ...]
    tags_cleared: tuple[str, ...]
    route: Route
    route_changes: bool


class PreviewView(msgspec.Struct, frozen=True):
    """A merge before it is confirmed. ``protections`` stand in its way; ``needs_force`` when ``force`` may go over them."""

    profile_id: str
    people: tuple[PersonBefore, ...]
    after: tuple[PersonAfter, ...]
    protections: tuple[str, ...]
    needs_force: bool
    channel: str


def preview_merge(
    order: MergeOrder, channel: str, tenant: Tenant, services: IdentityServices, reading: ReadServices, now: Millis
) -> PreviewView:
    """What ``merge_people`` would do with this order now. Raises what it raises, save for protections."""
    found = plan_merge(order, tenant, services, now)
    before = {one: _person(one, found, tenant, channel, reading, now) for one in _sides(found)}
    after = tuple(
        _after(one.row, one.body, before, tenant, channel, reading, now)
        for one in found.planned.people
        if one.is_changed or one.row.profile_id == found.profile_id
    )
    return PreviewView(
        profile_id=found.profile_id,
        people=tuple(before.values()),
        after=after,
        protections=found.broken,
        needs_force=bool(found.broken) and not order.force,
        channel=channel,
    )


def _sides(found: MergePlan) -> Sequence[str]:
    """The stored profiles whose people change."""
    return sorted({one for person in found.planned.people if person.is_changed for one in person.sources})


def _person(
    profile_id: str, found: MergePlan, tenant: Tenant, channel: str, services: ReadServices, now: Millis
) -> PersonBefore:
    row, body = found.snapshot.profile(profile_id), found.snapshot.body(profile_id)
    assert row is not None, "a source of a plan is a stored profile"
    whole = profile_of(row, body)
    profile, services = serving(whole, Asked("service", tenant.asked_first), services, now)
    tags = current_tags(profile, services, now)
    facets = body.facets
    return PersonBefore(
        profile_id=profile_id,
        summary=summary(profile, tags, services.catalogue.families),
        identifiers=_identifiers(whole),
        events=sum(services.history.count(tenant.tenant_id, one, at_most=MOST_COUNTED) for one in facets),
        tags=tuple(one.id for one in tags),
        route=_route(profile, tags, tenant, channel, services, now),
    )


def _after(
    row: ProfileRow,
    body: Body,
    before: dict[str, PersonBefore],
    tenant: Tenant,
    channel: str,
    services: ReadServices,
    now: Millis,
) -> PersonAfter:
    whole = profile_of(row, body)
    profile, services = serving(whole, Asked("service", tenant.asked_first), services, now)
    tags = current_tags(profile, services, now)
    route, had = _route(profile, tags, tenant, channel, services, now), before.get(row.profile_id)
    ids, old = {one.id for one in tags}, set(had.tags if had else ())
    return PersonAfter(
        profile_id=row.profile_id,
        summary=summary(profile, tags, services.catalogue.families),
        identifiers=_identifiers(whole),
        tags_set=tuple(sorted(ids - old)),
        tags_cleared=tuple(sorted(old - ids)),
        route=route,
        route_changes=had is None or route != had.route,
    )


def _identifiers(profile: Profile) -> tuple[IdentifierView, ...]:
    return tuple(describe_identifier(key, link) for key, link in sorted(profile.links.items()))


def _route(
    profile: Profile, tags: Sequence[Tag], tenant: Tenant, channel: str, services: ReadServices, now: Millis
) -> Route:
    """Where they would be sent if they came now. Nobody is routed, so nothing is recorded."""
    request = RouteRequest(channel=channel, purpose="service", profile_id=profile.profile_id)
    known = caller_of(profile, confidences_of(tags), services, now)
    decision: Decision = decide(services.policy, request, known, decision_id=_TRIAL, now=now, timezone=tenant.timezone)
    return Route(decision.mode, decision.queue, decision.skill, decision.priority)
