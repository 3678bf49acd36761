"""What people agreed to and refuse, and whom nobody is to judge: read, and written by staff for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import identity_services, read_services, tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, check_purpose, limit_of, query, typed_body
from chalicelib.events.model import Identifier
from chalicelib.flows.find_person import named_by
from chalicelib.kernel.errors import BadInput
from chalicelib.routing.model import NamedIdentifier

if TYPE_CHECKING:
    from chalicelib.flows.read_consents import ConsentsView
    from chalicelib.flows.record_consent import Consented
    from chalicelib.flows.restrict_person import Restriction

blueprint = Blueprint(__name__)

READ, WRITE, RESTRICT = "profiles:read", "consents:write", "privacy:restrict"

type _Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
type _Id = Annotated[str, msgspec.Meta(max_length=128)]


class ConsentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the person said of these purposes: ``granted`` false takes a consent back, or objects.

    ``version`` is that of the text agreed to, ``proof`` the id of what proves it. The reason is kept in the audit.
    """

    purposes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=4)]
    granted: bool
    reason: _Reason
    channel: str = "desk"
    version: _Id = ""
    proof: _Id = ""

    def __repr__(self) -> str:
        return "<consent request>"


class RestrictionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom nobody is to judge from now on; with ``lift`` may be judged again. The reason is kept in the audit."""

    reason: _Reason
    profile_id: str | None = None
    identifiers: Annotated[tuple[NamedIdentifier, ...], msgspec.Meta(max_length=10)] = ()
    lift: bool = False

    def __repr__(self) -> str:
        return "<restriction request>"


@blueprint.route("/v1/profiles/{profile_id}/consents", authorizer=principal_auth)
@serves(blueprint, READ)
def consents(request: Request, caller: Caller, profile_id: str) -> ConsentsView:
    """What stands now, and every word that was said, newest first."""
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.read_consents import read_consents

    check_purpose(caller, query(request, "purpose"), serves=("service", "legal"))
    limit, cursor = limit_of(request), query(request, "cursor")
    view = read_consents(caller.tenant_id, profile_id, limit, cursor, read_services(caller.tenant_id), now())
    note(caller, "consents.read", (view.profile_id,), query(request, "purpose"), view)
    return view


@blueprint.route("/v1/profiles/{profile_id}/consents", methods=["PUT"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def consent(request: Request, caller: Caller, profile_id: str) -> Consented:
    """Write down what a person agreed to or refuses. It counts at once, everywhere."""
    from chalicelib.flows.record_consent import ConsentOrder, record_consent

    asked = typed_body(request, ConsentRequest)
    order = ConsentOrder(
        consent_id=idempotency_key(request, caller),
        profile_id=profile_id,
        principal=caller.principal,
        **msgspec.structs.asdict(asked),
    )
    return record_consent(order, tenant_of(caller), identity_services(caller.tenant_id), now())


@blueprint.route("/v1/privacy/restrictions", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, RESTRICT)
def restrict(request: Request, caller: Caller) -> Restriction:
    """Restrict a person, or lift that. It counts at once, everywhere; events go on being kept."""
    from chalicelib.flows.restrict_person import RestrictOrder, restrict_person

    asked = typed_body(request, RestrictionRequest)
    profile_id = _whom(asked, caller)
    order = RestrictOrder(idempotency_key(request, caller), profile_id, asked.reason, caller.principal, lift=asked.lift)
    return restrict_person(order, tenant_of(caller), identity_services(caller.tenant_id), now())


def _whom(asked: RestrictionRequest, caller: Caller) -> str:
    """The profile that is meant. Raises BadInput ``bad_request``, NotFound."""
    if (asked.profile_id is None) == (not asked.identifiers):
        raise BadInput("bad_request", "Say who it is: by a profile_id or by identifiers.", "profile_id")
    if asked.profile_id is not None:
        return asked.profile_id
    identifiers = [Identifier(one.namespace, one.value) for one in asked.identifiers]
    return named_by(tenant_of(caller), identifiers, read_services(caller.tenant_id)).profile_id
