"""A person's events for an export: cut into parts by time, and opened part by part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import merge

import msgspec

from chalicelib.events.model import Event
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.export_held import shown_source
from chalicelib.flows.export_views import ExportedEvent
from chalicelib.flows.open_person import Opened, OpenServices, open_facets
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.masking import mask
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import FacetId, IdentifierKey
from chalicelib.routing.model import NamedIdentifier
from chalicelib.store.rows import THE_END, EventRow, HistoryStore, Position

PART_EVENTS = 1_000
PART_BYTES = 4_000_000
"""Of a part when it is cut. An answer has 6 MB at most; the rest is for what comes late and falls into the part."""
MOST_EVENTS = 50_000
"""Events of one export: to look through more would take longer than a call may."""
_PAGE = 500
_END = 1 << 62


def cuts_of(
    tenant: Tenant, facets: Collection[FacetId], services: OpenServices, now: Millis
) -> tuple[list[Position], int]:
    """Where each part ends, newest first, and how many events there are.

    Each event is opened to be measured: what is stored of it is shorter than what it says.
    Raises Conflict ``too_much_history``, Unavailable.
    """
    keys = open_facets(tenant, facets, services)
    walks = (_rows(tenant.tenant_id, one, _END, services.history, now) for one in sorted(facets))
    ends: list[Position] = []
    count = inside = size = 0
    before: Position = THE_END
    for row in merge(*walks, key=_position, reverse=True):
        count += 1
        if count > MOST_EVENTS:
            raise Conflict("too_much_history", f"More than {MOST_EVENTS} events are more than one call can go through.")
        bytes_ = _answered_bytes(row, keys)
        if inside == PART_EVENTS or (inside and size + bytes_ > PART_BYTES):
            ends.append(before)
            inside = size = 0
        before, inside, size = _position(row), inside + 1, size + bytes_
    # What comes late and is older than all else belongs to the last part.
    return ([*ends, (0, "")] if count else []), count


def events_between(
    tenant_id: str,
    facets: Collection[FacetId],
    newest: Position,
    oldest: Position,
    history: HistoryStore,
    now: Millis,
) -> list[EventRow]:
    """The events before one position and not before another, newest first."""
    rows: list[EventRow] = []
    for facet in sorted(facets):
        for row in _rows(tenant_id, facet, newest[0] + 1, history, now):
            if _position(row) < oldest:
                break
            if _position(row) < newest:
                rows.append(row)
    return sorted(rows, key=_position, reverse=True)


def exported_events(rows: Sequence[EventRow], keys: Opened, own: Collection[IdentifierKey]) -> Iterator[ExportedEvent]:
    """The events, opened. One whose seal has lost its key is told as far as it stands in clear.

    Identifiers that are not the person's ``own`` are masked: a link that was refused or cut says that they are
    somebody else's.
    """
    for row in rows:
        content = decode(row.content, EventContent)
        one = content.contribution
        try:
            # A word of the staff, such as a tag that they set, has no original: all of it stands beside.
            event = keys.event(row) if content.sealed else None
        except Conflict:
            event = None
        yield ExportedEvent(
            event=row.event_key.hex(),
            type=one.type if event is None else event.type,
            time=format_moment(one.at),
            received_at=format_moment(content.received_at),
            channel=one.channel,
            source=shown_source(content.source),
            opened=event is not None or not content.sealed,
            id="" if event is None else event.id,
            identifiers=() if event is None else tuple(_named(event, one.identifiers, own)),
            data=content.view if event is None else event.data,
            context={} if event is None else event.context,
        )


def _named(
    event: Event, known: Mapping[IdentifierKey, str], own: Collection[IdentifierKey]
) -> Iterator[NamedIdentifier]:
    """An event's identifiers. Which value has which key is not kept: what looks like another's is masked with it."""
    others = {(namespace_of(key), masked) for key, masked in known.items() if key not in own}
    for one in event.identifiers:
        masked = mask(one.namespace, one.value)
        yield NamedIdentifier(one.namespace, masked if (one.namespace, masked) in others else one.value)


def _answered_bytes(row: EventRow, keys: Opened) -> int:
    """What an event takes of an answer at most: JSON inside the JSON that Lambda hands to the gateway."""
    (shown,) = exported_events([row], keys, decode(row.content, EventContent).contribution.identifiers)
    return len(msgspec.json.encode(msgspec.json.encode(shown).decode()))


def _rows(tenant_id: str, facet: FacetId, before: Millis, history: HistoryStore, now: Millis) -> Iterator[EventRow]:
    """A facet's events before an instant, newest first, without those that have expired or were stripped."""
    while True:
        page = history.timeline(tenant_id, facet, before=before, limit=_PAGE)
        yield from (row for row in page if row.expires_at > now and row.content)
        if len(page) < _PAGE:
            return
        # A page holds its last instant whole.
        before = page[-1].at


def _position(row: EventRow) -> Position:
    return row.at, row.event_key.hex()
