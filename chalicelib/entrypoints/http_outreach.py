"""Proactive service: what is suggested for whom and why, what came of it, and whether it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, limit_of, query, typed_body

if TYPE_CHECKING:
    from chalicelib.flows.outreach_views import EffectsView, SuggestionOutcomeView, SuggestionsView

blueprint = Blueprint(__name__)

READ, WRITE = "outreach:read", "outreach:write"
_SERVED = ("service", "marketing")


@blueprint.route("/v1/outreach", authorizer=principal_auth)
@serves(blueprint, READ)
def outreach(request: Request, caller: Caller) -> SuggestionsView:
    """Suggestions that stand, newest first, of the purposes that the caller's role is for."""
    from chalicelib.entrypoints.noting import note
    from chalicelib.entrypoints.outreach import outreach_services
    from chalicelib.flows.show_outreach import Listing, list_suggestions

    asked = Listing(caller.tenant_id, _purposes(caller), limit_of(request), query(request, "cursor"))
    view = list_suggestions(asked, outreach_services(), now())
    people = tuple(sorted({one.profile_id for one in view.suggestions}))
    if people:
        note(caller, "outreach.read", people, "/".join(asked.purposes), view)
    return view


@blueprint.route("/v1/outreach/{risk_id}/outcome", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def outcome(request: Request, caller: Caller, risk_id: str) -> SuggestionOutcomeView:
    """Tell what came of a suggestion: that it was sent, then what was answered."""
    from chalicelib.entrypoints.outreach import outreach_services
    from chalicelib.flows.measure_outreach import OutcomeOrder, tell_outcome
    from chalicelib.flows.outreach_views import SuggestionOutcome

    order = OutcomeOrder(caller.tenant_id, risk_id, caller.principal, _purposes(caller))
    return tell_outcome(order, typed_body(request, SuggestionOutcome), outreach_services(), now())


@blueprint.route("/v1/outreach/effect", authorizer=principal_auth)
@serves(blueprint, READ)
def effect(request: Request, caller: Caller) -> EffectsView:
    """What followed for who was approached and for who was held back; of one ``risk``, or of all."""
    from chalicelib.entrypoints.outreach import outreach_services
    from chalicelib.flows.measure_outreach import measure_effect

    return measure_effect(caller.tenant_id, query(request, "risk"), outreach_services(), now())


def _purposes(caller: Caller) -> tuple[str, ...]:
    return tuple(one for one in _SERVED if f"purpose:{one}" in caller.scopes)
