"""People with events in a window of the past: refolded one event after another, under two sets of rules.

The contributions in the event rows need no key. Who is one person is taken as it is known today. Between two events the
rules are not asked: a tag that time alone sets or clears is seen at the next event, or at the window's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.flows.catalogue_job import Window
from chalicelib.flows.compare_people import Sides
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import join, spoken_since
from chalicelib.profiles.model import Body, Contribution, Facet, FacetId, Profile
from chalicelib.store.rows import HistoryStore, ProfileRow
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.compare import Comparison, Held, Seen, compare, held
from chalicelib.tags.engine import assess

MOST_EVENTS = 5_000
"""Of one person: a page of such people is still done within a call of the function."""
_PAGE = 500
TOO_MANY, EXPIRED = "too_many_events", "history_expired"


def compare_past(
    row: ProfileRow, window: Window, sides: Sides, tenant: Tenant, history: HistoryStore, now: Millis
) -> Comparison:
    """What somebody would have had within a window. Empty for one without events in it."""
    body = decode(row.body, Body)
    if not profile_of(row, body).is_profiled:
        return Comparison()
    if not any(one.last_seen >= window.begins and one.first_seen < window.ends for one in body.facets.values()):
        return Comparison()
    if min(one.first_seen for one in body.facets.values()) + tenant.horizon_days * DAY_MS <= now:
        return Comparison(left_out={EXPIRED: 1})
    events: list[Contribution] = []
    for facet in body.facets:
        events += _events(history, tenant.tenant_id, facet, window.ends, room=MOST_EVENTS + 1 - len(events))
        if len(events) > MOST_EVENTS:
            return Comparison(left_out={TOO_MANY: 1})
    if not any(one.at >= window.begins for one in events):
        return Comparison()
    return _walk(row, body, events, window, sides)


def _walk(row: ProfileRow, body: Body, events: Iterable[Contribution], window: Window, sides: Sides) -> Comparison:
    old, new = _Past(sides.old.catalogue, sides.tags), _Past(sides.new.catalogue, sides.tags)
    today = profile_of(row, body)
    for at, facets in _states(events, window):
        profile = spoken_since(_profile(row, body, facets), [today])
        old.look(profile, at)
        new.look(profile, at)
    return compare(row.profile_id, old.held(), new.held())


class _Past:
    """The tags that somebody had at any moment looked at: since the first of these, and as sure as then."""

    def __init__(self, catalogue: Catalogue, tags: frozenset[str]) -> None:
        self._catalogue, self._among = catalogue, tags
        self._tags: dict[str, Seen] = {}
        self._failed: set[str] = set()

    def look(self, profile: Profile, at: Millis) -> None:
        found = held(assess(self._catalogue, profile, at, among=self._among), self._among)
        self._failed |= found.failed
        for tag_id, seen in found.tags.items():
            self._tags.setdefault(tag_id, Seen(seen.confidence, at))

    def held(self) -> Held:
        return Held({one: seen for one, seen in self._tags.items() if one not in self._failed}, frozenset(self._failed))


def _states(events: Iterable[Contribution], window: Window) -> Iterator[tuple[Millis, dict[FacetId, Facet]]]:
    """What was folded at the window's begin, after each moment with events in it, and at its end."""
    facets: dict[FacetId, Facet] = {}
    last = window.begins
    for one in sorted(events, key=lambda one: (one.at, one.event_key)):
        if one.at > last and facets:
            yield last, facets
        last = max(last, one.at)
        folded = fold(facets.get(one.facet), [one])
        assert folded is not None, "an event makes a facet"
        facets = {**facets, one.facet: folded}
    yield last, facets
    if last < window.ends - 1:
        yield window.ends - 1, facets


def _profile(row: ProfileRow, body: Body, facets: dict[FacetId, Facet]) -> Profile:
    return join(row.profile_id, row.version, row.state, row.generation, Body(body.schema, facets, body.refused))


def _events(
    history: HistoryStore, tenant_id: str, facet: FacetId, ends: Millis, *, room: int
) -> Iterator[Contribution]:
    """A facet's events before an instant, newest first; so many at most."""
    before = ends
    while room > 0:
        page = history.timeline(tenant_id, facet, before=before, limit=_PAGE)
        for row in page[:room]:
            if row.content:
                yield decode(row.content, EventContent).contribution
        room -= len(page)
        if len(page) < _PAGE:
            return
        # A page holds its last instant whole.
        before = page[-1].at
