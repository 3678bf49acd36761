"""One facet's past, from its event rows: what it was at an instant, and what its rows come to now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from chalicelib.flows.contribute import EventContent
from chalicelib.flows.services import Change
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.fold import fold
from chalicelib.profiles.model import Contribution, Facet, FacetId, IdentifierKey
from chalicelib.store.rows import EventRow, HistoryStore

MOST_EVENTS = 20_000
"""Event rows that one answer may read. A call has 20 seconds, and these take some of them."""
PAGE = 500
_END = 1 << 62


class FacetPast(msgspec.Struct, frozen=True):
    """A facet then and now.

    ``keys`` are the identifiers it had been seen with by then, its own among them. ``versions`` are, of each
    profile, the latest that a save of these events had made by then. ``rows`` counts what was read.
    """

    then: Facet | None
    present: Facet | None
    keys: frozenset[IdentifierKey]
    versions: dict[str, int]
    rows: int


def read_past(
    history: HistoryStore, tenant_id: str, facet: FacetId, at: Millis, now: Millis, *, room: int
) -> FacetPast:
    """What the rows of a facet say. Raises Conflict ``too_much_history`` for more than ``room`` of them."""
    before: list[Contribution] = []
    after: list[Contribution] = []
    versions: dict[str, int] = {}
    count = 0
    for row in _rows(history, tenant_id, facet):
        count += 1
        if count > room:
            raise too_much_history(f"more than {MOST_EVENTS} events")
        # DynamoDB deletes late; what has expired is no longer there for anybody.
        if row.expires_at <= now or not row.content:
            continue
        by_then = row.saved_at <= at
        (before if by_then else after).append(decode(row.content, EventContent).contribution)
        if by_then and row.changes:
            versions = later_versions(versions, decode(row.changes, list[Change]))
    then = fold(None, before)
    keys = frozenset({facet} if before else ()).union(*(one.identifiers for one in before))
    return FacetPast(then, fold(then, after), keys, versions, count)


def later_versions(known: dict[str, int], changes: Iterable[Change]) -> dict[str, int]:
    """The latest version of each profile, with what a save published of it."""
    found = dict(known)
    for one in changes:
        profile_id, version = one.detail.get("profile_id"), one.detail.get("version")
        if isinstance(profile_id, str) and isinstance(version, int):
            found[profile_id] = max(found.get(profile_id, 0), version)
    return found


def too_much_history(how_much: str) -> Conflict:
    """The refusal of a past that is too large to be rebuilt within one call."""
    return Conflict("too_much_history", f"This person's past is too large to rebuild: {how_much}.", "as_of")


def _rows(history: HistoryStore, tenant_id: str, facet: FacetId) -> Iterator[EventRow]:
    before = _END
    while True:
        page = history.timeline(tenant_id, facet, before=before, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        # A page holds its last instant whole.
        before = page[-1].at
