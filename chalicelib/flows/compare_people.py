"""People as they are stored, under two sets of rules: their tags, and where they would be routed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.flows.answer_route import caller_of, situation_of
from chalicelib.flows.job_services import JobServices, Rules
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.join import join
from chalicelib.profiles.model import Body, Profile
from chalicelib.routing.decide import decide
from chalicelib.routing.model import RouteRequest
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.compare import Comparison, by_scene, compare, concerned, held
from chalicelib.tags.engine import assess, confidences
from chalicelib.tags.model import Assessment

_TRIAL = "dry_run"
_UNKNOWN_CHANNEL = "web"


class Sides(msgspec.Struct, frozen=True):
    """The rules before and after, those in force by now, the tags that may come out otherwise, and whether routes may."""

    old: Rules
    new: Rules
    in_force: Rules
    tags: frozenset[str]
    new_policy: bool
    in_scenes: bool
    """Whether a tag may be the same in no scene and otherwise where somebody calls."""


class Assessed(msgspec.Struct, frozen=True):
    """One person under both."""

    row: ProfileRow
    profile: Profile
    old: Assessment
    new: Assessment


def sides_of(old: Rules, new: Rules, in_force: Rules) -> Sides:
    """What to compare, under one health: a source that fell silent in between is no doing of a declaration."""
    health, first = in_force.catalogue.health, in_force.catalogue.asked_first
    old, new = (msgspec.structs.replace(one, catalogue=one.catalogue.asking(first).under(health)) for one in (old, new))
    changed = concerned(old.catalogue, new.catalogue)
    in_scenes = any(by_scene(one.catalogue, changed) for one in (old, new))
    return Sides(old, new, in_force, changed, old.policy.declared != new.policy.declared, in_scenes)


def assess_both(rows: Sequence[ProfileRow], sides: Sides, now: Millis) -> list[Assessed]:
    """Everybody on a page who has anything stored, under both sets of rules."""
    found: list[Assessed] = []
    for row in rows:
        body = decode(row.body, Body)
        if body.facets:
            profile = join(row.profile_id, row.version, row.state, row.generation, body)
            old, new = (assess(one.catalogue, profile, now, among=sides.tags) for one in (sides.old, sides.new))
            found.append(Assessed(row, profile, old, new))
    return found


def compare_one(one: Assessed, sides: Sides, tenant: Tenant, services: JobServices, now: Millis) -> Comparison:
    """What changes for one person."""
    old, new = held(one.old, sides.tags), held(one.new, sides.tags)
    compared = compare(one.profile.profile_id, old, new)
    # With the same tags, as sure, and the same policy a person is sent where they were.
    if sides.new_policy or sides.in_scenes or old != new:
        before, after = (route(one.profile, side, tenant, services, now) for side in (sides.old, sides.new))
        if before != after:
            return msgspec.structs.replace(compared, moves={f"{before}>{after}": 1})
    return compared


def route(profile: Profile, rules: Rules, tenant: Tenant, services: JobServices, now: Millis) -> str:
    """Where they would be sent if they came now the way they came last, as mode and queue. Nothing is recorded."""
    reading = msgspec.structs.replace(services.reading, catalogue=rules.catalogue, policy=rules.policy)
    channel = max(profile.channels, key=lambda one: (profile.channels[one], one), default=_UNKNOWN_CHANNEL)
    request = RouteRequest(channel=channel, purpose="service", profile_id=profile.profile_id)
    situation = situation_of(request, now, tenant.timezone)
    tags, _ = confidences(rules.catalogue, profile, now, "service", rules.policy.tag_ids, situation)
    known = caller_of(profile, tags, reading, now)
    decision = decide(rules.policy, request, known, decision_id=_TRIAL, now=now, timezone=tenant.timezone)
    return f"{decision.mode}/{decision.queue}"
