"""What the OpenAPI document says of the desk's routes."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.desk.agents import AgentDeclaration
from chalicelib.desk.queues import QueueSettings
from chalicelib.flows.desk_views import PresenceRequest, ReleaseRequest
from infra.openapi_parameters import IDEMPOTENCY_KEY, Operation

DESK: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/desk"): Operation(),
    ("GET", "/v1/agents"): Operation(),
    ("GET", "/v1/agents/{agent_id}"): Operation(),
    ("PUT", "/v1/agents/{agent_id}"): Operation(
        details="The id is the name of the agent's token. `skills` are those that queues of the policy ask for, each with a "
        "proficiency of 1 to 5. Without `shifts`: whenever they say that they are there.",
        body=(AgentDeclaration,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("DELETE", "/v1/agents/{agent_id}"): Operation(parameters=(IDEMPOTENCY_KEY,), refuses=(409,)),
    ("POST", "/v1/agents/{agent_id}/presence"): Operation(
        details="Say it again before `lease_seconds` are over: an agent who says nothing any more is offline. Agents say it "
        "of themselves; the scope `queues:write` says it of all. The answer holds what is offered to them.",
        body=(PresenceRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("PUT", "/v1/queues/{queue}"): Operation(
        details="`closed` and `hours` let nobody else in; those who wait are served. Overflow, limits of time and steps "
        "that are not given are the policy's. They hold for routes with `reserve`, and for who waits.",
        body=(QueueSettings,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("GET", "/v1/reservations/{reservation_id}"): Operation(
        details="Any id of the conversation: after an offer that was declined the answer names the present one."
    ),
    ("POST", "/v1/reservations/{reservation_id}/accept"): Operation(
        details="409 `reservation_timed_out` when it lapsed, `reservation_over` when it was given to somebody else.",
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("POST", "/v1/reservations/{reservation_id}/decline"): Operation(
        details="The person keeps their place, and is offered to the next agent at once, if one is there.",
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
    ("POST", "/v1/reservations/{reservation_id}/release"): Operation(
        details="What it took comes free after the wrap-up, and is given to who waits at once. `left` ends one that waits "
        "or is offered, too.",
        body=(ReleaseRequest,),
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(409,),
    ),
}
