"""Imports: declare a file, upload it to the URL in the answer, and see how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, json_body, query

if TYPE_CHECKING:
    from chalicelib.flows.import_views import ImportView

blueprint = Blueprint(__name__)

WRITE = "imports:write"


@blueprint.route("/v1/imports", methods=["POST"], name="open", authorizer=principal_auth)
@serves(blueprint, WRITE)
def open_(request: Request, caller: Caller) -> Response:
    """Declare a file of customers, orders or tickets. The import starts when the file is uploaded."""
    # Cold: what reads declarations would cost every start of the function that also routes.
    from chalicelib.entrypoints.importing import import_services
    from chalicelib.flows.identity_records import Audited, audit_record
    from chalicelib.flows.open_import import declared_import, open_import

    document, services = json_body(request), import_services()
    declared_import(document, caller.tenant_id, services)
    import_id = "i_" + idempotency_key(request, caller)
    at = now()
    opened = open_import(document, caller.tenant_id, caller.principal, import_id, services, at)
    # Before the address of the upload is told: without it nothing is imported.
    audited = Audited("imports.open", caller.principal, (f"imports/{import_id}",), "", import_id)
    history().keep(audit_record(caller.tenant_id, import_id, at, audited))
    return json_answer(opened, 202)


@blueprint.route("/v1/imports/{import_id}", authorizer=principal_auth)
@serves(blueprint, WRITE)
def progress(request: Request, caller: Caller, import_id: str) -> ImportView:
    """How far an import is, and which lines were refused and why."""
    from chalicelib.entrypoints.importing import import_services
    from chalicelib.flows.open_import import describe_import

    return describe_import(caller.tenant_id, import_id, query(request, "cursor"), import_services())
