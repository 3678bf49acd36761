"""A profile as it was: what a call at an earlier moment was answered, rebuilt from the event rows.

The contributions in the rows need no key. Every step is the one that made the profile: fold the events that had
been saved by then, join what was linked, choose the lead. What the history cannot show whole is refused.
"""

from __future__ import annotations

from chalicelib.flows.find_person import row_of
from chalicelib.flows.past_facet import too_much_history
from chalicelib.flows.past_people import PastPeople
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.flows.settle_links import MOST_PROFILES
from chalicelib.flows.snapshot import limits_of
from chalicelib.identity.anchors import rank_of
from chalicelib.identity.partition import Component, lead_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.join import body_of, join, spoken_since
from chalicelib.profiles.model import Body, Facet, FacetId, Profile

ATTEMPTS = 5
"""Readings of a person whom others write to meanwhile, or whose newest events the index lacks for a moment."""


def profile_as_of(tenant: Tenant, profile_id: str, at: Millis, services: ReadServices, now: Millis) -> Profile:
    """The profile that answered for an id at an instant.

    Raises BadInput ``as_of_in_future``; NotFound for one that was not known then or is erased; Conflict
    ``history_expired``, ``history_erased`` or ``too_much_history`` where the history cannot tell; Unavailable.
    """
    if at > now:
        raise BadInput("as_of_in_future", "A profile can be seen as of now or earlier.", "as_of")
    row = row_of(tenant.tenant_id, profile_id, services, fresh=True)
    body = decode(row.body, Body)
    if row.updated_at <= at:
        # Nothing was saved since: what is stored is what was answered.
        return profile_of(row, body)
    id_of = services.index(tenant).profile_id
    facet = next((one for one in body.facets if id_of(one) == profile_id), None)
    if facet is None:
        raise Unavailable("contended", "Others change this profile; try again.")
    past = _read(tenant, facet, at, services, now)
    found = past.partition(limits_of(tenant))
    if len(found.components) > MOST_PROFILES:
        raise too_much_history(f"more than {MOST_PROFILES} people hang together")
    component = next((one for one in found.components if facet in one.facets), None)
    versions = past.versions()
    if component is None or profile_id not in versions:
        raise _unknown()
    then = past.then()
    lead = id_of(lead_of(component.facets, lambda one: then[one].first_seen, rank_of))
    return _joined(lead, versions.get(lead, 0), component, then, past)


def _read(tenant: Tenant, facet: FacetId, at: Millis, services: ReadServices, now: Millis) -> PastPeople:
    for attempt in services.patience.attempts(ATTEMPTS):
        past = PastPeople(tenant.tenant_id, at, now, services)
        past.gather(facet)
        unlike = past.unlike()
        if not unlike and not past.snapshot.is_torn:
            if past.lost(facet):
                raise Conflict("history_erased", "Somebody of this past was erased: it cannot be rebuilt.", "as_of")
            return past
        # Rows that lag come within moments; those that have expired never do.
        if attempt and any(one is not None and one.first_seen + tenant.horizon_days * DAY_MS <= now for one in unlike):
            raise Conflict("history_expired", "Events of this past have expired: it cannot be rebuilt.", "as_of")
    raise Unavailable("history_behind", "The history does not yet hold what was saved last; try again.")


def _joined(
    profile_id: str, version: int, component: Component, then: dict[FacetId, Facet], past: PastPeople
) -> Profile:
    rows = [past.snapshot.row(key) for key in component.nodes]
    people = [past.snapshot.profile(past.snapshot.owner(facet)) for facet in component.facets]
    # Who has opted out by now is shown to have, whatever was so then.
    is_restricted = any(row is not None and row.state == "restricted" for row in people)
    body = body_of({facet: then[facet] for facet in component.facets}, component.nodes)
    generation = 1 + max(row.generation for row in rows)
    found = join(profile_id, version, "restricted" if is_restricted else "active", generation, body)
    today = {row.profile_id: profile_of(row, past.snapshot.body(row.profile_id)) for row in people if row is not None}
    return spoken_since(found, today.values())


def _unknown() -> NotFound:
    return NotFound("no_such_profile", "There is no such profile.")
