"""Routing: where this person should go, how to talk to them, and why."""

from __future__ import annotations

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history, profiles, read_services, tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, check_purpose, typed_body
from chalicelib.flows.answer_route import answer_route
from chalicelib.routing.model import RouteRequest

blueprint = Blueprint(__name__)

ROUTE = "route"


@blueprint.route("/v1/route", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ROUTE)
def route(request: Request, caller: Caller) -> Response:
    """A decision with its reasons. The same request with the same ``Idempotency-Key`` answers the same decision."""
    asked = typed_body(request, RouteRequest)
    check_purpose(caller, asked.purpose)
    decision_id = "d_" + idempotency_key(request, caller)
    if asked.reserve:
        # The desk is loaded by who reserves.
        from chalicelib.entrypoints.at_desk import reserving
        from chalicelib.flows.answer_reserving import answer_reserving

        desk = reserving(caller.tenant_id)
        return json_answer(answer_reserving(asked, tenant_of(caller), decision_id, desk, now(), caller.principal))
    tenant, services = tenant_of(caller), read_services(caller.tenant_id)
    return json_answer(answer_route(asked, tenant, decision_id, services, now(), caller.principal))


@blueprint.route("/v1/decisions/{decision_id}", authorizer=principal_auth)
@serves(blueprint, ROUTE)
def decision(request: Request, caller: Caller, decision_id: str) -> Response:
    """A decision as it was answered, and what came of it since."""
    # A route keeps its decision and need not wait for one more row; who looks at it later is no caller in a hurry.
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.report_outcome import with_outcome
    from chalicelib.flows.shown_decision import shown_decision

    content = with_outcome(shown_decision(caller.tenant_id, decision_id, history(), profiles()))
    shown = msgspec.json.decode(content)
    if shown["profile_id"]:
        note(caller, "decisions.read", (shown["profile_id"],), "service", shown)
    return json_answer(content)
