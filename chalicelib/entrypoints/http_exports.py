"""Exports for staff: a job of ids and counts, and its parts, each opened and answered directly and kept nowhere."""

from __future__ import annotations

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, kept_by_nobody, serves
from chalicelib.entrypoints.request import Caller, query, typed_body
from chalicelib.kernel.errors import BadInput

blueprint = Blueprint(__name__)

EXPORT = "privacy:export"


@blueprint.route("/v1/privacy/exports", methods=["POST"], name="open", authorizer=principal_auth)
@serves(blueprint, EXPORT)
def open_(request: Request, caller: Caller) -> Response:
    """Open an export of everything that is held of a person. Its parts are made when they are asked for."""
    # Only the function that may open loads what opens.
    from chalicelib.entrypoints.exporting import export_services
    from chalicelib.flows.export_views import ExportRequest
    from chalicelib.flows.open_export import ExportOrder, open_export

    asked = typed_body(request, ExportRequest)
    order = ExportOrder("ex_" + idempotency_key(request, caller), asked, caller.principal)
    return json_answer(open_export(order, tenant_of(caller), export_services(caller.tenant_id), now()), 202)


@blueprint.route("/v1/privacy/exports/{export_id}", name="part", authorizer=principal_auth)
@serves(blueprint, EXPORT)
def part(request: Request, caller: Caller, export_id: str) -> Response:
    """One part of an export, as JSON, as a page or as a table. Who takes it stands in the audit before."""
    import secrets

    from chalicelib.entrypoints.exporting import export_services, written
    from chalicelib.flows.open_export import PartOrder, read_export

    format_, language = query(request, "format") or "json", query(request, "language") or "en"
    named = "xp_" + secrets.token_hex(16)
    order = PartOrder(named, export_id, _part(request), format_, caller.principal, caller.role)
    if language not in ("zh", "en"):
        raise BadInput("bad_language", "The languages are zh and en.", "language")
    view = read_export(order, tenant_of(caller), export_services(caller.tenant_id), now())
    return kept_by_nobody(written(view, format_, language))


def _part(request: Request) -> int:
    given = query(request, "part") or "1"
    if not (given.isascii() and given.isdigit() and len(given) < 6):
        raise BadInput("bad_part", "A part is a number from 1 on.", "part")
    return int(given)
