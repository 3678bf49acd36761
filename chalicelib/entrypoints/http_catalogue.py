"""The run-time catalogue: what is in force, drafts, publishing and rolling back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import catalogue_services
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, json_body, limit_of, query, raw_body, typed_body
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import format_moment
from chalicelib.store.declarations import Kind

if TYPE_CHECKING:
    # Few edit declarations; the others' start should not wait for it.
    from chalicelib.flows.catalogue_services import Order, Published
    from chalicelib.flows.catalogue_views import CatalogueView, DeclarationView, DraftView, PublishedView

blueprint = Blueprint(__name__)

READ, WRITE = "catalogue:read", "catalogue:write"
_DEFAULT_LISTED = 100

type _Reason = Annotated[str, msgspec.Meta(max_length=500)]


class PublishRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the audit; with ``digest`` the draft is published only if it still says that."""

    reason: _Reason = ""
    digest: Annotated[str, msgspec.Meta(max_length=64)] = ""

    def __repr__(self) -> str:
        return "<publish request>"


class RollbackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the audit, and the number to go back to; 0 is what is shipped. Without one: the version before."""

    reason: _Reason = ""
    version: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)] | None = None

    def __repr__(self) -> str:
        return "<rollback request>"


@blueprint.route("/v1/catalogue/{kind}", authorizer=principal_auth)
@serves(blueprint, READ)
def declarations(request: Request, caller: Caller, kind: str) -> CatalogueView:
    """The declarations of a kind, shipped ones and the tenant's own, by id."""
    from chalicelib.flows.read_catalogue import list_declarations

    limit, cursor = limit_of(request, _DEFAULT_LISTED), query(request, "cursor")
    return list_declarations(caller.tenant_id, _kind(kind), limit, cursor, catalogue_services())


@blueprint.route("/v1/catalogue/{kind}/{id}", authorizer=principal_auth)
@serves(blueprint, READ)
def declaration(request: Request, caller: Caller, kind: str, id: str) -> DeclarationView:  # noqa: A002 - the path's word
    """One declaration: in force, as shipped, as drafted, and its versions."""
    from chalicelib.flows.read_catalogue import show_declaration

    return show_declaration(caller.tenant_id, _kind(kind), id, catalogue_services())


@blueprint.route("/v1/catalogue/{kind}/{id}", methods=["PUT"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def draft(request: Request, caller: Caller, kind: str, id: str) -> DraftView:  # noqa: A002 - the path's word
    """Draft a declaration. Every mistake is told at once; nothing changes for anybody until it is published."""
    from chalicelib.flows.draft_declaration import draft_declaration
    from chalicelib.flows.read_catalogue import draft_view

    raw = json_body(request)
    return draft_view(draft_declaration(_order(request, caller, kind, id), raw, catalogue_services(), now()))


@blueprint.route("/v1/catalogue/{kind}/{id}", methods=["DELETE"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def undraft(request: Request, caller: Caller, kind: str, id: str) -> DraftView:  # noqa: A002 - the path's word
    """Forget a draft. What is in force stays: to take that away, draft ``{"withdrawn": true}`` and publish it."""
    from chalicelib.flows.draft_declaration import drop_draft
    from chalicelib.flows.read_catalogue import draft_view

    return draft_view(drop_draft(_order(request, caller, kind, id), catalogue_services(), now()))


@blueprint.route("/v1/catalogue/{kind}/{id}/publish", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def publish(request: Request, caller: Caller, kind: str, id: str) -> PublishedView:  # noqa: A002 - the path's word
    """Put a draft in force. It is checked again, against what is in force now."""
    from chalicelib.flows.publish_declaration import publish_declaration

    asked = typed_body(request, PublishRequest) if raw_body(request) else PublishRequest()
    order = _order(request, caller, kind, id, asked.reason)
    return _view(publish_declaration(order, asked.digest, catalogue_services(), now()))


@blueprint.route("/v1/catalogue/{kind}/{id}/rollback", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def rollback(request: Request, caller: Caller, kind: str, id: str) -> PublishedView:  # noqa: A002 - the path's word
    """Put an earlier version in force again, under a new number."""
    from chalicelib.flows.publish_declaration import roll_back_declaration

    asked = typed_body(request, RollbackRequest) if raw_body(request) else RollbackRequest()
    order = _order(request, caller, kind, id, asked.reason)
    return _view(roll_back_declaration(order, asked.version, catalogue_services(), now()))


def _kind(kind: str) -> Kind:
    if kind not in get_args(Kind.__value__):
        raise NotFound("no_such_kind", "There is no such kind of declarations.", "kind")
    return kind  # type: ignore[return-value]  # it is one of them


def _order(request: Request, caller: Caller, kind: str, id_: str, reason: str = "") -> Order:
    from chalicelib.flows.catalogue_services import Order

    known = _kind(kind)
    return Order(f"c_{idempotency_key(request, caller)}", caller.tenant_id, known, id_, caller.principal, reason)


def _view(published: Published) -> PublishedView:
    from chalicelib.flows.catalogue_views import PublishedView

    at = format_moment(published.at)
    return PublishedView(published.kind, published.id, published.number, published.version, at)
