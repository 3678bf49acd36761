"""Routing: where this person should go, how to talk to them, and why."""

from __future__ import annotations

import hashlib
import secrets

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import read_services, tenant_of
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, check_purpose, raw_body, typed_body
from chalicelib.flows.answer_route import answer_route, read_decision
from chalicelib.kernel.errors import BadInput
from chalicelib.routing.model import RouteRequest

blueprint = Blueprint(__name__)

ROUTE = "route"
_LONGEST_KEY = 256


@blueprint.route("/v1/route", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ROUTE)
def route(request: Request, caller: Caller) -> Response:
    """A decision with its reasons. The same request with the same ``Idempotency-Key`` answers the same decision."""
    asked = typed_body(request, RouteRequest)
    check_purpose(asked.purpose)
    decision_id = _decision_id(request, caller)
    return json_answer(answer_route(asked, tenant_of(caller), decision_id, read_services(), now()))


@blueprint.route("/v1/decisions/{decision_id}", authorizer=principal_auth)
@serves(blueprint, ROUTE)
def decision(request: Request, caller: Caller, decision_id: str) -> Response:
    """A decision as it was answered."""
    return json_answer(read_decision(caller.tenant_id, decision_id, read_services()))


def _decision_id(request: Request, caller: Caller) -> str:
    key = request.headers.get("idempotency-key")
    if key is None:
        return "d_" + secrets.token_urlsafe(15)
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise BadInput("bad_idempotency_key", f"A key has 1 to {_LONGEST_KEY} characters.", "idempotency-key")
    named = f"{caller.tenant_id}\n{caller.principal}\n{key}\n".encode("utf-8", "surrogatepass")
    # The body counts too: a key used twice by mistake must not answer with another person's decision.
    return "d_" + hashlib.sha256(named + raw_body(request)).hexdigest()[:32]
