"""Makes and revokes links by which people see and change what is held of them."""

from __future__ import annotations

import msgspec

from chalicelib.flows.follow import follow
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.link_services import LINK, REVOKED, LinkServices
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy import links
from chalicelib.privacy.links import Action, PersonLink
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body
from chalicelib.store import rows
from chalicelib.store.rows import Record

ATTEMPTS = 8
_KEPT_AFTER_MS = 30 * DAY_MS
"""How long a link that has ended can still be looked up: by id, and to be told that it is no more."""


class LinkOrder(msgspec.Struct, frozen=True):
    """Whom a link shall be for, what it allows and how long, and on whose word. ``link_id`` makes a repeat the same."""

    link_id: str
    profile_id: str
    actions: tuple[Action, ...]
    hours: int
    reason: str
    principal: str

    def __repr__(self) -> str:
        return f"<order of link {self.link_id}>"


class MadeLink(msgspec.Struct, frozen=True):
    """A link as it is handed out. It is shown once: only what it says is kept."""

    link_id: str
    token: str
    expires_at: Millis

    def __repr__(self) -> str:
        return f"<link {self.link_id}>"


def make_link(order: LinkOrder, tenant: Tenant, services: LinkServices, now: Millis) -> MadeLink:
    """Keep a link and hand it out. The same ``link_id`` again is the same link.

    Raises NotFound, BadInput ``bad_hours`` or ``bad_actions``, Unavailable.
    """
    for _ in services.patience.attempts(ATTEMPTS):
        kept = _kept(tenant.tenant_id, order.link_id, services)
        if kept is not None:
            return _made(kept, tenant, services)
        row = follow(tenant.tenant_id, [order.profile_id], services.profiles, fresh=True).get(order.profile_id)
        if row is None or row.state == "erased":
            raise NotFound("no_such_profile", "There is no such profile.")
        link = _link(order, tenant.tenant_id, row, now)
        if services.profiles.save(_change(order, link, row, now)).saved:
            return _made(link, tenant, services)
    raise Unavailable("contended", "Others change this profile; try again.")


def revoke_link(link_id: str, principal: str, reason: str, tenant: Tenant, services: LinkServices, now: Millis) -> None:
    """End a link now. Revoked again it stays so. Raises NotFound, Unavailable."""
    link = _kept(tenant.tenant_id, link_id, services)
    if link is None:
        raise NotFound("no_such_person_link", "There is no such link.")
    if services.history.record_of(tenant.tenant_id, REVOKED, link_id) is not None:
        return
    audited = Audited("links.revoke", principal, (link.profile_id,), reason, link_id)
    records = (
        Record(tenant.tenant_id, REVOKED, link_id, now, encode(now), link.claims.expires_at + _KEPT_AFTER_MS),
        audit_record(tenant.tenant_id, f"{link_id}.revoke", now, audited),
    )
    saved = services.profiles.save(rows.Change(tenant.tenant_id, records=records)).saved
    if not saved and services.history.record_of(tenant.tenant_id, REVOKED, link_id) is None:
        raise Unavailable("contended", "The link could not be revoked; try again.")


def _kept(tenant_id: str, link_id: str, services: LinkServices) -> PersonLink | None:
    record = services.history.record_of(tenant_id, LINK, link_id)
    return None if record is None else decode(record.content, PersonLink)


def _link(order: LinkOrder, tenant_id: str, row: rows.ProfileRow, now: Millis) -> PersonLink:
    facets = decode(row.body, Body).facets
    if not facets:
        raise NotFound("no_such_profile", "There is no such profile.")
    lead = min(facets, key=lambda one: (facets[one].first_seen, one))
    ends_at = links.expiry(order.hours, now)
    claims = links.claims_of(tenant_id, order.link_id, lead, row.generation, order.actions, ends_at)
    return PersonLink(claims, row.profile_id, tuple(sorted(facets)), order.principal)


def _change(order: LinkOrder, link: PersonLink, row: rows.ProfileRow, now: Millis) -> rows.Change:
    """The link and who made it, if the person is still the one that was read."""
    audited = Audited("links.make", order.principal, (row.profile_id,), order.reason, order.link_id)
    expires_at = link.claims.expires_at + _KEPT_AFTER_MS
    return rows.Change(
        tenant=row.tenant,
        checks=((row.profile_id, row.version),),
        records=(
            Record(row.tenant, LINK, order.link_id, now, encode(link), expires_at),
            audit_record(row.tenant, f"{order.link_id}.make", now, audited),
        ),
    )


def _made(link: PersonLink, tenant: Tenant, services: LinkServices) -> MadeLink:
    newest = services.keys(tenant)[0]
    return MadeLink(link.claims.link_id, links.sign(link.claims, newest), link.claims.expires_at)
