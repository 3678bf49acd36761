"""The values that are held of a person, opened for that person, each with its grounds from the data map."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypedDict

import msgspec

from chalicelib.flows.export_held import exported_identifiers, exported_traits, held_traits
from chalicelib.flows.export_views import ExportedIdentifier, ExportedTrait, SaidView
from chalicelib.flows.held_fields import HeldTrait, facets_of, held_identifiers
from chalicelib.flows.me_views import MyIdentifier, MyValue
from chalicelib.flows.open_person import OpenServices, open_facets
from chalicelib.kernel.moments import DAY_MS, format_moment, parse_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.fields import FIELDS, SOURCE_TRAITS
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, Profile

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
    # Of what is corrected to be not so, nothing is in force.
    traits = {name: held for name, held in held_traits(profile, body).items() if name in profile.traits}
    winners = [held[0] for held in traits.values()]
    identifiers = held_identifiers(tenant.tenant_id, profile, body, services.history)
    keys = open_facets(tenant, facets_of(winners, identifiers), services)
    in_force: dict[str, tuple[HeldTrait, ...]] = {one.name: (one,) for one in winners}
    return Held(
        tuple(map(_identifier, exported_identifiers(identifiers, profile, keys))),
        tuple(
            _value(one, one.in_force, source_name)
            for one in exported_traits(in_force, profile, keys)
            if one.in_force is not None
        ),
    )


def _value(one: ExportedTrait, told: SaidView, source_name: Callable[[str], str]) -> MyValue:
    field = FIELDS[one.name]
    return MyValue(
        field=one.name,
        name=one.names,
        value=told.value,
        class_=one.class_,
        source=source_name(told.source),
        observed_at=told.observed_at,
        correctable=one.name in SOURCE_TRAITS,
        type=field.type,
        choices=field.values,
        **_grounds(one.purposes, one.legal_basis, one.retention_days, told.observed_at),
    )


def _identifier(one: ExportedIdentifier) -> MyIdentifier:
    like = FIELDS.get(one.namespace)
    if like is None:
        # It says who somebody is, and serves that.
        grounds = _grounds(("service", "security"), "contract", 0, one.last_seen)
    else:
        grounds = _grounds(like.purposes, like.legal_basis, like.retention_days, one.last_seen)
    return MyIdentifier(
        namespace=one.namespace,
        name=Text(one.namespace, one.namespace) if like is None else like.names,
        value=one.value,
        masked=not one.opened,
        first_seen=one.first_seen,
        last_seen=one.last_seen,
        **grounds,
    )


def _grounds(purposes: Collection[str], legal_basis: str, retention_days: int, last_at: str) -> _Grounds:
    ends_at = parse_moment(last_at) + retention_days * DAY_MS
    return {
        "purposes": tuple(one for one in purposes if one != "legal"),
        "legal_basis": legal_basis,
        "kept_until": format_moment(ends_at) if retention_days else None,
        "recipients": tuple(RECIPIENTS[one] for one in purposes if one in RECIPIENTS),
    }
