"""Takes a link that a person presents: whose it is, whether it still holds, and that it was used.

There is one refusal, ``NotAuthorised``, whatever the cause: a token that is none, tampered with, expired or revoked, of
another tenant, of an earlier generation (erased, and registered again), or of somebody who was merged or split since.
"""

from __future__ import annotations

import msgspec

from chalicelib.flows.follow import follow
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.link_services import LINK, PERSON, REVOKED, Linked, LinkServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Forbidden, NotAuthorised, NotFound, TooOften
from chalicelib.kernel.moments import Millis
from chalicelib.privacy import links
from chalicelib.privacy.links import Action, Claims, PersonLink
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body
from chalicelib.store.rows import HistoryStore, ProfileRow

WINDOW_MS, CALLS = 10_000, 20
"""How often one link may be used: so many calls in each ten seconds."""


class LinkUse(msgspec.Struct, frozen=True):
    """A link as it was presented, what it is presented for, and a name of 32 digits for this use."""

    header: str | None
    action: Action
    use_id: str

    def __repr__(self) -> str:
        return f"<use of a link to {self.action}>"


def open_link(use: LinkUse, services: LinkServices, now: Millis) -> Linked:
    """The person whom a link is for. The audit row of its use is kept before anything is answered.

    Raises NotAuthorised, Forbidden ``action_not_allowed``, TooOften, Unavailable.
    """
    named, coded, signature = links.presented(use.header)
    tenant = _tenant(named, services)
    keys = () if tenant is None else tuple(services.keys(tenant))
    claims = links.checked(coded, signature, keys, now)
    assert tenant is not None, "no key, no claims"
    link = _standing(claims, services.history)
    row, body = _person(link, services)
    _not_too_often(claims, use.use_id, services.history, now)
    if use.action not in claims.actions:
        raise Forbidden("action_not_allowed", "This link is not for that.")
    audited = Audited("links.use", PERSON, (row.profile_id,), use.action, claims.link_id)
    services.history.keep(audit_record(tenant.tenant_id, use.use_id, now, audited))
    return Linked(claims, tenant, row, body, keys)


def _tenant(named: str, services: LinkServices) -> Tenant | None:
    try:
        return services.tenant(named)
    except NotFound:
        return None


def _standing(claims: Claims, history: HistoryStore) -> PersonLink:
    """What was kept of the link. A signature alone is not enough: only what was handed out, and not taken back."""
    kept = history.record_of(claims.tenant, LINK, claims.link_id)
    revoked = history.record_of(claims.tenant, REVOKED, claims.link_id)
    link = None if kept is None else decode(kept.content, PersonLink)
    if link is None or revoked is not None or link.claims != claims:
        raise NotAuthorised
    return link


def _person(link: PersonLink, services: LinkServices) -> tuple[ProfileRow, Body]:
    """The person now. Whoever was merged or split since is not, for certain, whom the link was handed to."""
    claims = link.claims
    owner = services.profiles.find(claims.tenant, [claims.facet], fresh=True).get(claims.facet)
    if owner is None or not owner.profile_id:
        raise NotAuthorised
    row = follow(claims.tenant, [owner.profile_id], services.profiles, fresh=True).get(owner.profile_id)
    if row is None or row.state == "erased" or row.generation != claims.generation:
        raise NotAuthorised
    body = decode(row.body, Body)
    if tuple(sorted(body.facets)) != link.facets:
        raise NotAuthorised
    return row, body


def _not_too_often(claims: Claims, use_id: str, history: HistoryStore, now: Millis) -> None:
    """Each use takes one of the places of its ten seconds. Places are claims, which no two uses can have."""
    window, mine = now // WINDOW_MS, bytes.fromhex(use_id)
    for step in range(CALLS):
        # Beginning anywhere, a place that is free is mostly found at once.
        name = f"link.{claims.link_id}.{window}.{(mine[0] + step) % CALLS}"
        if history.claim(claims.tenant, name, mine, now=now, expires_at=now + 6 * WINDOW_MS) == mine:
            return
    raise TooOften("too_often", "This link is used too often; try again in some seconds.", WINDOW_MS // 1_000)
