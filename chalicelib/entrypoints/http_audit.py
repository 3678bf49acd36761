"""The audit, for those who must answer for what was done with people's profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, limit_of, query

if TYPE_CHECKING:
    from chalicelib.flows.read_audit import AuditView

blueprint = Blueprint(__name__)

READ = "audit:read"


@blueprint.route("/v1/audit", authorizer=principal_auth)
@serves(blueprint, READ)
def audit(request: Request, caller: Caller) -> AuditView:
    """Who did what to whom, when and why, newest first."""
    from chalicelib.flows.read_audit import AuditQuestion, read_audit

    asked = AuditQuestion(*(query(request, name) for name in ("principal", "profile", "from", "to")))
    cursor = query(request, "cursor")
    return read_audit(caller.tenant_id, asked, limit_of(request), cursor, history(), now())
