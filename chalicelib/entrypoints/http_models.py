"""Learned segments and their members, models with their contests and runs, a run on demand, and rolling back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history, read_services
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, check_purpose, query, raw_body, typed_body
from chalicelib.privacy.permission import PURPOSES

if TYPE_CHECKING:
    from chalicelib.flows.model_views import MembersView, ModelsView, SegmentsView

blueprint = Blueprint(__name__)

SEGMENTS, READ, WRITE = "segments:read", "models:read", "models:write"


@blueprint.route("/v1/segments", name="segments", authorizer=principal_auth)
@serves(blueprint, SEGMENTS)
def segments(request: Request, caller: Caller) -> SegmentsView:
    """Learned segments: name, size, by what each stands out, how stable and how good they are."""
    # Cold, as all here: what tells of models would cost every start of the function that also routes.
    from chalicelib.entrypoints.models import learned, models
    from chalicelib.flows.describe_models import list_segments

    return list_segments(caller.tenant_id, models(caller.tenant_id), learned())


@blueprint.route("/v1/segments/{segment_id}/members", name="members", authorizer=principal_auth)
@serves(blueprint, SEGMENTS)
def members(request: Request, caller: Caller, segment_id: str) -> MembersView:
    """Ids of people who are in a learned segment, of those whom the stated purpose may know of it."""
    from chalicelib.entrypoints.learning import judged_store
    from chalicelib.flows.describe_models import list_members

    check_purpose(caller, query(request, "purpose"), PURPOSES)
    asked = (segment_id, query(request, "cursor"), query(request, "purpose"))
    found = list_members(caller.tenant_id, *asked, judged_store(), read_services(caller.tenant_id))
    _audit(caller, "segments.members", f"segments/{segment_id}", idempotency_key(request, caller))
    return found


@blueprint.route("/v1/models", name="models", authorizer=principal_auth)
@serves(blueprint, READ)
def models_(request: Request, caller: Caller) -> ModelsView:
    """Learned models: the contest of algorithms, the winner, its figures, what is in force, and runs."""
    from chalicelib.entrypoints.learning import learning_jobs
    from chalicelib.entrypoints.models import learned, models_in_force
    from chalicelib.flows.describe_models import list_models

    # Asked for now: beside the head as it is, what is a minute old would look outdated.
    in_force = models_in_force().fresh(caller.tenant_id)
    return list_models(caller.tenant_id, in_force, learned(), learning_jobs())


@blueprint.route("/v1/models/runs", methods=["POST"], name="run", authorizer=principal_auth)
@serves(blueprint, WRITE)
def run(request: Request, caller: Caller) -> Response:
    """Learn all models anew now, and judge everybody by them."""
    from chalicelib.entrypoints.learning import learning_door
    from chalicelib.flows.model_views import RunAsked
    from chalicelib.flows.open_learning import RunOrder, open_run

    if raw_body(request):
        typed_body(request, RunAsked)
    key = idempotency_key(request, caller)
    opened = open_run(RunOrder(caller.tenant_id, f"run_{key}", caller.principal), learning_door(), now())
    _audit(caller, "models.run", f"models/{opened.job_id}", key)
    return json_answer(opened, 202)


@blueprint.route("/v1/models/{model_id}/rollback", methods=["POST"], name="rollback", authorizer=principal_auth)
@serves(blueprint, WRITE)
def rollback(request: Request, caller: Caller, model_id: str) -> Response:
    """Put the version before in force again, or a named one, and judge everybody by it."""
    from chalicelib.entrypoints.learning import learning_door, limits
    from chalicelib.entrypoints.models import learned, segmentations
    from chalicelib.flows.model_views import RollBackAsked
    from chalicelib.flows.open_learning import RollBackOrder, roll_back

    asked = typed_body(request, RollBackAsked) if raw_body(request) else RollBackAsked()
    key, seconds = idempotency_key(request, caller), limits().settle_seconds
    order = RollBackOrder(caller.tenant_id, model_id, f"rollback_{key}", caller.principal, asked.version, seconds)
    done = roll_back(order, learned(), learning_door(), segmentations(caller.tenant_id), now())
    _audit(caller, "models.roll_back", f"models/{model_id}", key)
    return json_answer(done, 202)


def _audit(caller: Caller, action: str, what: str, key: str) -> None:
    from chalicelib.flows.identity_records import Audited, audit_record

    audited = Audited(action, caller.principal, (what,), "", what)
    history().keep(audit_record(caller.tenant_id, key, now(), audited))
