"""Links for people: an officer makes one, hands it to the person, and may take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import read_services, tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, query, typed_body
from chalicelib.events.model import Identifier
from chalicelib.flows.find_person import by_id, named_by
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import format_moment

if TYPE_CHECKING:
    # Few make links; the others' start should not wait for what signs them.
    from chalicelib.flows.link_views import LinkRequest, PersonLinkView, RevokedLinkView

blueprint = Blueprint(__name__)

LINK = "privacy:link"


@blueprint.route("/v1/privacy/links", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, LINK)
def link(request: Request, caller: Caller) -> PersonLinkView:
    """Make a link by which a person sees, exports, corrects or erases what is held of them."""
    from chalicelib.entrypoints.self_service import link_services, page_url
    from chalicelib.flows.link_views import LinkRequest, PersonLinkView
    from chalicelib.flows.make_link import LinkOrder, make_link

    asked = typed_body(request, LinkRequest)
    tenant, profile_id = tenant_of(caller), _whom(asked, caller)
    link_id = idempotency_key(request, caller)
    order = LinkOrder(link_id, profile_id, asked.actions, asked.hours, asked.reason, caller.principal)
    made = make_link(order, tenant, link_services(), now())
    return PersonLinkView(made.link_id, f"{page_url(request)}#{made.token}", format_moment(made.expires_at))


@blueprint.route("/v1/privacy/links/{link_id}", methods=["DELETE"], authorizer=principal_auth)
@serves(blueprint, LINK)
def revoke(request: Request, caller: Caller, link_id: str) -> RevokedLinkView:
    """Take a link back: it opens nothing from now on."""
    from chalicelib.entrypoints.self_service import link_services
    from chalicelib.flows.link_views import LONGEST_REASON, RevokedLinkView
    from chalicelib.flows.make_link import revoke_link

    reason = query(request, "reason").strip() or "taken back"
    if len(reason) > LONGEST_REASON:
        raise BadInput("bad_request", f"A reason has {LONGEST_REASON} characters at most.", "reason")
    revoke_link(link_id, caller.principal, reason, tenant_of(caller), link_services(), now())
    return RevokedLinkView(link_id)


def _whom(asked: LinkRequest, caller: Caller) -> str:
    services = read_services(caller.tenant_id)
    if asked.profile_id is not None:
        return by_id(caller.tenant_id, asked.profile_id, services).profile_id
    named = [Identifier(one.namespace, one.value) for one in asked.identifiers]
    return named_by(tenant_of(caller), named, services).profile_id
