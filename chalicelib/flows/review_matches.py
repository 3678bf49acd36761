"""The review list of probable matches: read it, and say of a pair that it is two people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.flows.matching_services import ReviewServices
from chalicelib.flows.matching_views import MatchFieldView, MergeCandidatesView, MergeCandidateView
from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.propose_matches import decided
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, Conflict, NotFound
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.matching.levels import LEVEL_NAMES
from chalicelib.matching.model import FieldPart
from chalicelib.matching.proposal import Proposal
from chalicelib.matching.schema import FIELD_NAMES
from chalicelib.profiles.model import Body
from chalicelib.store.pages import at_least
from chalicelib.store.proposals import ProposalRow
from chalicelib.store.rows import Position, ProfileRow

REJECTED_DAYS = 1095
"""So long a rejected pair is not proposed again."""
_PERSONAL = re.compile(r"[@＠]|\d{5,}")
_CURSOR = re.compile(r"(\d{1,16})\.(pm_[0-9a-f]{32})", re.ASCII)


def list_candidates(
    tenant_id: str, limit: int, cursor: str, services: ReviewServices, now: Millis
) -> MergeCandidatesView:
    """One page of open pairs whose profiles both still stand, and the cursor of the next ('' = no more).

    Raises BadInput ``bad_cursor`` and ``bad_limit``.
    """
    check_limit(limit)
    position = position_of(cursor, _CURSOR)
    left = at_least(
        limit + 1,
        lambda asked: services.proposals.newest(tenant_id, before=position[0] + 1, limit=asked),
        lambda row: _position(row) < position,
    )
    page = left[:limit]
    more = cursor_of(_position(page[-1])) if len(left) > limit else ""
    return MergeCandidatesView(tuple(map(_shown, _standing(tenant_id, page, services, now))), more)


def reject_candidate(
    tenant_id: str, candidate_id: str, reason: str, principal: str, services: ReviewServices, now: Millis
) -> MergeCandidateView:
    """Say that a pair is two people: it is not proposed again. To say it twice changes nothing.

    Raises BadInput ``personal_reason``, NotFound ``no_such_candidate``, Conflict ``candidate_decided``.
    """
    if _PERSONAL.search(reason):
        raise BadInput("personal_reason", "A reason names nobody: no address and no number of a person.", "reason")
    row = services.proposals.load(tenant_id, [candidate_id]).get(candidate_id)
    if row is None or row.expires_at <= now:
        raise NotFound("no_such_candidate", "There is no such merge candidate.")
    if row.state == "rejected":
        return _shown(row)
    rejected = decided(row, "rejected", principal, reason, now, REJECTED_DAYS)
    if row.state == "accepted" or not services.proposals.keep(rejected, row.state):
        raise Conflict("candidate_decided", "This merge candidate was decided meanwhile.")
    return _shown(rejected)


def _standing(tenant_id: str, rows: Sequence[ProposalRow], services: ReviewServices, now: Millis) -> list[ProposalRow]:
    """The pairs of which neither profile was merged or erased since, and both are profiled."""
    ids = sorted({one for row in rows for one in (row.left, row.right)})
    profiles = services.profiles.load(tenant_id, ids, fresh=False) if ids else {}
    active = {one for one, profile in profiles.items() if _is_judged(profile)}
    return [row for row in rows if row.expires_at > now and {row.left, row.right} <= active]


def _is_judged(row: ProfileRow) -> bool:
    return row.state == "active" and profile_of(row, decode(row.body, Body)).is_profiled


def _position(row: ProposalRow) -> Position:
    return row.at, row.pair_id


def _shown(row: ProposalRow) -> MergeCandidateView:
    content = decode(row.content, Proposal)
    return MergeCandidateView(
        id=row.pair_id,
        profile_ids=(row.left, row.right),
        state=row.state,
        score=content.score,
        weight=content.weight,
        prior_weight=content.prior,
        fields=tuple(map(_field, content.parts)),
        proposed_at=format_moment(content.proposed_at),
        decided_at=None if content.decided_at is None else format_moment(content.decided_at),
        decided_by=content.decided_by or None,
        reason=content.reason or None,
    )


def _field(part: FieldPart) -> MatchFieldView:
    return MatchFieldView(
        field=part.field,
        name=Text(**FIELD_NAMES[part.field]),
        level=part.level,
        says=Text(**LEVEL_NAMES[part.level]),
        weight=part.weight,
    )
