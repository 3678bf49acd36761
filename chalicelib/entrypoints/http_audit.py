"""The audit, for those who must answer for what was done with people's profiles, and for what was seen of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, limit_of, query

if TYPE_CHECKING:
    from chalicelib.flows.read_audit import AuditView
    from chalicelib.flows.read_exposure import ExposureView

blueprint = Blueprint(__name__)

READ = "audit:read"
_READING_SECONDS = 14.0
"""Of the twenty that the function has: what is not read by then is asked for in another call."""


@blueprint.route("/v1/audit", authorizer=principal_auth)
@serves(blueprint, READ)
def audit(request: Request, caller: Caller) -> AuditView:
    """Who did what to whom, when and why, newest first; of a principal or a profile also what was seen."""
    from chalicelib.flows.read_audit import AuditQuestion, read_audit

    asked = AuditQuestion(*(query(request, name) for name in ("principal", "profile", "from", "to")))
    cursor = query(request, "cursor")
    return read_audit(caller.tenant_id, asked, limit_of(request), cursor, history(), now())


@blueprint.route("/v1/audit/exposure", authorizer=principal_auth)
@serves(blueprint, READ)
def exposure(request: Request, caller: Caller) -> ExposureView:
    """What a principal saw between two instants: of how many people, of which classes and fields, for what."""
    from chalicelib.flows.read_exposure import ExposureQuestion, read_exposure

    asked = ExposureQuestion(*(query(request, name) for name in ("principal", "from", "to")))
    page = limit_of(request), query(request, "cursor")
    until = time.monotonic() + _READING_SECONDS
    return read_exposure(caller.tenant_id, asked, page, history(), now(), lambda: time.monotonic() < until)
