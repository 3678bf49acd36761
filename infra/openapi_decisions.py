"""What the OpenAPI document says of the routes that look back at decisions."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.decide_as_of import AsOfRequest
from chalicelib.flows.decision_views import DecisionView
from chalicelib.flows.read_service import BY
from chalicelib.routing.model import Decision
from chalicelib.routing.outcome import Outcome
from infra.openapi_parameters import FORECAST_DAYS, FORECAST_QUEUE, FROM, IDEMPOTENCY_KEY, TO, Operation, Parameter

SERVICE_BY = Parameter(
    "by", "What the cells are of; without it, only all contacts.", schema={"enum": list(BY)}, example="queue"
)
DECISIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/decisions/{decision_id}"): Operation(answer=DecisionView),
    ("GET", "/v1/decisions/{decision_id}/replay"): Operation(
        details="`equal` says whether it is what was answered; `differs` names the fields that are not. `inputs` are "
        "all values that the policy could read; of a message there is only what was read from it.",
        refuses=(404, 409),
    ),
    ("POST", "/v1/decisions/replay"): Operation(
        details="By the events that were saved by `as_of` and the policy that was in force then; tags as they are "
        "declared now. `decision_id` is `replay`: nothing is kept, and nobody is routed.",
        body=(AsOfRequest,),
        answer=Decision,
        refuses=(404, 409),
    ),
    ("POST", "/v1/decisions/{decision_id}/outcome"): Operation(
        details="Every field may be told later and by itself. What is told again is corrected, and `replaced` says what "
        "it was; the same again changes nothing. It moves the record of the agent who served exactly once.",
        body=(Outcome,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("GET", "/v1/insights/service"): Operation(
        details="Whole UTC days, the last 28 unless told, at most 92. A contact counts to the day of its decision, and what "
        "came of it too, whenever that was told. Shares have Wilson's 95% interval; durations are told to within a tenth. "
        "Counts are in fives, and nothing is told of fewer than 5.",
        parameters=(FROM, TO, SERVICE_BY),
        refuses=(400,),
    ),
    ("GET", "/v1/insights/forecast"): Operation(
        details="From the next half hour on. Learnt from the last 13 weeks that the stream of decisions counted. The method is "
        "chosen, and bounds are set, by forecasts of past weeks; their errors stand beside those of last week again and of the "
        "weekday's mean. Below two weeks or 50 contacts nothing is forecast, and `says` tells so.",
        parameters=(FORECAST_QUEUE, FORECAST_DAYS),
        refuses=(400,),
    ),
}
