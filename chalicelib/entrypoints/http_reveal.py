"""Clear values of named fields: the one way by which staff see what is sealed."""

from __future__ import annotations

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, kept_by_nobody, serves
from chalicelib.entrypoints.request import Caller, check_purpose, typed_body

blueprint = Blueprint(__name__)

REVEAL = "profiles:reveal"
PURPOSES = ("service", "security", "legal")
"""What for somebody may be shown clear values, if their role has the purpose."""


@blueprint.route("/v1/profiles/{profile_id}/reveal", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, REVEAL)
def reveal(request: Request, caller: Caller, profile_id: str) -> Response:
    """Clear values of named fields, for a purpose and a ticket. It stands in the audit before it is answered."""
    # Only the function that may open loads what opens.
    from chalicelib.entrypoints.opening import reveal_services
    from chalicelib.flows.reveal_fields import RevealOrder, reveal_fields
    from chalicelib.flows.reveal_views import RevealRequest

    asked = typed_body(request, RevealRequest)
    check_purpose(caller, asked.purpose, PURPOSES)
    order = RevealOrder("rv_" + idempotency_key(request, caller), profile_id, asked, caller.principal, caller.role)
    return kept_by_nobody(json_answer(reveal_fields(order, tenant_of(caller), reveal_services(), now())))
