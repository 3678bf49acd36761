"""An erasure as a job: asked for through the API, which queues ids only, and done by the function that may."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from chalicelib.flows.correct_person import CORRECTION, Correction, CorrectionServices, state_of
from chalicelib.flows.erase_person import erase_person
from chalicelib.flows.erasure import ERASURE, ORDER, RECEIPT, REFUSED, EraseOrder, SignedReceipt
from chalicelib.flows.follow import follow
from chalicelib.flows.services import ErasureServices
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.free_text import masked
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body
from chalicelib.store.rows import HistoryStore, ProfileStore, Record


class ErasureDoor(msgspec.Struct, frozen=True):
    """What asking for an erasure needs: no key and no secret."""

    profiles: ProfileStore
    history: HistoryStore
    go_on: Callable[[str, str], None]
    """Queues an erasure by tenant and id."""


class ErasureOpened(msgspec.Struct, frozen=True):
    """An erasure that was asked for; how far it is stands at its receipt."""

    erasure_id: str
    receipt_id: str


class ReceiptView(msgspec.Struct, frozen=True):
    """How far a correction, erasure, export or restriction is. ``code`` says why one was refused; ``receipt`` is that of a complete erasure."""

    receipt_id: str
    sort: str
    state: str
    requested_at: str
    code: str = ""
    fields: tuple[str, ...] = ()
    receipt: SignedReceipt | None = None


def open_erasure(order: EraseOrder, tenant_id: str, door: ErasureDoor, now: Millis) -> ErasureOpened:
    """Keep the order and queue it. A repeat is the same erasure, and queues it again. Raises NotFound."""
    if door.history.record_of(tenant_id, ORDER, order.erasure_id) is None:
        row = follow(tenant_id, [order.profile_id], door.profiles, fresh=True).get(order.profile_id)
        if row is None or row.state == "erased":
            raise NotFound("no_such_profile", "There is no such profile.")
        facets = decode(row.body, Body).facets
        known = door.profiles.find(tenant_id, facets, fresh=True)
        meant = {one: known[one].generation for one in sorted(facets) if one in known}
        kept = replace(order, reason=masked(order.reason), generations=meant)
        door.history.keep(Record(tenant_id, ORDER, order.erasure_id, now, encode(kept)))
    door.go_on(tenant_id, order.erasure_id)
    return ErasureOpened(order.erasure_id, order.erasure_id)


def run_erasure(
    tenant: Tenant, erasure_id: str, services: ErasureServices, now: Millis, has_time: Callable[[], bool]
) -> bool:
    """Erase while there is time; whether it is over. An order that is not there is over. Raises Unavailable."""
    row = services.history.record_of(tenant.tenant_id, ORDER, erasure_id)
    if row is None:
        return True
    try:
        return erase_person(decode(row.content, EraseOrder), tenant, services, now, has_time) is not None
    except NotFound as gone:
        services.history.keep(Record(tenant.tenant_id, REFUSED, erasure_id, now, encode(gone.code)))
        return True


def read_receipt(receipt_id: str, tenant: Tenant, services: CorrectionServices, now: Millis) -> ReceiptView:
    """How far a correction or an erasure of this id is, or that an export or restriction was made. Raises NotFound."""
    history = services.history
    asked = history.record_of(tenant.tenant_id, ORDER, receipt_id)
    if asked is not None:
        return _of_erasure(asked, history)
    asked = history.record_of(tenant.tenant_id, CORRECTION, receipt_id)
    if asked is None:
        return _done_at_once(receipt_id, tenant.tenant_id, history, now)
    correction = decode(asked.content, Correction)
    state = state_of(correction, tenant, services)
    code = "person_erased" if state == "refused" else ""
    return ReceiptView(receipt_id, "correction", state, format_moment(asked.at), code, correction.fields)


def _done_at_once(receipt_id: str, tenant_id: str, history: HistoryStore, now: Millis) -> ReceiptView:
    """What is done when it is asked for has nothing to wait for: that it is kept says that it was done."""
    # Few ask for these here: each has an answer of its own.
    from chalicelib.flows.open_export import EXPORT
    from chalicelib.flows.restrict_person import RESTRICTION

    for kind in (EXPORT, RESTRICTION):
        kept = history.record_of(tenant_id, kind, receipt_id)
        if kept is not None and (not kept.expires_at or kept.expires_at > now):
            return ReceiptView(receipt_id, kind, "completed", format_moment(kept.at))
    raise NotFound("no_such_receipt", "There is no such receipt.")


def _of_erasure(asked: Record, history: HistoryStore) -> ReceiptView:
    told = ReceiptView(asked.record_id, "erasure", "waiting", format_moment(asked.at))
    done = history.record_of(asked.tenant, RECEIPT, asked.record_id)
    if done is not None:
        return replace(told, state="completed", receipt=decode(done.content, SignedReceipt))
    refused = history.record_of(asked.tenant, REFUSED, asked.record_id)
    if refused is not None:
        return replace(told, state="refused", code=decode(refused.content, str))
    begun = history.record_of(asked.tenant, ERASURE, asked.record_id)
    return told if begun is None else replace(told, state="running")
