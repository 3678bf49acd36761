"""``decision = decide(policy, profile, tags, desk, now)``: answered and recorded."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.events.model import Identifier
from chalicelib.flows.current_tags import policy_tags
from chalicelib.flows.find_person import by_id, by_identifiers
from chalicelib.flows.services import ReadServices
from chalicelib.flows.serving import serving
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.cases import latest
from chalicelib.profiles.model import Profile
from chalicelib.profiles.retention import kept
from chalicelib.profiles.values import values
from chalicelib.routing.decide import decide_on, facts_for
from chalicelib.routing.facts import Facts
from chalicelib.routing.inputs import Weighed, conversation_mark, kept_inputs
from chalicelib.routing.model import Caller, Decision, RouteRequest
from chalicelib.routing.policy import Policy
from chalicelib.store.rows import DecisionRow, HistoryStore
from chalicelib.tags.judging import judged
from chalicelib.tags.scenes import Situation

_KEPT_DAYS = 400
_LAST_AGENT = "last_agent"


class Made(msgspec.Struct, frozen=True):
    """A decision, whose it is and what it was made from. ``last_agent`` is '' of who is not judged."""

    decision: Decision
    profile_id: str
    policy: Policy
    facts: Facts
    profiled: bool
    last_agent: str = ""
    conversation: bytes = b""


def answer_route(
    request: RouteRequest, tenant: Tenant, decision_id: str, services: ReadServices, now: Millis, principal: str = ""
) -> bytes:
    """The decision as JSON, kept with who asked. The same ``decision_id`` again answers what was answered then."""
    return _kept(_decided(request, tenant, decision_id, services, now, principal), services)


def _decided(
    request: RouteRequest, tenant: Tenant, decision_id: str, services: ReadServices, now: Millis, principal: str
) -> DecisionRow:
    # What a decision was made from is let go here, before the write is waited for: then no cache knows it any more.
    made = make_decision(request, tenant, decision_id, services, now)
    return row_of(made, made.decision, tenant, now, principal)


def make_decision(request: RouteRequest, tenant: Tenant, decision_id: str, services: ReadServices, now: Millis) -> Made:
    """Decide, and keep nothing yet."""
    profile = _person(request, tenant, services)
    caller = Caller()
    last_agent = ""
    if profile is not None:
        # A route costs the tags that its policy reads, however many the catalogue has.
        asked = Asked(request.purpose, tenant.asked_first)
        profile, rules = serving(profile, asked, services, now)
        situation = situation_of(request, now, tenant.timezone)
        tags = policy_tags(profile, rules, now, situation)
        caller = caller_of(profile, tags, rules, now)
        last_agent = last_agent_of(profile) if request.reserve else ""
    policy = services.policy
    facts = facts_for(policy, request, caller, now=now, timezone=tenant.timezone)
    decision = decide_on(policy, facts, caller.profile_id, caller.personalised, decision_id=decision_id, now=now)
    # The answer about somebody who is not judged names nobody; what they may ask for later finds it by its row.
    profile_id = "" if profile is None else profile.profile_id
    mark = conversation_mark(tenant.tenant_id, request.conversation_id)
    return Made(decision, profile_id, policy, facts, caller.personalised, last_agent, mark)


def record_decision(made: Made, tenant: Tenant, services: ReadServices, now: Millis, principal: str) -> bytes:
    """Keep a decision as it is answered; where one of its id was kept before, that is the answer."""
    return _kept(row_of(made, made.decision, tenant, now, principal), services)


def _kept(row: DecisionRow, services: ReadServices) -> bytes:
    if not services.history.record(row):
        return read_decision(row.tenant, row.decision_id, services.history)
    return row.content


def row_of(
    made: Made, answered: Decision, tenant: Tenant, now: Millis, principal: str, weighed: Weighed | None = None
) -> DecisionRow:
    """What is kept of a decision as it is answered, and of what it was made from."""
    content, expires_at = msgspec.json.encode(answered), now + _KEPT_DAYS * DAY_MS
    inputs = kept_inputs(made.policy, made.facts, made.profiled, weighed, made.conversation)
    return DecisionRow(
        tenant.tenant_id, answered.decision_id, made.profile_id, now, content, expires_at, principal, inputs
    )


def read_decision(tenant_id: str, decision_id: str, history: HistoryStore) -> bytes:
    """A decision as it was answered. Raises NotFound."""
    return decision_of(tenant_id, decision_id, history).content


def decision_of(tenant_id: str, decision_id: str, history: HistoryStore) -> DecisionRow:
    """A stored decision. Raises NotFound."""
    row = history.decision(tenant_id, decision_id)
    if row is None:
        raise NotFound("no_such_decision", "There is no such decision.")
    return row


def _person(request: RouteRequest, tenant: Tenant, services: ReadServices) -> Profile | None:
    if request.profile_id is not None:
        return by_id(tenant.tenant_id, request.profile_id, services)
    identifiers = [Identifier(one.namespace, one.value) for one in request.identifiers]
    try:
        return by_identifiers(tenant, identifiers, services)
    except BadInput as bad:
        if bad.code != "blocked_identifier":
            raise
        # A withheld number ("anonymous", zeros) is how many callers come: they are unknown, not mistaken.
        return None


def situation_of(request: RouteRequest, now: Millis, timezone: str | None) -> Situation:
    """Where and when somebody asks: it tells in which scenes their tags are judged."""
    return Situation(now, timezone or "UTC", request.channel, request.message or "")


def caller_of(profile: Profile, tags: Mapping[str, float], services: ReadServices, now: Millis) -> Caller:
    """What a policy may know of a person: nothing of who is not judged. ``tags``: those for service, and how sure."""
    if not profile.is_profiled:
        return Caller(profile_id=profile.profile_id, personalised=False)
    profile = judged(kept(profile, now), services.catalogue)
    return Caller(
        profile_id=profile.profile_id,
        tags=tags,
        values=values(profile, services.policy.paths, now, services.catalogue.measures.money),
        cases=latest(profile.steps),
    )


def last_agent_of(profile: Profile) -> str:
    """Who served a person last, as their profile says; '' where it does not, or they are not judged."""
    told = profile.traits.get(_LAST_AGENT) if profile.is_profiled else None
    return told.value if told is not None and isinstance(told.value, str) else ""
