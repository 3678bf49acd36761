"""A person's events, newest first, with only what the stated purpose may see of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from chalicelib.flows.contribute import EventContent
from chalicelib.flows.find_person import row_of
from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import MaskedPath, TimelineEvent, TimelineView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.asked import FOR_SERVICE, Asked
from chalicelib.privacy.fields import EVENT_FIELDS, FAMILIES, UNDECLARED
from chalicelib.privacy.uses import Declared
from chalicelib.profiles.model import Body, FacetId, Profile
from chalicelib.profiles.permitted import permitted
from chalicelib.store.pages import at_least
from chalicelib.store.rows import EventRow, Position

_CURSOR = re.compile(r"([0-9]{1,16})\.([0-9a-f]+)")


def read_timeline(
    tenant_id: str,
    profile_id: str,
    limit: int,
    cursor: str,
    services: ReadServices,
    now: Millis,
    asked: Asked = FOR_SERVICE,
) -> TimelineView:
    """One page of the events of all facets that the purpose may see, and the cursor of the next ('' = no more).

    Raises NotFound for an unknown profile, BadInput ``bad_cursor`` and ``bad_limit``.
    """
    check_limit(limit)
    row = row_of(tenant_id, profile_id, services)
    position = position_of(cursor, _CURSOR)
    body = decode(row.body, Body)
    profile = profile_of(row, body)
    seen = permitted(profile, asked, now, services.catalogue.measures)
    if seen.closed:
        return TimelineView(row.profile_id, (), "", (MaskedPath("events", seen.closed),))
    families, fields = _barred(FAMILIES, asked, profile), _barred(EVENT_FIELDS, asked, profile)
    older = partial(_older, tenant_id, position=position, limit=limit, barred=families, services=services, now=now)
    found = [event for facet in body.facets for event in older(facet)]
    found.sort(key=lambda event: (event.at, event.event_key), reverse=True)
    page = found[:limit]
    more = cursor_of(_position(page[-1])) if len(found) > limit else ""
    masked = {MaskedPath("events", reason) for reason in families.values()}
    masked |= {MaskedPath("events.data", reason) for reason in fields.values()}
    ordered = tuple(sorted(masked, key=lambda one: (one.path, one.reason)))
    return TimelineView(row.profile_id, tuple(_shown(one, fields) for one in page), more, ordered)


def _barred(declared: Mapping[str, Declared], asked: Asked, profile: Profile) -> dict[str, str]:
    """What of events the purpose may not see: name → reason. It depends on what was said, and not on what happened."""
    reasons = {name: one.use.withheld(asked.purpose, profile.said, asked.asked_first) for name, one in declared.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _older(
    tenant_id: str,
    facet: FacetId,
    *,
    position: Position,
    limit: int,
    barred: Collection[str],
    services: ReadServices,
    now: Millis,
) -> Sequence[EventRow]:
    """More than ``limit`` events of a facet before a position that have not expired, or all there are."""
    return at_least(
        limit + 1,
        lambda asked: services.history.timeline(tenant_id, facet, before=position[0] + 1, limit=asked),
        lambda row: row.expires_at > now and _position(row) < position and not (barred and _family(row) in barred),
    )


def _family(row: EventRow) -> str:
    family = decode(row.content, EventContent).contribution.type.partition(".")[0]
    return family if family in FAMILIES else UNDECLARED


def _position(row: EventRow) -> Position:
    return row.at, row.event_key.hex()


def _shown(row: EventRow, barred: Collection[str]) -> TimelineEvent:
    content = decode(row.content, EventContent)
    one = content.contribution
    return TimelineEvent(
        event=row.event_key.hex(),
        type=one.type,
        time=format_moment(one.at),
        received_at=format_moment(content.received_at),
        channel=one.channel,
        source=content.source,
        data={name: value for name, value in content.view.items() if name not in barred},
    )
