"""A person's events for an export: cut into parts by time, and opened part by part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from heapq import merge

from chalicelib.flows.contribute import EventContent
from chalicelib.flows.export_views import ExportedEvent
from chalicelib.flows.open_person import Opened
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.model import FacetId
from chalicelib.routing.model import NamedIdentifier
from chalicelib.store.rows import EventRow, HistoryStore, Position

EVENTS_PER_PART = 100
"""An event has 32 KB at most and an answer 6 MB. Pages that escape much may need more: those are refused, not cut."""
MOST_EVENTS = 50_000
"""Events of one export: to look through more would take longer than a call may."""
_PAGE = 500
_END = 1 << 62


def cuts_of(
    tenant_id: str, facets: Collection[FacetId], history: HistoryStore, now: Millis
) -> tuple[list[Position], int]:
    """Where each part ends, newest first, and how many events there are. Raises Conflict ``too_much_history``."""
    walks = (_positions(tenant_id, one, history, now) for one in sorted(facets))
    cuts: list[Position] = []
    count, last = 0, (0, "")
    for place in merge(*walks, reverse=True):
        count, last = count + 1, place
        if count > MOST_EVENTS:
            raise Conflict("too_much_history", f"More than {MOST_EVENTS} events: export them with the operator's help.")
        if count % EVENTS_PER_PART == 0:
            cuts.append(place)
    if count % EVENTS_PER_PART:
        cuts.append(last)
    # What comes late and is older than all else belongs to the last part.
    return [*cuts[:-1], (0, "")] if cuts else [], count


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


def exported_events(rows: Sequence[EventRow], keys: Opened) -> Iterator[ExportedEvent]:
    """The events, opened. One whose seal has lost its key is told as far as it stands in clear."""
    for row in rows:
        content = decode(row.content, EventContent)
        one = content.contribution
        try:
            event = keys.event(row)
        except Conflict:
            event = None
        yield ExportedEvent(
            event=row.event_key.hex(),
            type=one.type if event is None else event.type,
            time=format_moment(one.at),
            received_at=format_moment(content.received_at),
            channel=one.channel,
            source=content.source,
            opened=event is not None,
            id="" if event is None else event.id,
            identifiers=()
            if event is None
            else tuple(NamedIdentifier(named.namespace, named.value) for named in event.identifiers),
            data=content.view if event is None else event.data,
            context={} if event is None else event.context,
        )


def _positions(tenant_id: str, facet: FacetId, history: HistoryStore, now: Millis) -> Iterator[Position]:
    yield from (_position(row) for row in _rows(tenant_id, facet, _END, history, now))


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
