"""Reading the run-time catalogue: what is in force, what is drafted, and what was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.flows.catalogue_services import CatalogueServices
from chalicelib.flows.catalogue_views import (
    CatalogueView,
    DeclarationView,
    DraftView,
    ListedView,
    Standing,
    VersionView,
)
from chalicelib.flows.effective import InForce
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import format_moment
from chalicelib.kernel.names import is_name
from chalicelib.kernel.texts import Text
from chalicelib.store.declarations import Draft, Kind, Version

MOST_LISTED = 500
_VERSIONS = 20


def list_declarations(
    tenant_id: str, kind: Kind, limit: int, cursor: str, services: CatalogueServices
) -> CatalogueView:
    """One page by id. Raises BadInput ``bad_limit`` and ``bad_cursor``."""
    if not 1 <= limit <= MOST_LISTED:
        raise BadInput("bad_limit", f"A limit is 1 to {MOST_LISTED}.", "limit")
    if cursor and not is_name(cursor):
        raise BadInput("bad_cursor", "That cursor is none of ours.", "cursor")
    in_force = services.in_force(tenant_id)
    drafts = {one.id: one for one in services.declarations.drafts(tenant_id, kind)}
    own = {id_ for of, id_ in in_force.overlay if of == kind}
    ids = sorted(one for one in {*in_force.ids(kind), *own, *drafts} if one > cursor)
    off, page = in_force.off(), ids[:limit]
    listed = tuple(_listed(kind, one, in_force, drafts, switched_off=one in off and kind == "tags") for one in page)
    return CatalogueView(kind, in_force.version, listed, page[-1] if len(ids) > limit else "")


def show_declaration(tenant_id: str, kind: Kind, id_: str, services: CatalogueServices) -> DeclarationView:
    """One declaration with its draft and its versions. Raises NotFound ``no_such_declaration``."""
    if not is_name(id_):
        raise NotFound("no_such_declaration", "There is no such declaration.")
    in_force = services.in_force(tenant_id)
    draft = services.declarations.draft(tenant_id, kind, id_)
    versions = services.declarations.versions(tenant_id, kind, id_, limit=_VERSIONS)
    here, shipped = in_force.declared(kind).get(id_), InForce({}, trade=in_force.trade).declared(kind).get(id_)
    if here is None and shipped is None and draft is None and not versions:
        raise NotFound("no_such_declaration", "There is no such declaration.")
    return DeclarationView(
        kind=kind,
        id=id_,
        state=_state(kind, id_, in_force),
        number=_number(kind, id_, in_force),
        version=in_force.version,
        switched_off=kind == "tags" and id_ in in_force.off(),
        declaration=_written(here),
        shipped=_written(shipped),
        draft=None if draft is None else draft_view(draft),
        versions=tuple(map(_version_view, versions)),
    )


def draft_view(draft: Draft) -> DraftView:
    """A draft as it is answered."""
    return DraftView(
        kind=draft.kind,
        id=draft.id,
        withdrawn=draft.state == "withdrawn",
        digest=draft.digest,
        at=format_moment(draft.at),
        principal=draft.principal,
        declaration=msgspec.json.decode(draft.body) if draft.body else None,
    )


def _version_view(one: Version) -> VersionView:
    return VersionView(
        one.number, one.state, one.content_of, one.version, format_moment(one.at), one.principal, one.reason
    )


def _listed(kind: Kind, id_: str, in_force: InForce, drafts: Mapping[str, Draft], *, switched_off: bool) -> ListedView:
    here: Any = in_force.declared(kind).get(id_)
    name = getattr(here, "name", None) or getattr(here, "names", None)
    return ListedView(
        id=id_,
        name=name if isinstance(name, Text) else None,
        state=_state(kind, id_, in_force),
        number=_number(kind, id_, in_force),
        draft=id_ in drafts,
        switched_off=switched_off,
        class_=getattr(here, "class_", None),
        dimension=getattr(here, "dimension", None),
    )


def _state(kind: Kind, id_: str, in_force: InForce) -> Standing:
    own = in_force.overlay.get((kind, id_))
    if own is not None:
        return "published" if own.body else "withdrawn"
    return "shipped" if id_ in in_force.ids(kind) else "draft"


def _number(kind: Kind, id_: str, in_force: InForce) -> int:
    own = in_force.overlay.get((kind, id_))
    return 0 if own is None else own.number


def _written(declared: msgspec.Struct | None) -> dict[str, Any] | None:
    written: dict[str, Any] | None = None if declared is None else msgspec.to_builtins(declared)
    return written
