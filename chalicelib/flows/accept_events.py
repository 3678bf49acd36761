"""What every door does with translated events: seal them to ingestion and queue them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.channels.model import SourceProfile
from chalicelib.events.delivery import Delivery, RefusedItem
from chalicelib.events.model import Event
from chalicelib.flows.admission import delivery_info
from chalicelib.flows.services import DoorServices
from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import TooLarge
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.envelope import seal_to
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.catalogue import SourceRecord


def accept_events(
    events: Sequence[Event],
    refused: Sequence[RefusedItem],
    source: SourceRecord,
    services: DoorServices,
    now: Millis,
) -> None:
    """Queue a call's events, and what of it is to be quarantined.

    One queue message, unless it would break the queue's limit. Raises TooLarge ``message_too_large``
    for a single event that no message can hold, Unavailable when the queue cannot be reached.
    """
    if not events and not refused:
        return
    whole = Delivery(source.source_id, source.rank, frozenset(source.traits), now, tuple(events), tuple(refused))
    services.send(list(bodies(whole, services.tenant(source.tenant_id), services.message_limit_bytes)))


def translates_as(source: SourceRecord, tenant: Tenant) -> SourceProfile:
    """What a channel needs to know of a source and its tenant."""
    return SourceProfile(
        tenant=source.tenant_id,
        source_id=source.source_id,
        channel=source.channel,
        rank=source.rank,
        traits=frozenset(source.traits),
        horizon_days=tenant.horizon_days,
    )


def bodies(delivery: Delivery, tenant: Tenant, limit_bytes: int) -> Iterator[str]:
    """The messages that hold a delivery, each sealed to ingestion and within the queue's limit."""
    body = _body(delivery, tenant)
    if body is not None and len(body) <= limit_bytes:
        yield body
        return
    for half in _halves(delivery, limit_bytes):
        yield from bodies(half, tenant, limit_bytes)


def _body(delivery: Delivery, tenant: Tenant) -> str | None:
    """The message, or None for a delivery that deflates well but opens to more than ingestion reads."""
    try:
        packed = encode(delivery)
    except TooLarge:
        return None
    sealed = seal_to(tenant.ingest_public, packed, delivery_info(tenant.tenant_id))
    return msgspec.json.encode({"tenant": tenant.tenant_id, "sealed": b64encode(sealed).decode()}).decode()


def _halves(delivery: Delivery, limit_bytes: int) -> tuple[Delivery, Delivery]:
    events, refused = delivery.events, delivery.refused
    if len(events) + len(refused) < 2:
        raise TooLarge("message_too_large", f"One event must fit into a message of {limit_bytes} bytes.")
    half_events, half_refused = len(events) // 2, (len(refused) + 1) // 2
    return (
        msgspec.structs.replace(delivery, events=events[:half_events], refused=refused[:half_refused]),
        msgspec.structs.replace(delivery, events=events[half_events:], refused=refused[half_refused:]),
    )
