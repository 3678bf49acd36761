"""Reviewing probable matches: the list, and saying that a pair is two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, limit_of, query, typed_body

if TYPE_CHECKING:
    # Few review; the others' start should not wait for it.
    from chalicelib.flows.matching_views import MergeCandidatesView, MergeCandidateView

blueprint = Blueprint(__name__)

MERGE = "profiles:merge"


class Rejection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a pair is two people."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@blueprint.route("/v1/merge-candidates", authorizer=principal_auth)
@serves(blueprint, MERGE)
def merge_candidates(request: Request, caller: Caller) -> MergeCandidatesView:
    """Pairs of profiles that are probably one person, newest and most probable first."""
    from chalicelib.entrypoints.matching import review_services
    from chalicelib.flows.review_matches import list_candidates

    return list_candidates(caller.tenant_id, limit_of(request), query(request, "cursor"), review_services(), now())


@blueprint.route("/v1/merge-candidates/{candidate_id}/reject", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, MERGE)
def reject(request: Request, caller: Caller, candidate_id: str) -> MergeCandidateView:
    """Say that a pair is two people: it is not proposed again."""
    from chalicelib.entrypoints.matching import review_services
    from chalicelib.flows.identity_records import Audited, audit_record
    from chalicelib.flows.review_matches import reject_candidate
    from chalicelib.kernel.moments import parse_moment

    reason = typed_body(request, Rejection).reason
    view = reject_candidate(caller.tenant_id, candidate_id, reason, caller.principal, review_services(), now())
    # Once; to say it twice changes nothing, and makes good what a failure left out.
    audited = Audited(
        "candidates.reject", view.decided_by or caller.principal, view.profile_ids, view.reason or "", view.id
    )
    at = parse_moment(view.decided_at, "decided_at") if view.decided_at else now()
    history().keep(audit_record(caller.tenant_id, f"{view.id}.{at}", at, audited))
    return view
