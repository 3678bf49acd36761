"""Drafts: what somebody means to publish, checked when it is written and again when it is published."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.flows.catalogue_services import CatalogueServices, Order
from chalicelib.flows.check_declaration import check_declaration, check_removal
from chalicelib.flows.effective import InForce
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, TooLarge
from chalicelib.kernel.moments import Millis
from chalicelib.kernel.names import is_name
from chalicelib.store.declarations import DeclarationState, Draft
from chalicelib.store.rows import Record

LONGEST_BYTES = 262_144
WITHDRAWN = {"withdrawn": True}
"""In place of a declaration: what is in force under this id shall be no more."""
_NUMBERS = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def draft_declaration(order: Order, raw: Any, services: CatalogueServices, now: Millis) -> Draft:
    """Keep a draft in place of the one there was. Raises ManyMistakes ``bad_declaration``, TooLarge, Conflict."""
    in_force = services.in_force(order.tenant_id)
    state, body = readable(order, raw, in_force)
    check_body(order, state, body, in_force, services)
    digest = sha256(state.encode() + body).hexdigest()[:16]
    draft = Draft(order.kind, order.id, state, body, digest, now, order.principal)
    record = audited(order, "catalogue.draft", digest, now)
    if not services.declarations.keep_draft(order.tenant_id, draft, [record]):
        return _kept_before(order, draft, services)
    return draft


def check_name(id_: str) -> None:
    """Raises BadInput ``bad_name`` for what is no id."""
    if not is_name(id_):
        message = "An id has lower-case letters, digits and underscores, a letter first, at most 63."
        raise BadInput("bad_name", message, "id", "frequent_caller")


def drop_draft(order: Order, services: CatalogueServices, now: Millis) -> Draft:
    """Forget a draft. Raises NotFound ``no_such_draft``, Conflict ``draft_changed``."""
    check_name(order.id)
    draft = draft_of(order, services)
    record = audited(order, "catalogue.drop", draft.digest, now)
    if not services.declarations.drop_draft(order.tenant_id, draft, [record]):
        raise Conflict("draft_changed", "Somebody changed this draft meanwhile.")
    return draft


def draft_of(order: Order, services: CatalogueServices) -> Draft:
    """A draft. Raises NotFound ``no_such_draft``."""
    draft = services.declarations.draft(order.tenant_id, order.kind, order.id)
    if draft is None:
        raise NotFound("no_such_draft", "There is no draft of this id.")
    return draft


def readable(order: Order, raw: Any, in_force: InForce) -> tuple[DeclarationState, bytes]:
    """A declaration as JSON, with the id of its address and a version where it has none."""
    check_name(order.id)
    if raw == WITHDRAWN:
        return "withdrawn", b""
    if isinstance(raw, dict):
        raw = {"id": order.id, **raw}
        if order.kind in ("tags", "scenes", "segmentations"):
            before = in_force.declared(order.kind).get(order.id)
            raw = {"version": getattr(before, "version", 0) + 1, **raw}
    body = _NUMBERS.encode(raw)
    if len(body) > LONGEST_BYTES:
        raise TooLarge("too_large", f"A declaration has at most {LONGEST_BYTES} bytes.")
    return "declared", body


def check_body(
    order: Order, state: DeclarationState, body: bytes, in_force: InForce, services: CatalogueServices
) -> None:
    """Whether this may be put in force now. Raises ManyMistakes ``bad_declaration`` and NotFound."""
    if state == "declared":
        known = _with_what_was_counted(order, in_force, services)
        check_declaration(order.kind, order.id, msgspec.json.decode(body), known)
        return
    after = in_force.with_entry(order.kind, order.id, 0, b"" if state == "withdrawn" else None)
    shipped = after.declared(order.kind).get(order.id)
    if shipped is not None:
        # What it reads may have been withdrawn since.
        check_declaration(order.kind, order.id, msgspec.json.decode(msgspec.json.encode(shipped)), in_force)
        return
    if state == "withdrawn" and order.id not in in_force.ids(order.kind):
        raise NotFound("no_such_declaration", "Nothing of this id is in force.")
    check_removal(order.kind, in_force, after)


def _with_what_was_counted(order: Order, in_force: InForce, services: CatalogueServices) -> InForce:
    """With a measure that was taken away as it was: what it counted is still stored, and is not to mean another thing."""
    if order.kind != "measures" or order.id in in_force.measures.measures:
        return in_force
    first = services.declarations.version(order.tenant_id, order.kind, order.id, 1)
    return in_force.with_entry(order.kind, order.id, 0, first.body or None if first is not None else None)


def audited(order: Order, action: str, result: str, now: Millis) -> Record:
    """What is kept of who did it."""
    subjects = (f"{order.kind}/{order.id}",)
    return audit_record(
        order.tenant_id, order.order_id, now, Audited(action, order.principal, subjects, order.reason, result)
    )


def _kept_before(order: Order, draft: Draft, services: CatalogueServices) -> Draft:
    """The same request came before, or another writer came in between."""
    kept = services.declarations.draft(order.tenant_id, order.kind, order.id)
    if kept is None or kept.digest != draft.digest:
        raise Conflict("draft_changed", "Somebody changed this draft meanwhile.")
    return kept
