"""What could not be applied, for those who mend it: the list, and queueing an event again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history, send
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, limit_of, query

if TYPE_CHECKING:
    from chalicelib.flows.read_quarantine import QuarantinedView, QuarantineView

blueprint = Blueprint(__name__)

READ, REPLAY = "quarantine:read", "quarantine:replay"


@blueprint.route("/v1/quarantine", authorizer=principal_auth)
@serves(blueprint, READ)
def quarantine(request: Request, caller: Caller) -> QuarantineView:
    """What could not be applied and why, newest first."""
    from chalicelib.flows.read_quarantine import read_quarantine

    code, cursor = query(request, "code"), query(request, "cursor")
    return read_quarantine(caller.tenant_id, code, limit_of(request), cursor, history(), now())


@blueprint.route("/v1/quarantine/{quarantine_id}/replay", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, REPLAY)
def replay(request: Request, caller: Caller, quarantine_id: str) -> QuarantinedView:
    """Queue a quarantined event again, once its cause is gone."""
    from chalicelib.flows.replay_quarantined import replay_quarantined

    return replay_quarantined(caller.tenant_id, quarantine_id, caller.principal, history(), send, now())
