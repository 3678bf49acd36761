"""The parts of an exported person: identifiers and traits opened, consents, tags with why, who decided and who read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.flows.export_views import (
    DoneView,
    ExportedConsent,
    ExportedIdentifier,
    ExportedTrait,
    ReadBy,
    Recipient,
    SaidView,
)
from chalicelib.flows.held_fields import HeldIdentifier, HeldTrait, values_of
from chalicelib.flows.link_services import PERSON
from chalicelib.flows.note_read import Seen, seen_of_kind
from chalicelib.flows.open_person import Opened
from chalicelib.flows.read_audit import AuditedView, AuditQuestion, read_audit
from chalicelib.flows.report_outcome import outcomes_of
from chalicelib.flows.why_views import WhyView
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis, format_moment, parse_moment
from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.fields import FIELDS
from chalicelib.privacy.permission import PURPOSES
from chalicelib.profiles.claims import CORRECTED_RANK
from chalicelib.profiles.consents import consents_of
from chalicelib.profiles.model import Body, FacetId, Profile
from chalicelib.profiles.pins import is_beside
from chalicelib.profiles.served import DESK, LAST_AGENT
from chalicelib.routing.inputs import read_inputs
from chalicelib.store.rows import DecisionRow, EventRow, HistoryStore, ProfileStore

MOST_DECISIONS = 200
MOST_SIGHTS = 200
_AUDIT_PAGES = 20
_STAFF, _BY_STAFF = "desk", "person:"
"""What staff say for a person comes from a source that is named after them."""


def shown_source(source: str) -> str:
    """A source as the person is told of it: which of the staff somebody is, is not the person's own data."""
    if source == _BY_STAFF + PERSON:
        return PERSON
    return _STAFF if source.startswith(_BY_STAFF) else source


def without_staff(why: WhyView) -> WhyView:
    """Why a tag is set, without who of the staff set it."""
    return why if why.pinned is None else replace(why, pinned=replace(why.pinned, by=_STAFF))


def held_traits(profile: Profile, body: Body) -> dict[str, tuple[HeldTrait, ...]]:
    """Trait → all that is held of it in any facet: the winner first, then what others said, the latest first."""
    found: dict[str, list[HeldTrait]] = defaultdict(list)
    for facet_id, facet in sorted(body.facets.items()):
        for name, trait in sorted(facet.traits.items()):
            for one in (trait, *facet.claims.get(name, ())):
                if not is_beside(name) and one.value is not None:
                    found[name].append(HeldTrait(name, facet_id, one))
    for name, held in found.items():
        held.sort(key=lambda one: (one.trait == profile.traits.get(name), one.trait.observed_at), reverse=True)
    return {name: tuple(held) for name, held in sorted(found.items())}


def exported_traits(held: dict[str, tuple[HeldTrait, ...]], profile: Profile, keys: Opened) -> Iterator[ExportedTrait]:
    """Every trait with every word on it."""
    for name, many in held.items():
        field = FIELDS.get(name)
        if field is None:
            continue
        said = tuple(_said(one, keys) for one in many)
        yield ExportedTrait(
            name=name,
            names=field.names,
            class_=field.class_,
            purposes=field.purposes,
            legal_basis=field.legal_basis,
            retention_days=field.retention_days,
            # What is corrected away leaves words that no longer hold, and none that does.
            in_force=said[0] if many[0].trait == profile.traits.get(name) else None,
            said=said,
        )


def exported_identifiers(
    held: Sequence[HeldIdentifier], profile: Profile, keys: Opened
) -> Iterator[ExportedIdentifier]:
    """Every identifier, in clear where an event that named it is left."""
    told = values_of(held, partial(_clear, keys), profile.links)
    for one in held:
        value, link = told.get(one.key), one.link
        yield ExportedIdentifier(
            namespace=namespace_of(one.key),
            value=link.masked if value is None else value,
            opened=value is not None,
            source=shown_source(link.source),
            first_seen=format_moment(link.first_seen or link.last_seen),
            last_seen=format_moment(link.last_seen or link.first_seen),
        )


def exported_consents(profile: Profile) -> Iterator[ExportedConsent]:
    """The last word on each purpose. Every word is among the events."""
    for purpose, one in sorted(consents_of(profile.traits).items()):
        yield ExportedConsent(
            purpose, one.granted, format_moment(one.at), shown_source(one.source), one.channel, one.version, one.proof
        )


def lived_since(
    tenant_id: str, profile_id: str, facets: Collection[FacetId], id_of: Callable[[FacetId], str], store: ProfileStore
) -> dict[str, Millis]:
    """Each id that this person has had → since when: what is of before was about somebody who was erased, and may have
    been somebody else. A telephone number that was given back is given to another.
    """
    rows = store.find(tenant_id, facets, fresh=True)
    since = {id_of(facet): rows[facet].erased_at if facet in rows else 0 for facet in facets}
    return {profile_id: max(since.values(), default=0)} | since


def exported_decisions(
    tenant_id: str, ids: Mapping[str, Millis], history: HistoryStore, now: Millis
) -> tuple[dict[str, Any], ...]:
    """The newest decisions under any id that this person has had, each as it was answered, with its reasons, what it
    was made from and what came of it; not who of the staff served or reported.
    """
    rows = [
        row
        for one, since in sorted(ids.items())
        for row in history.decisions_about(tenant_id, one, before=now + 1, limit=MOST_DECISIONS)
        if row.expires_at > now and row.at > since
    ]
    rows.sort(key=lambda row: (row.at, row.decision_id), reverse=True)
    return tuple(_exported(row) for row in rows[:MOST_DECISIONS])


def _exported(row: DecisionRow) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(row.content)
    if told.get("agent"):
        # How the staff do at their work is theirs: neither who was chosen, nor who else was weighed, nor by what.
        told["agent"] = {"agent_id": DESK}
    told["runners_up"] = [one for one in told.get("runners_up", ()) if "agent_id" not in one]
    if row.inputs:
        told["made_from"] = read_inputs(row.inputs).facts
    if row.outcome:
        known = outcomes_of(row).now.told
        told["outcome"] = {name: value for name, value in known.items() if name != "agent_id"}
    return told


def recipients(names: Collection[str]) -> Iterator[Recipient]:
    """By purpose: which roles may be shown which of these fields."""
    for purpose in PURPOSES:
        roles = sorted(role for role, scopes in SCOPES.items() if f"purpose:{purpose}" in scopes)
        fields = sorted(one for one in names if purpose == "legal" or purpose in FIELDS[one].purposes)
        if roles and fields:
            yield Recipient(purpose, tuple(roles), tuple(fields))


def read_by(tenant_id: str, ids: Mapping[str, Millis], history: HistoryStore, now: Millis) -> Iterator[ReadBy]:
    """The latest sights of this person, summed by role, call and purpose."""
    sums: dict[tuple[str, str, str, bool], list[Millis]] = defaultdict(list)
    for profile_id, since in sorted(ids.items()):
        sights = history.records(tenant_id, seen_of_kind(profile_id), before=now + 1, limit=MOST_SIGHTS)
        for row in (one for one in sights if one.at > since):
            # The copy by person is the whole row: nothing more need be read.
            seen = decode(row.content, Seen)
            sums[seen.role, seen.action, seen.purpose, seen.clear].append(row.at)
    for (role, action, purpose, clear), at in sorted(sums.items()):
        yield ReadBy(role, action, purpose, clear, len(at), format_moment(min(at)), format_moment(max(at)))


def done_with(
    tenant_id: str, ids: Mapping[str, Millis], history: HistoryStore, now: Millis
) -> tuple[tuple[DoneView, ...], bool]:
    """What was done with these profiles, newest first, and whether that is all of it."""
    found: dict[str, AuditedView] = {}
    whole = True
    for profile_id, since in sorted(ids.items()):
        cursor = ""
        for _ in range(_AUDIT_PAGES):
            page = read_audit(tenant_id, AuditQuestion(profile=profile_id), 100, cursor, history, now)
            found |= {one.id: one for one in page.audited if parse_moment(one.at) > since}
            cursor = page.cursor
            if not cursor:
                break
        whole = whole and not cursor
    ordered = sorted(found.values(), key=lambda one: (one.at, one.id), reverse=True)
    return tuple(DoneView(one.at, one.action, one.reason, one.result) for one in ordered), whole


def _said(held: HeldTrait, keys: Opened) -> SaidView:
    trait, field = held.trait, FIELDS[held.name]
    value = _opened(held, keys)
    shown = trait.masked if value is None else value
    if held.name == LAST_AGENT and shown is not None:
        # Which of the staff somebody is, is not the person's own data.
        shown = _STAFF
    if field.type == "moment" and isinstance(shown, int):
        shown = format_moment(shown)
    corrected = trait.source_rank >= CORRECTED_RANK
    return SaidView(shown, value is not None, shown_source(trait.source), format_moment(trait.observed_at), corrected)


def _opened(held: HeldTrait, keys: Opened) -> Any:
    try:
        return keys.trait(held.facet, held.name, held.trait)
    except Conflict:
        return None


def _clear(keys: Opened, row: EventRow) -> Event | None:
    try:
        return keys.event(row)
    except Conflict:
        return None
