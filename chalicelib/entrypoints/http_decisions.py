"""Looking back at decisions: made again from what was kept, as of an earlier moment, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history, profiles, tenant_of
from chalicelib.entrypoints.http_routing import ROUTE
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, check_purpose, speaks_for, typed_body
from chalicelib.kernel.moments import parse_moment

if TYPE_CHECKING:
    from chalicelib.flows.decision_views import OutcomeView, ReplayView

blueprint = Blueprint(__name__)

WRITE = "decisions:write"


@blueprint.route("/v1/decisions/{decision_id}/replay", authorizer=principal_auth)
@serves(blueprint, ROUTE)
def replay(request: Request, caller: Caller, decision_id: str) -> ReplayView:
    """The decision made again from what was stored with it, by the policy of then: is it the same?"""
    from chalicelib.entrypoints.decisions import replay_services
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.recompute_decision import recompute_decision, shown_of
    from chalicelib.flows.shown_decision import shown_decision

    shown_decision(caller.tenant_id, decision_id, history(), profiles())
    view = recompute_decision(caller.tenant_id, decision_id, replay_services())
    if view.profile_id:
        note(caller, "decisions.replay", (view.profile_id,), "service", shown_of(view))
    return view


@blueprint.route("/v1/decisions/replay", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ROUTE)
def as_of(request: Request, caller: Caller) -> Response:
    """The decision that would have been made for a person as of an earlier moment. Nothing is kept of it."""
    from chalicelib.entrypoints.decisions import deciding_in_the_past
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.decide_as_of import AsOfRequest, decide_as_of

    asked = typed_body(request, AsOfRequest)
    check_purpose(caller, asked.purpose)
    at, services = parse_moment(asked.as_of, "as_of"), deciding_in_the_past(caller.tenant_id)
    decision = decide_as_of(asked, at, tenant_of(caller), services, now())
    if decision.profile_id:
        note(caller, "decisions.as_of", (decision.profile_id,), asked.purpose, decision)
    return json_answer(decision)


@blueprint.route("/v1/decisions/{decision_id}/outcome", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def outcome(request: Request, caller: Caller, decision_id: str) -> OutcomeView:
    """Add what came of a decision. A field that is told again is corrected; what it was is kept."""
    from chalicelib.entrypoints.decisions import outcome_services
    from chalicelib.flows.report_outcome import OutcomeOrder, report_outcome
    from chalicelib.routing.outcome import Outcome

    told = typed_body(request, Outcome)
    key = idempotency_key(request, caller)
    order = OutcomeOrder(caller.tenant_id, decision_id, key, caller.principal, speaks_for(caller))
    return report_outcome(order, told, outcome_services(), now())
