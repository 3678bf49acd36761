"""What the OpenAPI document says of the routes of proactive service."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.outreach_views import SuggestionOutcome
from chalicelib.outreach.rules import shipped_rules
from infra.openapi_parameters import CURSOR, ROWS, Operation, Parameter

RISK = Parameter(
    "risk", "A risk's id. Without it, all of them.", example=shipped_rules()[0].id, schema={"type": "string"}
)

OUTREACH: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/outreach"): Operation(
        details="A tenant has suggestions once it has published a plan (`PUT /v1/catalogue/outreach/default`). Nobody of the "
        "control group is listed, nor who said no, complained or is not profiled since. A page may hold fewer than asked "
        "for, or none, and still have a cursor.",
        parameters=(ROWS, CURSOR),
    ),
    ("POST", "/v1/outreach/{risk_id}/outcome"): Operation(
        details="The same told again is the same answer; 409 `already_answered` for another answer.",
        body=(SuggestionOutcome,),
        refuses=(409,),
    ),
    ("GET", "/v1/outreach/effect"): Operation(
        details="`treated` and `held` are shares with Wilson's 95% interval, `difference` the one less the other with "
        "Newcombe's; null where an arm has fewer than 30 people.",
        parameters=(RISK,),
    ),
}
