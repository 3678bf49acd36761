"""Restricts a person, or lifts that: while restricted, events go on being folded and nobody judges the person.

It is a state of the stored profile and no event, because it is no fact about the person: it counts at once for all that
is one person, a merge keeps it, and a split leaves both sides restricted.
"""

from __future__ import annotations

import msgspec

from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.save_changes import told_of_models
from chalicelib.flows.say_of_person import ATTEMPTS, person_of, told_anew
from chalicelib.flows.services import Change, IdentityServices
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.store import rows

RESTRICTION = "restriction"


class RestrictOrder(msgspec.Struct, frozen=True):
    """Whom to restrict, or with ``lift`` to restrict no longer. ``restriction_id`` makes a repeat the same order.

    ``principal`` is ``person`` where people ask for it themselves.
    """

    restriction_id: str
    profile_id: str
    reason: str
    principal: str
    lift: bool = False


class Restriction(msgspec.Struct, frozen=True):
    """What was done: the state that the profile was brought into, and the version it got."""

    restriction_id: str
    profile_id: str
    state: str
    version: int


def restrict_person(order: RestrictOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Restriction:
    """Restrict or lift, and publish what it changed. The same ``restriction_id`` again answers what was done then, and
    publishes it again as long as it stands.

    Raises NotFound for an unknown profile, Unavailable when others are faster for too long.
    """
    for _ in services.patience.attempts(ATTEMPTS):
        before = services.history.record_of(tenant.tenant_id, RESTRICTION, order.restriction_id)
        if before is not None:
            done = decode(before.content, Restriction)
            services.publish(_told_again(done, tenant, services, now))
            return done
        row, body = person_of(tenant.tenant_id, order.profile_id, services.profiles)
        made = msgspec.structs.replace(
            row,
            version=row.version + 1,
            state="active" if order.lift else "restricted",
            updated_at=max(now, row.updated_at),
        )
        made, told = told_anew(row, body, made, body, services.catalogue, now, services.models)
        done = Restriction(order.restriction_id, made.profile_id, made.state, made.version)
        if services.profiles.save(_change(order, tenant, row, made, done, now)).saved:
            services.publish(told)
            return done
    raise Unavailable("contended", "Others change this profile; try again.")


def _told_again(done: Restriction, tenant: Tenant, services: IdentityServices, now: Millis) -> list[Change]:
    """What a crash between the save and its publication may have eaten. It is found anew, and was kept nowhere: which
    tags somebody had would outlive their erasure.
    """
    try:
        row, body = person_of(tenant.tenant_id, done.profile_id, services.profiles)
    except NotFound:
        return []
    if row.state != done.state:
        return []
    was = msgspec.structs.replace(row, state="restricted" if done.state == "active" else "active", judged=b"")
    # What the models said before a restriction is nowhere any more: they are asked again.
    stood = profile_of(was, body)
    was, _ = told_of_models(was, stood, stood, services.models, services.catalogue, now)
    return told_anew(was, body, row, body, services.catalogue, now, services.models)[1]


def _change(
    order: RestrictOrder, tenant: Tenant, row: rows.ProfileRow, made: rows.ProfileRow, done: Restriction, now: Millis
) -> rows.Change:
    action = "privacy.lift" if order.lift else "privacy.restrict"
    audited = Audited(action, order.principal, (row.profile_id,), order.reason, made.state)
    return rows.Change(
        tenant=tenant.tenant_id,
        profiles=((made, row.version),),
        records=(
            rows.Record(tenant.tenant_id, RESTRICTION, order.restriction_id, now, encode(done)),
            audit_record(tenant.tenant_id, order.restriction_id, now, audited),
        ),
    )
