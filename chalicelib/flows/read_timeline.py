"""A person's events, newest first, with only what anyone who may read the profile may see."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.flows.contribute import EventContent
from chalicelib.flows.find_person import row_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import TimelineEvent, TimelineView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.model import Body, FacetId
from chalicelib.store.rows import EventRow

MOST_EVENTS = 100


def read_timeline(
    tenant_id: str, profile_id: str, limit: int, cursor: str, services: ReadServices, now: Millis
) -> TimelineView:
    """One page of events of all facets, and the cursor of the next ('' = no more).

    Raises NotFound for an unknown profile, BadInput ``bad_cursor`` and ``bad_limit``.
    """
    if not 1 <= limit <= MOST_EVENTS:
        raise BadInput("bad_limit", f"A limit is 1 to {MOST_EVENTS}.", "limit")
    row = row_of(tenant_id, profile_id, services)
    position = _position(cursor)
    facets = decode(row.body, Body).facets
    found = [event for facet in facets for event in _older(tenant_id, facet, position, limit, services, now)]
    found.sort(key=lambda event: (event.at, event.event_key), reverse=True)
    page = found[:limit]
    more = f"{page[-1].at}.{page[-1].event_key.hex()}" if len(found) > limit else ""
    return TimelineView(row.profile_id, tuple(map(_shown, page)), more)


def _older(
    tenant_id: str, facet: FacetId, position: tuple[Millis, str], limit: int, services: ReadServices, now: Millis
) -> Sequence[EventRow]:
    """More than ``limit`` events of a facet after a position, or all there are.

    Those of the position's own millisecond come again and are left out by their keys, as are expired ones:
    where that leaves too few, more are asked for.
    """
    asked = limit + 1
    while True:
        rows = services.history.timeline(tenant_id, facet, before=position[0] + 1, limit=asked)
        left = [row for row in rows if row.expires_at > now and (row.at, row.event_key.hex()) < position]
        if len(left) > limit or len(rows) < asked:
            return left
        asked = 2 * len(rows)


def _position(cursor: str) -> tuple[Millis, str]:
    if not cursor:
        return (1 << 60, "")
    at, _, key = cursor.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) <= 16 and key.isalnum()):
        raise BadInput("bad_cursor", "That cursor is none of ours.", "cursor")
    return int(at), key


def _shown(row: EventRow) -> TimelineEvent:
    content = decode(row.content, EventContent)
    one = content.contribution
    return TimelineEvent(
        event=row.event_key.hex(),
        type=one.type,
        time=format_moment(one.at),
        received_at=format_moment(content.received_at),
        channel=one.channel,
        source=content.source,
        data=content.view,
    )
