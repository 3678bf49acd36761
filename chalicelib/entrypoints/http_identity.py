"""Who is one person, by an operator's word: a profile's links, a merge before and when it is made, a split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import identity_services, read_services, tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, check_purpose, query, typed_body
from chalicelib.flows.services import MOST_PEOPLE
from chalicelib.privacy.credentials import require
from chalicelib.routing.model import Name

if TYPE_CHECKING:
    # Who merges and splits loads it with the first call; most calls of the function that serves HTTP never do.
    from chalicelib.flows.describe_links import LinksView
    from chalicelib.flows.preview_merge import PreviewView

blueprint = Blueprint(__name__)

MERGE, FORCE = "profiles:merge", "merges:force"

type _Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
type _Ids = Annotated[tuple[_Id, ...], msgspec.Meta(min_length=2, max_length=MOST_PEOPLE)]
type _LinkId = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
type _Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


class MergeTrial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merge to look at before it is made. ``channel`` is where the routes that are compared begin.

    With ``force`` it shows what a merge over the protections would do.
    """

    profile_ids: _Ids
    channel: Name = "api"
    purpose: str = "service"
    force: bool = False


class MergeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Different profiles of one person, and why. ``force`` goes over a protection, and takes a scope of its own."""

    profile_ids: _Ids
    reason: _Reason
    force: bool = False

    def __repr__(self) -> str:
        return f"<merge request of {len(self.profile_ids)}>"


class SplitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to cut, and why. Exactly one of ``merge_id`` and ``link_id`` is given."""

    reason: _Reason
    merge_id: _Id | None = None
    link_id: _LinkId | None = None

    def __post_init__(self) -> None:
        if (self.merge_id is None) == (self.link_id is None):
            raise ValueError("give either merge_id or link_id")

    def __repr__(self) -> str:
        return "<split request>"


class MergeView(msgspec.Struct, frozen=True):
    """A merge that was made. ``profile_id`` is whose the profile is now; the other ids lead to it for ever."""

    merge_id: str
    profile_id: str


class SplitView(msgspec.Struct, frozen=True):
    """A split that was made, and the profiles that its ends are in now."""

    split_id: str
    profile_ids: tuple[str, ...]


@blueprint.route("/v1/profiles/{profile_id}/links", authorizer=principal_auth)
@serves(blueprint, MERGE)
def links(request: Request, caller: Caller, profile_id: str) -> LinksView:
    """What holds a profile together: its links with their evidence, refused ones, merges and splits."""
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.describe_links import describe_links

    check_purpose(caller, query(request, "purpose"))
    view = describe_links(profile_id, tenant_of(caller), identity_services(caller.tenant_id))
    note(caller, "links.read", (view.profile_id,), query(request, "purpose"), view)
    return view


@blueprint.route("/v1/merges/preview", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, MERGE)
def preview(request: Request, caller: Caller) -> PreviewView:
    """What a merge would do: people, identifiers, events, tags and routes, with nothing written."""
    from chalicelib.entrypoints.noting import note
    from chalicelib.flows.merge_people import MergeOrder
    from chalicelib.flows.preview_merge import preview_merge

    asked = typed_body(request, MergeTrial)
    check_purpose(caller, asked.purpose)
    order = MergeOrder("", asked.profile_ids, "", caller.principal, asked.force)
    view = preview_merge(
        order,
        asked.channel,
        tenant_of(caller),
        identity_services(caller.tenant_id),
        read_services(caller.tenant_id),
        now(),
    )
    note(caller, "merges.preview", tuple(one.profile_id for one in view.people), asked.purpose, view)
    return view


@blueprint.route("/v1/merges", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, MERGE)
def merge(request: Request, caller: Caller) -> MergeView:
    """Merge people. The same request with the same ``Idempotency-Key`` is the same merge."""
    from chalicelib.flows.merge_people import MergeOrder, merge_people

    asked = typed_body(request, MergeRequest)
    if asked.force:
        require(caller.scopes, FORCE)
    order = MergeOrder(
        f"m_{idempotency_key(request, caller)}", asked.profile_ids, asked.reason, caller.principal, asked.force
    )
    made = merge_people(order, tenant_of(caller), identity_services(caller.tenant_id), now())
    return MergeView(made.merge_id, made.profile_id)


@blueprint.route("/v1/splits", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, MERGE)
def split(request: Request, caller: Caller) -> SplitView:
    """Split people: cut a merge or a link. The same request with the same ``Idempotency-Key`` is the same split."""
    from chalicelib.flows.split_people import SplitOrder, split_people

    asked = typed_body(request, SplitRequest)
    split_id = f"x_{idempotency_key(request, caller)}"
    order = SplitOrder(split_id, asked.reason, caller.principal, asked.merge_id or "", asked.link_id or "")
    made = split_people(order, tenant_of(caller), identity_services(caller.tenant_id), now())
    return SplitView(made.split_id, made.profile_ids)
