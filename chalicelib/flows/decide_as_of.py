"""Which decision would have been made for a person as of an earlier moment. Nothing is kept, and nobody is routed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.flows.answer_route import caller_of, situation_of
from chalicelib.flows.current_tags import policy_tags
from chalicelib.flows.effective import POLICY
from chalicelib.flows.rebuild_profile import profile_as_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.serving import serving
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.permitted import kept_since
from chalicelib.routing.checked_policy import PolicyRefused, load_policy
from chalicelib.routing.decide import decide
from chalicelib.routing.model import Decision, Name, Purpose, RouteRequest
from chalicelib.routing.policy import Policy
from chalicelib.store.declarations import DeclarationStore

TRIAL = "replay"
"""The id of a decision that was not made."""
MOST_VERSIONS = 200


class AsOfRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom, when, and what they would have said. The message is read like a route's, and kept as little."""

    profile_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    as_of: str
    channel: Name
    purpose: Purpose
    message: Annotated[str, msgspec.Meta(max_length=8000)] | None = None
    intent: Name | None = None

    def __repr__(self) -> str:
        return f"<replay request by {self.channel}>"


class PastServices(msgspec.Struct, frozen=True):
    """What deciding as of earlier needs. ``shipped`` is the policy of who had published none."""

    reading: ReadServices
    declarations: DeclarationStore
    shipped: Policy


def decide_as_of(asked: AsOfRequest, at: Millis, tenant: Tenant, services: PastServices, now: Millis) -> Decision:
    """By the events that were saved by then and the policy that was in force; by the tags as they are declared now.

    Raises what ``profile_as_of`` raises, and Conflict ``policy_not_kept``. Who has opted out by now is not judged.
    """
    request = RouteRequest(asked.channel, asked.purpose, asked.profile_id, message=asked.message, intent=asked.intent)
    past = profile_as_of(tenant, asked.profile_id, at, services.reading, now)
    purpose = Asked(asked.purpose, tenant.asked_first)
    reading = msgspec.structs.replace(services.reading, policy=_policy_as_of(tenant.tenant_id, at, services))
    profile, rules = serving(kept_since(past, purpose, now), purpose, reading, at)
    tags = policy_tags(profile, rules, at, situation_of(request, at, tenant.timezone))
    caller = caller_of(profile, tags, rules, at)
    return decide(rules.policy, request, caller, decision_id=TRIAL, now=at, timezone=tenant.timezone)


def _policy_as_of(tenant_id: str, at: Millis, services: PastServices) -> Policy:
    versions = services.declarations.versions(tenant_id, "policies", POLICY, limit=MOST_VERSIONS)
    then = next((one for one in versions if one.at <= at), None)
    if then is None and len(versions) == MOST_VERSIONS:
        raise Conflict("policy_not_kept", "Too many policies were published since to find the one of then.", "as_of")
    if then is None or not then.body:
        return services.shipped
    try:
        return msgspec.structs.replace(load_policy(msgspec.json.decode(then.body)), number=then.number)
    except PolicyRefused:
        raise Conflict("policy_not_kept", "The policy of then cannot be read any more.", "as_of") from None
