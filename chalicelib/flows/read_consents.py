"""The ledger of a person's consents: what stands now, and every word that was said, newest first, from the event rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.flows.consent_words import words_of
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.find_person import row_of
from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import ConsentView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.consents import CONSENT_TYPES
from chalicelib.profiles.model import Body, FacetId, Trait
from chalicelib.store.pages import at_least
from chalicelib.store.rows import EventRow, Position

_CURSOR = re.compile(r"([0-9]{1,16})\.([0-9a-f]+)")


class ConsentsView(msgspec.Struct, frozen=True):
    """What stands now by purpose, and a page of all that was said, newest first. ``cursor`` is empty on the last page."""

    profile_id: str
    consents: tuple[ConsentView, ...]
    history: tuple[ConsentView, ...]
    cursor: str


def read_consents(
    tenant_id: str, profile_id: str, limit: int, cursor: str, services: ReadServices, now: Millis
) -> ConsentsView:
    """A person's consents. Raises NotFound for an unknown profile, BadInput ``bad_cursor`` and ``bad_limit``."""
    check_limit(limit)
    row, position = row_of(tenant_id, profile_id, services), position_of(cursor, _CURSOR)
    body = decode(row.body, Body)
    standing = words_of(profile_of(row, body).traits)
    # Of whom no word stands none was ever heard: their events need not be read.
    facets = body.facets if standing else {}
    found = [event for facet in facets for event in _older(tenant_id, facet, position, limit, services, now)]
    found.sort(key=_position, reverse=True)
    page = found[:limit]
    more = cursor_of(_position(page[-1])) if len(found) > limit else ""
    history = tuple(word for event in page for word in words_of(_traits(event)))
    return ConsentsView(row.profile_id, standing, history, more)


def _older(
    tenant_id: str, facet: FacetId, position: Position, limit: int, services: ReadServices, now: Millis
) -> Sequence[EventRow]:
    """More than ``limit`` words of a facet before a position that have not expired, or all there are."""
    return at_least(
        limit + 1,
        lambda asked: services.history.timeline(tenant_id, facet, before=position[0] + 1, limit=asked),
        lambda row: row.expires_at > now and _position(row) < position and bool(_traits(row)),
    )


def _traits(row: EventRow) -> Mapping[str, Trait]:
    """The registers that an event moved; none of an event of another kind."""
    if not row.content:
        return {}
    one = decode(row.content, EventContent).contribution
    return one.traits if one.type in CONSENT_TYPES else {}


def _position(row: EventRow) -> Position:
    return row.at, row.event_key.hex()
