"""Tags by a person's word: set, denied, and given back to the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import identity_services, tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, check_purpose, query, typed_body

if TYPE_CHECKING:
    from chalicelib.flows.pin_tag import Pin

blueprint = Blueprint(__name__)

TAG = "profiles:tag"

type _Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


class PinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``value`` true sets the tag, false denies it, whatever the rules say. The reason is kept in the audit."""

    reason: _Reason
    value: bool = True
    purpose: str = "service"

    def __repr__(self) -> str:
        return "<pin request>"


@blueprint.route("/v1/profiles/{profile_id}/tags/{tag_id}", methods=["PUT"], authorizer=principal_auth)
@serves(blueprint, TAG)
def pin(request: Request, caller: Caller, profile_id: str, tag_id: str) -> Pin:
    """Set or deny a tag by a person's word, which wins over the rules until it is taken back."""
    from chalicelib.flows.pin_tag import PinOrder, pin_tag

    asked = typed_body(request, PinRequest)
    check_purpose(caller, asked.purpose)
    order = PinOrder(idempotency_key(request, caller), profile_id, tag_id, asked.value, asked.reason, caller.principal)
    return pin_tag(order, tenant_of(caller), identity_services(caller.tenant_id), now())


@blueprint.route("/v1/profiles/{profile_id}/tags/{tag_id}", methods=["DELETE"], authorizer=principal_auth)
@serves(blueprint, TAG)
def unpin(request: Request, caller: Caller, profile_id: str, tag_id: str) -> Pin:
    """Take a person's word back: the rules decide again."""
    from chalicelib.flows.pin_tag import PinOrder, pin_tag

    check_purpose(caller, query(request, "purpose") or "service")
    reason = query(request, "reason") or "taken back"
    order = PinOrder(idempotency_key(request, caller), profile_id, tag_id, None, reason, caller.principal)
    return pin_tag(order, tenant_of(caller), identity_services(caller.tenant_id), now())
