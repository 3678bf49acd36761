"""Folds a group's events into its profile and saves all of it in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.flows.admission import Admitted
from chalicelib.flows.contribute import Contributed, contribute
from chalicelib.flows.facet_keys import facet_keys
from chalicelib.flows.services import Change, IngestKeys, IngestServices
from chalicelib.identity.resolve import Group
from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.model import Contribution, Facet, FacetId
from chalicelib.store import rows
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess

RULE_FAILED = "rule.failed"
"""Published when a tag rule cannot be evaluated: the event is applied, and somebody must look."""
_MARGIN_DAYS = 30
"""How much longer than the horizon a marker lives: DynamoDB's own expiry and clocks may lag."""


class Round(msgspec.Struct, frozen=True):
    """What one attempt knows: the events to apply, and the store as it was read.

    ``owners`` are identifier rows as stored: the save makes sure of them. ``current_owners`` has their
    redirects followed.
    """

    tenant: Tenant
    keys: IngestKeys
    admitted: Mapping[bytes, Admitted]
    stored: Mapping[str, rows.ProfileRow]
    facets: Mapping[str, Mapping[FacetId, Facet]]
    owners: Mapping[str, str]
    current_owners: Mapping[str, str]
    now: Millis

    def identifiers(self, profile_id: str) -> frozenset[str]:
        """Every identifier that a stored profile is linked to."""
        return frozenset(key for facet in self.facets[profile_id].values() for key in facet.links)

    def first_seen(self, profile_id: str) -> Millis:
        """When a stored profile began."""
        return min((facet.first_seen for facet in self.facets[profile_id].values()), default=0)


class Saved(msgspec.Struct, frozen=True):
    """How saving a group ended, and what is to be published for it."""

    outcome: rows.Outcome
    changes: tuple[Change, ...] = ()
    refused_traits: tuple[tuple[bytes, str], ...] = ()
    """Event key and name of each trait that was left out of its event."""


def save_group(group: Group, known: Round, services: IngestServices) -> Saved:
    """Fold, evaluate the tags concerned, seal and save. Raises Unavailable when the outcome is not known."""
    contributed = _contributed(group, known, services)
    contributions = [one.contribution for one in contributed]
    before = _facets(group, known)
    after = _folded(before, contributions)
    profile = _row(group, known, after)
    touched = frozenset[str]().union(*map(_touched, contributions))
    published = _changes(group, profile, (before, after), touched, known, services)
    change = rows.Change(
        tenant=known.tenant.tenant_id,
        profiles=((profile, profile.version - 1), *_redirects(group, known)),
        events=_event_rows(contributed, published, known),
        identifiers=tuple(
            rows.IdentifierWrite(key, group.profile_id, known.owners.get(key, "")) for key in group.repoint
        ),
    )
    left_out = tuple((one.contribution.event_key, name) for one in contributed for name in one.refused_traits)
    return Saved(services.profiles.save(change), published, left_out)


def _contributed(group: Group, known: Round, services: IngestServices) -> Sequence[Contributed]:
    events = [known.admitted[claim.event_key] for claim in group.claims]
    keys = facet_keys({one.anchor for one in events}, known.tenant.tenant_id, known.keys, services)
    refused = {(link.event_key, link.identifier) for link in group.refused}
    return [
        contribute(
            one,
            {key: mask for key, mask in one.identifiers.items() if (one.event_key, key) not in refused},
            keys[one.anchor],
        )
        for one in events
    ]


def _facets(group: Group, known: Round) -> dict[FacetId, Facet]:
    """The facets of the surviving profile and of those it absorbs."""
    facets: dict[FacetId, Facet] = {}
    for profile_id in (group.profile_id, *group.absorbed):
        facets |= known.facets.get(profile_id, {})
    return facets


def _folded(before: Mapping[str, Facet], contributions: Sequence[Contribution]) -> dict[str, Facet]:
    after = dict(before)
    for facet in dict.fromkeys(one.facet for one in contributions):
        grown = fold(before.get(facet), (one for one in contributions if one.facet == facet))
        if grown is not None:
            after[facet] = grown
    return after


def _row(group: Group, known: Round, facets: Mapping[str, Facet]) -> rows.ProfileRow:
    before = known.stored.get(group.profile_id)
    return rows.ProfileRow(
        tenant=known.tenant.tenant_id,
        profile_id=group.profile_id,
        version=1 + (before.version if before else 0),
        state=_state(group, known),
        generation=before.generation if before else 1,
        updated_at=known.now,
        body=encode(body_of(facets)),
    )


def _state(group: Group, known: Round) -> rows.State:
    """Who opted out stays out: neither an event nor a merge opts a person in again."""
    stored = [known.stored[one].state for one in (group.profile_id, *group.absorbed) if one in known.stored]
    return "restricted" if "restricted" in stored else stored[0] if stored else "active"


def _redirects(group: Group, known: Round) -> Sequence[tuple[rows.ProfileRow, int]]:
    lost = [known.stored[profile_id] for profile_id in group.absorbed]
    return [
        (
            msgspec.structs.replace(
                row,
                version=row.version + 1,
                state="merged",
                merged_into=group.profile_id,
                updated_at=known.now,
                body=b"",
            ),
            row.version,
        )
        for row in lost
    ]


def _event_rows(
    contributed: Sequence[Contributed], published: Sequence[Change], known: Round
) -> tuple[rows.EventRow, ...]:
    lifetime = (known.tenant.horizon_days + _MARGIN_DAYS) * DAY_MS
    # Kept with the last event of a save, so that a redelivery can publish again what a crash ate.
    notes = [b""] * (len(contributed) - 1) + [encode(published)]
    return tuple(
        rows.EventRow(
            tenant=known.tenant.tenant_id,
            event_key=one.contribution.event_key,
            facet=one.contribution.facet,
            at=one.contribution.at,
            expires_at=one.contribution.at + lifetime,
            content=one.content,
            changes=note,
        )
        for one, note in zip(contributed, notes, strict=True)
    )


def _touched(one: Contribution) -> frozenset[str]:
    """The stems of the values that an event can change."""
    case = {"order": ("orders",), "ticket": ("tickets", "complaints"), "complaint": ("complaints",)}
    stems = {f"t.{name}" for name in one.traits} | {f"m.{delta.measure}" for delta in one.deltas} | {"p"}
    return frozenset(stems.union(case[one.step.kind] if one.step else ()))


def _changes(
    group: Group,
    row: rows.ProfileRow,
    facets: tuple[Mapping[str, Facet], Mapping[str, Facet]],
    touched: frozenset[str],
    known: Round,
    services: IngestServices,
) -> tuple[Change, ...]:
    """What this save changes, for the bus: ids, tags and versions, never a value of the person."""
    about = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    only = None if group.absorbed else touched
    profiles = [join(row.profile_id, row.version, row.state, row.generation, body_of(one)) for one in facets]
    old, new = (assess(services.catalogue, one, known.now, only=only) for one in profiles)
    changed = changes(old, new)
    merged = [Change("profile.merged", {**about, "merged": list(group.absorbed)})] if group.absorbed else []
    return (
        Change("profile.updated", about),
        *merged,
        *(Change("tag.set", {**about, "tag": one.id, "confidence": one.confidence}) for one in changed.set),
        *(Change("tag.cleared", {**about, "tag": one.id}) for one in changed.cleared),
        *(Change(RULE_FAILED, {**about, "tag": one.tag_id, "error": one.error}) for one in new.failed),
    )
