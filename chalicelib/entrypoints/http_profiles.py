"""Reading profiles: who this is, by id or by identifiers, always masked."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import past_services, read_services, tenant_of
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, check_purpose, limit_of, moment, query, typed_body
from chalicelib.events.model import Identifier
from chalicelib.flows.find_person import by_id, named_by
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.permission import PURPOSES
from chalicelib.routing.model import NamedIdentifier

if TYPE_CHECKING:
    from chalicelib.flows.views import ProfileView, TagsView, TimelineView
    from chalicelib.flows.why_segment_views import SegmentWhyView
    from chalicelib.flows.why_views import WhyView
    from chalicelib.insights.shown_tags import GroupTags
    from chalicelib.profiles.model import Profile

blueprint = Blueprint(__name__)

READ, TIMELINE, CONTEXT = "profiles:read", "timeline:read", "context:read"
TIMELINE_PURPOSES = ("service", "security", "legal")
"""A timeline is one person's life, event by event: marketing and analytics go by counts."""


class Lookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to look up, and what for."""

    identifiers: Annotated[tuple[NamedIdentifier, ...], msgspec.Meta(min_length=1, max_length=10)]
    purpose: str


@blueprint.route("/v1/profiles/lookup", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, READ)
def lookup(request: Request, caller: Caller) -> ProfileView:
    """The profile that identifiers lead to. Personal values never travel in a URL."""
    # Loaded with the first profile that is shown: routes and contexts are answered without it.
    from chalicelib.flows.describe_profile import describe_profile

    asked = typed_body(request, Lookup)
    check_purpose(caller, asked.purpose, PURPOSES)
    identifiers = [Identifier(one.namespace, one.value) for one in asked.identifiers]
    tenant, services = tenant_of(caller), read_services(caller.tenant_id)
    profile = named_by(tenant, identifiers, services)
    view = describe_profile(profile, services, now(), _groups(caller), Asked(asked.purpose, tenant.asked_first))
    _noted(caller, "profiles.look_up", view.profile_id, asked.purpose, view)
    return view


@blueprint.route("/v1/profiles/{profile_id}", authorizer=principal_auth)
@serves(blueprint, READ)
def profile(request: Request, caller: Caller, profile_id: str) -> ProfileView:
    """A profile; a merged id answers with its survivor. With ``as_of`` as it was then."""
    from chalicelib.flows.describe_profile import describe_profile

    person, at = _person(request, caller, profile_id, PURPOSES)
    services, groups = read_services(caller.tenant_id), _groups(caller)
    view = describe_profile(person, services, at, groups, _asked(request, caller))
    _noted(caller, "profiles.read", view.profile_id, query(request, "purpose"), view)
    return view


@blueprint.route("/v1/profiles/{profile_id}/tags", authorizer=principal_auth)
@serves(blueprint, READ)
def tags(request: Request, caller: Caller, profile_id: str) -> TagsView:
    """The tags that are set, or that were as of a moment; with ``scene`` as they weigh in these scenes."""
    from chalicelib.flows.describe_profile import describe_tags

    person, at = _person(request, caller, profile_id, PURPOSES)
    services, groups = read_services(caller.tenant_id), _groups(caller)
    view = describe_tags(person, services, at, groups, _asked(request, caller), _scenes(request, caller))
    _noted(caller, "tags.read", view.profile_id, query(request, "purpose"), view)
    return view


@blueprint.route("/v1/profiles/{profile_id}/tags/{tag_id}/why", authorizer=principal_auth)
@serves(blueprint, READ)
def tag_why(request: Request, caller: Caller, profile_id: str, tag_id: str) -> WhyView:
    """Why a tag is set, or why it is not, or was as of a moment; with ``scene`` as it weighs in these scenes."""
    person, at = _person(request, caller, profile_id, PURPOSES)
    view = _why(request, caller, person, tag_id, at)
    _noted(caller, "tags.why", person.profile_id, query(request, "purpose"), view)
    return view


def _why(request: Request, caller: Caller, person: Profile, tag_id: str, at: Millis) -> WhyView:
    from chalicelib.flows.for_purpose import explained_for, for_purpose

    services = read_services(caller.tenant_id)
    seen = explained_for(tag_id, for_purpose(person, _asked(request, caller), services, at), services)
    if any(rule.id == tag_id for rule in services.catalogue.group_rules):
        from chalicelib.entrypoints.insights import insight_services
        from chalicelib.flows.explain_group_tag import explain_group_tag

        return explain_group_tag(caller.tenant_id, seen, tag_id, _groups(caller), insight_services(), at)
    from chalicelib.flows.explain_tag import explain_tag

    return explain_tag(seen.profile, tag_id, seen.services, at, _scenes(request, caller))


@blueprint.route("/v1/profiles/{profile_id}/segments/{segmentation_id}/why", authorizer=principal_auth)
@serves(blueprint, READ)
def segment_why(request: Request, caller: Caller, profile_id: str, segmentation_id: str) -> SegmentWhyView:
    """Why somebody is in their segment of a segmentation, or in none; and what would move them."""
    from chalicelib.flows.explain_segment import explain_segment

    asked, services = _asked(request, caller), read_services(caller.tenant_id)
    check_purpose(caller, asked.purpose, PURPOSES)
    person = by_id(caller.tenant_id, profile_id, services)
    view = explain_segment(person, segmentation_id, asked, services, now())
    _noted(caller, "segments.why", view.profile_id, asked.purpose, view)
    return view


@blueprint.route("/v1/profiles/{profile_id}/timeline", authorizer=principal_auth)
@serves(blueprint, TIMELINE)
def timeline(request: Request, caller: Caller, profile_id: str) -> TimelineView:
    """Events, newest first, masked; for service, security and legal."""
    from chalicelib.flows.read_timeline import read_timeline

    check_purpose(caller, query(request, "purpose"), TIMELINE_PURPOSES)
    limit, cursor, services = limit_of(request), query(request, "cursor"), read_services(caller.tenant_id)
    view = read_timeline(caller.tenant_id, profile_id, limit, cursor, services, now(), _asked(request, caller))
    _noted(caller, "timeline.read", view.profile_id, query(request, "purpose"), view)
    return view


@blueprint.route("/v1/profiles/{profile_id}/context", authorizer=principal_auth)
@serves(blueprint, CONTEXT)
def context(request: Request, caller: Caller, profile_id: str) -> dict[str, Any]:
    """What a bot should know before it speaks, in at most 4 KB."""
    from chalicelib.flows.bot_context import context_for_bot

    person, at = _person(request, caller, profile_id, ("service",))
    channel, services = query(request, "channel") or "api", read_services(caller.tenant_id)
    view = context_for_bot(person, channel, services, at, tenant_of(caller).timezone, _asked(request, caller))
    _noted(caller, "context.read", person.profile_id, query(request, "purpose"), view)
    return view


def _person(request: Request, caller: Caller, profile_id: str, serves: Collection[str]) -> tuple[Profile, Millis]:
    """Whom a call is about, and the moment that it is answered for. ``serves``: the purposes that it has a view for."""
    check_purpose(caller, query(request, "purpose"), serves)
    at, present = moment(request, "as_of"), now()
    if at is None:
        return by_id(caller.tenant_id, profile_id, read_services(caller.tenant_id)), present
    # Most calls are about the present, and should not load what the past takes.
    from chalicelib.flows.rebuild_profile import profile_as_of
    from chalicelib.profiles.permitted import kept_since

    past = profile_as_of(tenant_of(caller), profile_id, at, past_services(caller.tenant_id), present)
    return kept_since(past, _asked(request, caller), present), at


def _scenes(request: Request, caller: Caller) -> tuple[str, ...]:
    """The scenes that a caller names, with commas between. Raises BadInput ``unknown_scene``."""
    named = tuple(one for one in query(request, "scene").split(",") if one)
    known = read_services(caller.tenant_id).catalogue.stage.scenes
    for one in named:
        if one not in known:
            raise BadInput("unknown_scene", f"The scenes are: {', '.join(sorted(known))}.", "scene")
    return named


def _groups(caller: Caller) -> GroupTags:
    """The tags of groups as they are shown on people: who shows a profile loads them."""
    from chalicelib.entrypoints.insights import group_tags

    return group_tags(caller.tenant_id)


def _asked(request: Request, caller: Caller) -> Asked:
    return Asked(query(request, "purpose"), tenant_of(caller).asked_first)


def _noted(caller: Caller, action: str, profile_id: str, purpose: str, view: object) -> None:
    """Keep who is about to see this. Loaded with the first sight: routes are answered without it."""
    from chalicelib.entrypoints.noting import note

    note(caller, action, (profile_id,), purpose, view)
