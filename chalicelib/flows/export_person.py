"""Everything that is held of a person, for whoever may take it out and for the person. Clear values rest nowhere.

A job is a record of ids, counts and the moments at which parts end. Each part is read, opened and answered anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.describe_links import describe_links
from chalicelib.flows.describe_profile import describe_profile, describe_tag
from chalicelib.flows.explain_tag import explain_tag
from chalicelib.flows.export_events import cuts_of, events_between, exported_events
from chalicelib.flows.export_held import (
    done_with,
    exported_consents,
    exported_decisions,
    exported_identifiers,
    exported_traits,
    held_traits,
    lived_since,
    read_by,
    recipients,
    without_staff,
)
from chalicelib.flows.export_tickets import exported_tickets
from chalicelib.flows.export_views import ExportedPerson, ExportedTag, ExportView
from chalicelib.flows.held_fields import facets_of, held_identifiers
from chalicelib.flows.open_person import OpenServices, open_facets, person_now
from chalicelib.flows.own_risks import own_group, own_risks
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import IdentityServices, ReadServices
from chalicelib.insights.shown_tags import NOTHING, GroupTags, tags_from_groups
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.claims import usable
from chalicelib.profiles.model import Body, FacetId, Profile
from chalicelib.profiles.permitted import LEGAL
from chalicelib.store.outreach import OutreachStore
from chalicelib.store.rows import THE_END, Position, ProfileRow
from chalicelib.store.tickets import TicketStore

FORMAT_VERSION = 1


class ExportServices(msgspec.Struct, frozen=True):
    """What exporting needs: what opens, what answers, and the tags of groups."""

    opening: OpenServices
    reading: ReadServices
    group_tags: GroupTags = NOTHING
    tickets: TicketStore | None = None
    """Without one there is no desk."""
    risks: OutreachStore | None = None
    """Without one nothing is raised of anybody."""


def export_of(
    tenant: Tenant,
    profile_id: str,
    services: ExportServices,
    now: Millis,
    part: int = 1,
    cuts: Sequence[Position] | None = None,
    only: Collection[FacetId] | None = None,
) -> ExportView:
    """One part of all that is held. ``cuts`` are where parts end; without them they are looked for now. ``only`` are
    the facets that were let in: who is joined with another while this is read is not told of the other.

    The audit row of it is the caller's to write, before. Raises NotFound, Conflict ``too_much_history`` and
    ``person_changed``, Unavailable.
    """
    row, body = _same_person(tenant.tenant_id, profile_id, only, services)
    if cuts is None:
        cuts, _ = cuts_of(tenant, body.facets, services.opening, now)
    if not 1 <= part <= 1 + len(cuts):
        raise NotFound("no_such_part", "This export has no such part.")
    view = ExportView(FORMAT_VERSION, row.profile_id, part, 1 + len(cuts), format_moment(now), tenant.name)
    if part == 1:
        view = msgspec.structs.replace(view, person=_person(tenant, row, body, services, now))
    else:
        newest, oldest = (THE_END if part == 2 else cuts[part - 3]), cuts[part - 2]
        rows = events_between(tenant.tenant_id, body.facets, newest, oldest, services.opening.history, now)
        keys = open_facets(tenant, {one.facet for one in rows}, services.opening)
        own = profile_of(row, body).links
        view = msgspec.structs.replace(view, events=tuple(exported_events(rows, keys, own)))
    # Whoever was erased while this was read is gone; what lost its key for that is not answered as if it had.
    _same_person(tenant.tenant_id, profile_id, only, services)
    return view


def _same_person(
    tenant_id: str, profile_id: str, only: Collection[FacetId] | None, services: ExportServices
) -> tuple[ProfileRow, Body]:
    row, body = person_now(tenant_id, profile_id, services.opening.profiles)
    if only is not None and body.facets.keys() != set(only):
        raise Conflict("person_changed", "This person was merged or split since: open a new export.")
    return row, body


def _person(tenant: Tenant, row: ProfileRow, body: Body, services: ExportServices, now: Millis) -> ExportedPerson:
    tenant_id, history, reading = tenant.tenant_id, services.opening.history, services.reading
    profile = profile_of(row, body)
    traits = held_traits(profile, body)
    identifiers = held_identifiers(tenant_id, profile, body, history)
    facets = facets_of([one for many in traits.values() for one in many], identifiers)
    keys = open_facets(tenant, facets, services.opening)
    id_of = reading.index(tenant).profile_id
    ids = lived_since(tenant_id, row.profile_id, body.facets, id_of, services.opening.profiles)
    told = tuple(exported_traits(traits, profile, keys))
    # All that is held, and not what may serve: also of who is restricted, and what serves other purposes.
    shown = describe_profile(profile, reading, now, services.group_tags, Asked(LEGAL, tenant.asked_first))
    done, whole = done_with(tenant_id, ids, history, now)
    return ExportedPerson(
        state=row.state,
        generation=row.generation,
        first_seen=format_moment(profile.first_seen),
        last_seen=format_moment(profile.last_seen),
        identifiers=tuple(exported_identifiers(identifiers, profile, keys)),
        traits=told,
        consents=tuple(exported_consents(profile)),
        measures=shown.measures,
        tags=tuple(_tags(profile, services, now)),
        segments=shown.segments,
        scores=shown.scores,
        risks=own_risks(tenant_id, ids, reading.outreach(), services.risks, now),
        control_group=own_group(profile, tenant_id, reading.outreach()),
        decisions=exported_decisions(tenant_id, ids, history, now),
        tickets=exported_tickets(tenant_id, ids, services.tickets, now),
        links=describe_links(row.profile_id, tenant, _identity(reading)),
        recipients=tuple(recipients([one.name for one in told])),
        read_by=tuple(read_by(tenant_id, ids, history, now)),
        done=done,
        done_complete=whole,
    )


def _tags(profile: Profile, services: ExportServices, now: Millis) -> list[ExportedTag]:
    reading = services.reading
    judged = usable(profile, reading.catalogue.health.weights)
    own = current_tags(judged, reading, now)
    of_groups = tags_from_groups(services.group_tags, judged, own, now)
    return [
        *(ExportedTag(describe_tag(one), without_staff(explain_tag(profile, one.id, reading, now))) for one in own),
        *(ExportedTag(describe_tag(one), None) for one in of_groups),
    ]


def _identity(reading: ReadServices) -> IdentityServices:
    return IdentityServices(reading.profiles, reading.history, reading.index, lambda _: None, reading.catalogue)
