"""The scheduled run: who is probably one person becomes a list for review. Nothing is merged unless the tenant says so."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest

import msgspec

from chalicelib.flows.match_people import KeptApart, read_people
from chalicelib.flows.matching_services import MatchServices
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput, Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, THE_LAST, Millis
from chalicelib.matching.model import Match
from chalicelib.matching.proposal import AUTOMATIC, Proposal, State
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.proposals import ProposalRow

MOST_PROPOSED = 5_000
"""So many pairs a run puts on the list, the most probable first: a longer one would not be read."""
MOST_PEOPLE = 300_000
"""So many people a run compares, those heard of last: it must end within a function's time and memory."""
OPEN_DAYS = 90
"""An open pair goes from the list when no run has found it for so long."""
_PAGE = 100


class MatchReport(msgspec.Struct):
    """How a run ended, in counts. ``left_out`` were found and not listed, because the list was full."""

    people: int = 0
    compared: int = 0
    found: int = 0
    opened: int = 0
    decided: int = 0
    kept_apart: int = 0
    merged: int = 0
    merges_refused: int = 0
    withdrawn: int = 0
    left_out: int = 0


def propose_matches(tenant: Tenant, services: MatchServices, now: Millis) -> MatchReport:
    """Find the probable matches of a tenant and bring its list up to date. Run again, it changes nothing.

    Raises Unavailable; what was written until then stands, and the next run goes on from there.
    """
    report = MatchReport()
    apart = KeptApart()
    people = nlargest(
        MOST_PEOPLE, read_people(tenant, services, apart, now), key=lambda one: (one.seen_at, one.profile_id)
    )
    found = services.find(people)
    report.people, report.compared, report.found = len(people), found.compared, len(found.matches)
    services.said("pairs_compared", found.compared)
    forbidden = apart.pairs()
    wanted = [match for match in found.matches if frozenset((match.left, match.right)) not in forbidden]
    report.kept_apart = report.found - len(wanted)
    report.left_out = max(0, len(wanted) - MOST_PROPOSED)
    for start in range(0, min(len(wanted), MOST_PROPOSED), _PAGE):
        _list(wanted[start : min(start + _PAGE, MOST_PROPOSED)], start, tenant, services, now, report)
    _withdraw({match.pair_id for match in wanted}, tenant, services, now, report)
    return report


def _list(
    matches: Sequence[Match], first: int, tenant: Tenant, services: MatchServices, now: Millis, report: MatchReport
) -> None:
    """Write a page of matches, unless somebody has decided about them."""
    kept = services.proposals.load(tenant.tenant_id, [match.pair_id for match in matches])
    for rank, match in enumerate(matches, first):
        before = kept.get(match.pair_id)
        if before is not None and before.state in {"rejected", "accepted"}:
            report.decided += 1
            continue
        # The list shows the newest first, and of one run the most probable: each has an instant of its own.
        row = _row(tenant.tenant_id, match, before, now - rank, now)
        if _may_merge(match, tenant) and _merged(match, row, before, tenant, services, now, report):
            continue
        if _is_news(row, before, now):
            report.opened += services.proposals.keep(row, _state(before))


def _row(tenant_id: str, match: Match, before: ProposalRow | None, at: Millis, now: Millis) -> ProposalRow:
    known = before is not None and before.state == "open"
    since = decode(before.content, Proposal).proposed_at if before is not None and known else now
    content = Proposal(round(match.score, 6), match.weight, match.prior, match.parts, since)
    return ProposalRow(
        tenant=tenant_id,
        pair_id=match.pair_id,
        left=match.left,
        right=match.right,
        at=before.at if before is not None and known else at,
        state="open",
        content=encode(content),
        expires_at=now + OPEN_DAYS * DAY_MS,
    )


def _is_news(row: ProposalRow, before: ProposalRow | None, now: Millis) -> bool:
    """Whether it must be written: it is new, looks different, or half of its time on the list is over.

    Every new profile moves all weights a little: that alone is no news.
    """
    if before is None or before.state != "open":
        return True
    return _looks(before) != _looks(row) or before.expires_at < now + OPEN_DAYS * DAY_MS // 2


def _looks(row: ProposalRow) -> tuple[float, list[str]]:
    content = decode(row.content, Proposal)
    return round(content.score, 2), [part.level for part in content.parts]


def _may_merge(match: Match, tenant: Tenant) -> bool:
    return tenant.merge_above is not None and match.score >= tenant.merge_above


def _merged(
    match: Match,
    row: ProposalRow,
    before: ProposalRow | None,
    tenant: Tenant,
    services: MatchServices,
    now: Millis,
    report: MatchReport,
) -> bool:
    """Merge a pair above the tenant's threshold; False when a protection refuses, and it stays for review."""
    try:
        services.merge(tenant, (match.left, match.right), match.pair_id)
    except (BadInput, Conflict, NotFound):
        report.merges_refused += 1
        return False
    report.merged += 1
    services.proposals.keep(decided(row, "accepted", AUTOMATIC, "", now), _state(before))
    return True


def decided(
    row: ProposalRow, state: State, by: str, reason: str, now: Millis, kept_days: int = OPEN_DAYS
) -> ProposalRow:
    """The row with what was decided about it."""
    content = msgspec.structs.replace(decode(row.content, Proposal), decided_at=now, decided_by=by, reason=reason)
    return msgspec.structs.replace(row, state=state, content=encode(content), expires_at=now + kept_days * DAY_MS)


def _withdraw(found: set[str], tenant: Tenant, services: MatchServices, now: Millis, report: MatchReport) -> None:
    """Take pairs off the list that are no match any more, because something new is known or one was merged."""
    before = THE_LAST
    while rows := services.proposals.newest(tenant.tenant_id, before=before, limit=_PAGE):
        before = rows[-1].at
        for row in rows:
            if row.pair_id not in found:
                report.withdrawn += services.proposals.keep(decided(row, "withdrawn", AUTOMATIC, "", now), "open")


def _state(before: ProposalRow | None) -> State | None:
    return None if before is None else before.state
