"""What the OpenAPI document says of learned segments and models."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.model_views import MembersView, ModelsView, RollBackAsked, RunAsked, SegmentsView
from chalicelib.flows.open_learning import RolledBack, RunOpened
from infra.openapi_parameters import CURSOR, IDEMPOTENCY_KEY, PURPOSE, Operation

MODELS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/segments"): Operation(
        details="Sizes are what the last run counted: until the next one, people come and go by their events. A segmentation "
        "that was published and not learned yet has none.",
        answer=SegmentsView,
    ),
    ("GET", "/v1/segments/{segment_id}/members"): Operation(
        details="Of the segments of `customers`, whose ids begin so, those that ship or the tenant's own; of others it is 400 "
        "`not_listed`. Who said no to the purpose is left out, so a page may hold fewer. The index follows a moment later. "
        "Each call is audited.",
        answer=MembersView,
        parameters=(PURPOSE, CURSOR),
        refuses=(400, 403, 404),
    ),
    ("GET", "/v1/profiles/{profile_id}/segments/{segmentation_id}/why"): Operation(
        details="`segment` is what is kept of the person; the reasons are those of `told_by`, the version in force. What may "
        "not be used for the purpose is in no reason. Where nobody judges the person the answer is 200 with `none`.",
        parameters=(PURPOSE,),
    ),
    ("GET", "/v1/models"): Operation(
        details="The newest five versions of each model, each with the whole contest that it came from.",
        answer=ModelsView,
    ),
    ("POST", "/v1/models/runs"): Operation(
        details="The body may be left out. One run of a tenant at a time.",
        body=(RunAsked,),
        answer=RunOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("POST", "/v1/models/{model_id}/rollback"): Operation(
        details="Without a body it is the version before. It is in force within a minute; a run then judges everybody by it.",
        body=(RollBackAsked,),
        answer=RolledBack,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
}
