"""A person's events, newest first, with only what anyone who may read the profile may see."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.flows.contribute import EventContent
from chalicelib.flows.find_person import row_of
from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import TimelineEvent, TimelineView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.model import Body, FacetId
from chalicelib.store.pages import at_least
from chalicelib.store.rows import EventRow, Position

_CURSOR = re.compile(r"([0-9]{1,16})\.([0-9a-f]+)")


def read_timeline(
    tenant_id: str, profile_id: str, limit: int, cursor: str, services: ReadServices, now: Millis
) -> TimelineView:
    """One page of events of all facets, and the cursor of the next ('' = no more).

    Raises NotFound for an unknown profile, BadInput ``bad_cursor`` and ``bad_limit``.
    """
    check_limit(limit)
    row = row_of(tenant_id, profile_id, services)
    position = position_of(cursor, _CURSOR)
    facets = decode(row.body, Body).facets
    found = [event for facet in facets for event in _older(tenant_id, facet, position, limit, services, now)]
    found.sort(key=lambda event: (event.at, event.event_key), reverse=True)
    page = found[:limit]
    more = cursor_of(_position(page[-1])) if len(found) > limit else ""
    return TimelineView(row.profile_id, tuple(map(_shown, page)), more)


def _older(
    tenant_id: str, facet: FacetId, position: Position, limit: int, services: ReadServices, now: Millis
) -> Sequence[EventRow]:
    """More than ``limit`` events of a facet before a position that have not expired, or all there are."""
    return at_least(
        limit + 1,
        lambda asked: services.history.timeline(tenant_id, facet, before=position[0] + 1, limit=asked),
        lambda row: row.expires_at > now and _position(row) < position,
    )


def _position(row: EventRow) -> Position:
    return row.at, row.event_key.hex()


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
