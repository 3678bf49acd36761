"""The values that are held of a person, opened for that person, each with its grounds from the data map."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypedDict

import msgspec

from chalicelib.flows.held_fields import (
    HeldIdentifier,
    HeldTrait,
    facets_of,
    held_identifiers,
    held_trait,
    value_of,
)
from chalicelib.flows.me_views import MyIdentifier, MyValue
from chalicelib.flows.open_person import Opened, OpenServices, open_facets
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import DAY_MS, Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.fields import FIELDS, SOURCE_TRAITS
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, Profile
from chalicelib.profiles.pins import is_beside

RECIPIENTS = {
    "service": Text("客服人员与智能助手", "service staff and assistants"),
    "marketing": Text("营销人员", "marketing staff"),
    "analytics": Text("分析人员", "analysts"),
    "security": Text("负责安全的主管人员", "supervisors, for security"),
}
"""Who inside the company gets what is kept for a purpose."""


class _Grounds(TypedDict):
    purposes: tuple[str, ...]
    legal_basis: str
    kept_until: str | None
    recipients: tuple[Text, ...]


class Held(msgspec.Struct, frozen=True):
    """Identifiers and values of one person, in clear. Prints none."""

    identifiers: tuple[MyIdentifier, ...]
    values: tuple[MyValue, ...]

    def __repr__(self) -> str:
        return f"<{len(self.values)} values of a person>"


def show_held(
    tenant: Tenant, profile: Profile, body: Body, services: OpenServices, source_name: Callable[[str], str]
) -> Held:
    """Open what is sealed of a person. What has lost its key is shown masked, because that is all there is.

    Raises Unavailable when the stores or KMS do not answer.
    """
    names = [name for name in sorted(profile.traits) if not is_beside(name) and name in FIELDS]
    traits = [one for one in (held_trait(name, profile, body) for name in names) if one is not None]
    identifiers = held_identifiers(tenant.tenant_id, profile, body, services.history)
    opened = open_facets(tenant, facets_of(traits, identifiers), services)
    return Held(
        tuple(_identifier(one, profile, opened) for one in identifiers),
        tuple(_value(one, opened, source_name) for one in traits),
    )


def _value(held: HeldTrait, opened: Opened, source_name: Callable[[str], str]) -> MyValue:
    field, trait = FIELDS[held.name], held.trait
    try:
        value = opened.trait(held.facet, held.name, trait)
    except Conflict:
        value = trait.masked
    return MyValue(
        field=held.name,
        name=Text(held.name, held.name),
        value=format_moment(value) if field.type == "moment" and isinstance(value, int) else value,
        class_=field.class_,
        source=source_name(trait.source),
        observed_at=format_moment(trait.observed_at),
        correctable=held.name in SOURCE_TRAITS,
        type=field.type,
        choices=field.values,
        **_grounds(field.purposes, field.legal_basis, field.retention_days, trait.observed_at),
    )


def _identifier(held: HeldIdentifier, profile: Profile, opened: Opened) -> MyIdentifier:
    namespace, link = namespace_of(held.key), held.link
    clear = _clear(held, profile, opened)
    first, last = link.first_seen or link.last_seen, link.last_seen or link.first_seen
    return MyIdentifier(
        namespace=namespace,
        name=Text(namespace, namespace),
        value=link.masked if clear is None else clear,
        masked=clear is None,
        first_seen=format_moment(first),
        last_seen=format_moment(last),
        **_grounds(("service", "security"), "contract", 0, last),
    )


def _clear(held: HeldIdentifier, profile: Profile, opened: Opened) -> str | None:
    """The identifier as it was sent, from the event that named it; None where that cannot be told."""
    if held.row is None:
        return None
    try:
        return value_of(held, opened.event(held.row), profile.links)
    except Conflict:
        return None


def _grounds(purposes: Collection[str], legal_basis: str, retention_days: int, last_at: Millis) -> _Grounds:
    recipients = tuple(RECIPIENTS[one] for one in purposes if one in RECIPIENTS)
    return {
        "purposes": tuple(one for one in purposes if one != "legal"),
        "legal_basis": legal_basis,
        "kept_until": format_moment(last_at + retention_days * DAY_MS) if retention_days else None,
        "recipients": recipients,
    }
