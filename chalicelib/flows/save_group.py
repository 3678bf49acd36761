"""Folds the events of people who hang together into their facets and saves all of it in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from chalicelib.flows.admission import Admitted
from chalicelib.flows.contribute import Contributed, contribute
from chalicelib.flows.facet_keys import facet_keys
from chalicelib.flows.heard_consent import LeftOut
from chalicelib.flows.notes import notes_of
from chalicelib.flows.plan_save import ACTIONS_AT_ONCE, Person, actions_of, plan
from chalicelib.flows.save_changes import Told, tell
from chalicelib.flows.services import Change, IngestKeys, IngestServices
from chalicelib.flows.settle_links import as_it_stood, is_settled, settle
from chalicelib.flows.snapshot import Snapshot, limits_of
from chalicelib.identity.partition import Edge, RefusedLink
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.consents import CONSENT_TYPES
from chalicelib.profiles.fold import fold
from chalicelib.profiles.model import Contribution, Facet, FacetId
from chalicelib.store import rows

_LEDGER_DAYS = 3_650
"""What was agreed to, and what was taken back, must be shown for as long as anybody may ask."""
_MARGIN_DAYS = 30
"""How much longer than the horizon a marker lives: DynamoDB's own expiry and clocks may lag."""


class Round(msgspec.Struct, frozen=True):
    """What one attempt knows: whose events, with which keys, and the store as it was read."""

    tenant: Tenant
    keys: IngestKeys
    snapshot: Snapshot
    now: Millis


class Saved(msgspec.Struct, frozen=True):
    """How saving a group ended, and what is to be published for it. ``too_large``: nothing was tried.

    ``left_out`` are the events' keys and what each was applied without; ``people`` are who the
    events' people are since.
    """

    outcome: rows.Outcome
    changes: tuple[Change, ...] = ()
    left_out: tuple[tuple[bytes, LeftOut], ...] = ()
    refused_links: tuple[RefusedLink, ...] = ()
    too_large: bool = False
    people: tuple[Person, ...] = ()


def edges_of_event(one: Admitted) -> Iterator[Edge]:
    """The links that an event carries."""
    for key in sorted(one.identifiers):
        if key != one.anchor:
            yield Edge(one.event.time, one.event_key, one.anchor, key)


def save_group(events: Sequence[Admitted], known: Round, services: IngestServices) -> Saved:
    """Fold, settle the links, evaluate the tags concerned, seal and save.

    Raises Unavailable when the outcome is not known.
    """
    snapshot = known.snapshot
    contributed = _contributed(events, known, services)
    contributions = [one.contribution for one in contributed]
    new = tuple(edge for one in events for edge in edges_of_event(one) if not is_settled(snapshot, edge))
    grown, limits = _grown(contributions, snapshot), limits_of(known.tenant)
    settled = settle(snapshot, grown, new, limits)
    planned = plan(settled, snapshot, known.keys.index, known.now, new)
    if actions_of(planned) + len(events) > ACTIONS_AT_ONCE:
        if len(events) > 1:
            return Saved(rows.Outcome(saved=False), too_large=True)
        settled = as_it_stood(snapshot, grown, new, limits)
        planned = plan(settled, snapshot, known.keys.index, known.now, new)
    if snapshot.is_torn:
        return Saved(rows.Outcome(saved=False, stale=True))
    tenant_id = known.tenant.tenant_id
    rules, models = services.catalogue(tenant_id), services.models(tenant_id)
    outreach = services.outreach(tenant_id)
    told = tell(planned, contributions, snapshot, known.now, rules, models, outreach)
    change = _change(told, contributed, known)
    if change.actions > ACTIONS_AT_ONCE and told.records:
        # What fills a transaction by itself raises nothing: the next event of these people will.
        told = tell(planned, contributions, snapshot, known.now, rules, models)
        change = _change(told, contributed, known)
    return Saved(
        outcome=services.profiles.save(change),
        changes=told.changes,
        left_out=tuple((one.contribution.event_key, part) for one in contributed for part in one.left_out),
        refused_links=tuple(link for link in settled.refused if not _was_refused(link, snapshot)),
        people=planned.people,
    )


def _was_refused(link: RefusedLink, snapshot: Snapshot) -> bool:
    """Whether a link was refused before this save, so that a note of it stands already."""
    if link.anchor not in snapshot.identifiers:
        return True
    body = snapshot.body_at(link.anchor)
    facet = body.facets.get(link.anchor)
    if facet is None or link.other not in facet.links:
        return False
    return link.other in body.refused or snapshot.row(link.other).shared


def _contributed(events: Sequence[Admitted], known: Round, services: IngestServices) -> Sequence[Contributed]:
    generations = {one.anchor: 1 + known.snapshot.row(one.anchor).generation for one in events}
    keys = facet_keys(generations, known.tenant.tenant_id, known.keys, services)
    return [contribute(one, keys[one.anchor]) for one in events]


def _grown(contributions: Sequence[Contribution], snapshot: Snapshot) -> dict[FacetId, Facet]:
    grown: dict[FacetId, Facet] = {}
    for facet in dict.fromkeys(one.facet for one in contributions):
        before = snapshot.body_at(facet).facets.get(facet)
        after = fold(before, (one for one in contributions if one.facet == facet))
        if after is not None:
            grown[facet] = after
    return grown


def _change(told: Told, contributed: Sequence[Contributed], known: Round) -> rows.Change:
    planned = told.planned
    return rows.Change(
        tenant=known.tenant.tenant_id,
        profiles=(*((one.row, one.replaces) for one in planned.people if one.is_changed), *planned.redirects),
        events=_event_rows(contributed, told.changes, _by_facet(planned.people), known),
        identifiers=planned.identifiers,
        checks=planned.checks,
        unmoved=planned.unmoved,
        records=told.records,
    )


def _by_facet(people: Sequence[Person]) -> Mapping[FacetId, rows.ProfileRow]:
    return {facet: one.row for one in people for facet in one.component.facets}


def _event_rows(
    contributed: Sequence[Contributed],
    published: Sequence[Change],
    made: Mapping[FacetId, rows.ProfileRow],
    known: Round,
) -> tuple[rows.EventRow, ...]:
    lifetime = (known.tenant.horizon_days + _MARGIN_DAYS) * DAY_MS
    notes = notes_of(published, [one.content for one in contributed])
    return tuple(
        rows.EventRow(
            tenant=known.tenant.tenant_id,
            event_key=one.contribution.event_key,
            facet=one.contribution.facet,
            at=one.contribution.at,
            expires_at=one.contribution.at
            + (_LEDGER_DAYS * DAY_MS if one.contribution.type in CONSENT_TYPES else lifetime),
            content=one.content,
            changes=note,
            saved_at=made[one.contribution.facet].updated_at,
            version=made[one.contribution.facet].version,
        )
        for one, note in zip(contributed, notes, strict=True)
    )
