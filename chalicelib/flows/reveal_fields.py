"""Opens named fields of a person for a purpose and a case. What is opened is written down before it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from chalicelib.flows.held_fields import (
    HeldIdentifier,
    HeldTrait,
    facets_of,
    held_identifiers,
    held_trait,
    value_of,
)
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.note_read import Seen, note_read
from chalicelib.flows.open_person import Opened, OpenServices, open_facets, opening, person_now
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.reveal_views import RevealedField, RevealedValue, RevealRequest, RevealView, WithheldField
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.errors import BadInput, TooOften
from chalicelib.kernel.moments import HOUR_MS, Millis, format_moment
from chalicelib.privacy.openable import Openable, openable, withheld
from chalicelib.privacy.plain import is_plain_id
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.claims import usable
from chalicelib.profiles.model import Body, IdentifierKey, Profile
from chalicelib.profiles.permitted import LEGAL, is_outlived
from chalicelib.profiles.retention import kept
from chalicelib.store.quotas import QuotaStore

REVEALED = "fields.reveal"
_CLASSES = ("public", "internal", "personal", "sensitive")


class RevealOrder(msgspec.Struct, frozen=True):
    """Who wants whose fields opened. ``reveal_id`` names the row of the audit."""

    reveal_id: str
    profile_id: str
    asked: RevealRequest
    principal: str
    role: str


class RevealServices(msgspec.Struct, frozen=True):
    """What revealing needs. ``weights`` are those of sources that are not well, as the profile shows them."""

    opening: OpenServices
    quotas: QuotaStore
    most_per_hour: int
    weights: Callable[[str], Mapping[str, float]] = lambda _: {}


class _Held(msgspec.Struct, frozen=True):
    """Where the fields that may be opened stand, and why the others may not."""

    traits: dict[Openable, HeldTrait]
    identifiers: dict[Openable, tuple[HeldIdentifier, ...]]
    withheld: tuple[WithheldField, ...]

    @property
    def opened(self) -> tuple[Openable, ...]:
        """The fields that will be answered in clear."""
        return (*self.traits, *self.identifiers)


def reveal_fields(order: RevealOrder, tenant: Tenant, services: RevealServices, now: Millis) -> RevealView:
    """The clear values of those fields that may be opened; the others with the reason why not.

    Raises BadInput, NotFound, TooOften ``too_many_reveals``, Conflict ``cannot_be_opened``, Unavailable.
    """
    fields = _checked(order.asked)
    row, body = person_now(tenant.tenant_id, order.profile_id, services.opening.profiles)
    _counted(order.principal, tenant.tenant_id, services, now)
    profile = usable(profile_of(row, body), services.weights(tenant.tenant_id))
    held = _held(fields, order.asked.purpose, profile, body, tenant, services, now)
    _noted(order, profile.profile_id, held.opened, tenant.tenant_id, services, now)
    facets = facets_of(held.traits.values(), [one for many in held.identifiers.values() for one in many])
    with opening(tenant.tenant_id, profile.profile_id, services.opening):
        keys = open_facets(tenant, facets, services.opening)
        revealed = tuple(_revealed(held, profile.links.keys(), keys))
    return RevealView(
        reveal_id=order.reveal_id,
        profile_id=profile.profile_id,
        purpose=order.asked.purpose,
        ticket=order.asked.ticket,
        fields=tuple(one for one in revealed if one.values),
        withheld=(*held.withheld, *_untold(held, revealed)),
        revealed_at=format_moment(now),
    )


def _checked(asked: RevealRequest) -> tuple[Openable, ...]:
    if not is_plain_id(asked.ticket):
        raise BadInput("bad_ticket", "A ticket is the plain id of the case that this is for.", "ticket")
    return openable(asked.fields)


def _counted(principal: str, tenant_id: str, services: RevealServices, now: Millis) -> None:
    """Raises TooOften with the seconds that are left of the hour."""
    if not services.quotas.take(tenant_id, principal, most=services.most_per_hour, now=now):
        left = -(-(HOUR_MS - now % HOUR_MS) // 1000)
        raise TooOften("too_many_reveals", "This principal has revealed as often as it may in an hour.", left)


def _held(
    fields: Sequence[Openable],
    purpose: str,
    profile: Profile,
    body: Body,
    tenant: Tenant,
    services: RevealServices,
    now: Millis,
) -> _Held:
    """Nothing is opened here: where each field stands is not sealed. What is past its retention is for the law alone."""
    reasons = {one: withheld(one, purpose, profile.state, profile.said, tenant.asked_first) for one in fields}
    allowed = [one for one, reason in reasons.items() if not reason]
    in_time = profile if purpose == LEGAL else kept(profile, now)
    traits = {one: held_trait(one.name, in_time, body) for one in allowed if one.section == "traits"}
    namespaces = {one.name: one for one in allowed if one.section == "identifiers"}
    known = held_identifiers(tenant.tenant_id, profile, body, services.opening.history, namespaces)
    old = {one.key for one in known if purpose != LEGAL and is_outlived(one.key, one.link, now)}
    outlived = {namespaces[namespace_of(key)] for key in old}
    outlived |= {one for one in traits if one.name in profile.traits and one.name not in in_time.traits}
    known = tuple(one for one in known if one.key not in old)
    named = {one: tuple(held for held in known if namespace_of(held.key) == name) for name, one in namespaces.items()}
    reasons |= {one: "not_held" for one, found in (*traits.items(), *named.items()) if not found}
    gone = {one: "original_gone" for one, found in named.items() if any(held.row is None for held in found)}
    gone |= dict.fromkeys(outlived, "expired")
    return _Held(
        traits={one: found for one, found in traits.items() if found is not None},
        identifiers={
            one: left for one, found in named.items() if (left := tuple(held for held in found if held.row is not None))
        },
        withheld=tuple(WithheldField(one.path, why) for one, why in (reasons | gone).items() if why),
    )


def _noted(
    order: RevealOrder,
    profile_id: str,
    opened: Sequence[Openable],
    tenant_id: str,
    services: RevealServices,
    now: Millis,
) -> None:
    """Who is about to see which fields. Raises what the store raises: nothing is opened then."""
    there = {one.class_ for one in opened}
    seen = Seen(
        principal=order.principal,
        role=order.role,
        action=REVEALED,
        profile_ids=(profile_id,),
        purpose=order.asked.purpose,
        classes=tuple(one for one in _CLASSES if one in there),
        fields=tuple(one.path for one in opened),
        clear=True,
        ticket=order.asked.ticket,
    )
    history = services.opening.history
    note_read(tenant_id, seen, history, now)
    audited = Audited(REVEALED, order.principal, (profile_id,), f"ticket {order.asked.ticket}", order.reveal_id)
    history.keep(audit_record(tenant_id, order.reveal_id, now, audited))


def _revealed(held: _Held, own: Collection[IdentifierKey], keys: Opened) -> Iterator[RevealedField]:
    for field, found in held.traits.items():
        value = keys.trait(found.facet, found.name, found.trait)
        said = RevealedValue(value, found.trait.source, format_moment(found.trait.observed_at))
        yield RevealedField(field.path, field.class_, (said,))
    for field, identifiers in held.identifiers.items():
        values = (_identifier(one, own, keys) for one in identifiers)
        yield RevealedField(field.path, field.class_, tuple(one for one in values if one is not None))


def _identifier(held: HeldIdentifier, own: Collection[IdentifierKey], keys: Opened) -> RevealedValue | None:
    assert held.row is not None, "those without an event are withheld"
    value, link = value_of(held, keys.event(held.row), own), held.link
    return (
        None if value is None else RevealedValue(value, link.source, format_moment(link.first_seen or link.last_seen))
    )


def _untold(held: _Held, revealed: Collection[RevealedField]) -> Iterator[WithheldField]:
    """Identifiers whose event does not tell which they are."""
    told = {one.path: len(one.values) for one in revealed}
    known = {one.path for one in held.withheld}
    for field, identifiers in held.identifiers.items():
        if told[field.path] < len(identifiers) and field.path not in known:
            yield WithheldField(field.path, "original_gone")
