"""Puts corrections and erasures together: a part of ``compose`` of its own, because few functions need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.aws.queue import Message, Queue
from chalicelib.entrypoints.compose import (
    api,
    history,
    index,
    key_ring,
    patience,
    profiles,
    publish,
    read_services,
    send,
    settings,
)
from chalicelib.events.model import Identifier
from chalicelib.flows.correct_person import CorrectionServices
from chalicelib.flows.find_person import named_by
from chalicelib.flows.run_erasure import ErasureDoor
from chalicelib.flows.services import ErasureServices
from chalicelib.kernel.errors import BadInput
from chalicelib.privacy.receipts import Signature, sign
from chalicelib.privacy.tenants import Tenant

_LAG_MS = 30_000
"""How far an index may be behind: hardly ever a second."""
_LAG_SECONDS = 40


def correction_services() -> CorrectionServices:
    """What correcting needs."""
    return CorrectionServices(profiles(), history(), index, send, settings().message_limit_bytes)


def erasure_door() -> ErasureDoor:
    """What asking for an erasure needs."""
    return ErasureDoor(profiles(), history(), go_on)


def go_on(tenant_id: str, erasure_id: str, delay_seconds: int = 0) -> None:
    """Queue an erasure by its ids. Raises Unavailable."""
    body = msgspec.json.encode({"tenant": tenant_id, "erasure_id": erasure_id}).decode()
    queue = Queue(api("sqs"), message_limit_bytes=settings().message_limit_bytes)
    queue.send(settings().queue_privacy_url, [Message(body, delay_seconds=delay_seconds)])


def go_on_later(tenant_id: str, erasure_id: str, has_time: bool) -> None:
    """Queue an erasure again: at once when time ran out, and else when the index has caught up. Raises Unavailable."""
    go_on(tenant_id, erasure_id, _LAG_SECONDS if has_time else 0)


def erasure_services(context: Any) -> ErasureServices:
    """What erasing needs, within the time that an invocation has left."""
    from chalicelib.store.dynamo_desk import DynamoDesk
    from chalicelib.store.dynamo_secrets import DynamoSecrets
    from chalicelib.store.jobs import DynamoJobs
    from chalicelib.store.ledger import DynamoLedger
    from chalicelib.store.outreach import DynamoOutreach
    from chalicelib.store.tickets import DynamoTickets

    call, names = api("dynamodb").call, settings()
    return ErasureServices(
        profiles=profiles(),
        history=history(),
        secrets=DynamoSecrets(call, names.table_keys),
        ledger=DynamoLedger(call, names.table_keys),
        jobs=DynamoJobs(call, names.table_history),
        sign=_sign,
        index=index,
        publish=publish,
        patience=patience(context),
        desk=(
            DynamoDesk(call, names.table_desk, names.table_history),
            DynamoTickets(call, names.table_desk),
            DynamoOutreach(call, names.table_history),
        ),
        lag_ms=_LAG_MS,
    )


def named(tenant: Tenant, profile_id: str | None, identifiers: Sequence[Identifier], already: tuple[str, str]) -> str:
    """The profile that a body names by one of the two; that of a request that was kept ``already`` is with its record.

    Raises BadInput ``bad_request`` and NotFound.
    """
    if (profile_id is None) == (not identifiers):
        raise BadInput("bad_request", "Name the person by profile_id or by identifiers.", "profile_id")
    if profile_id is not None:
        return profile_id
    if history().record_of(tenant.tenant_id, *already) is not None:
        # Who was erased since is found by no identifier, and a repeat is the same request still.
        return ""
    return named_by(tenant, identifiers, read_services(tenant.tenant_id)).profile_id


def _sign(tenant: Tenant, document: Any) -> Signature:
    return sign(key_ring().receipt_private(tenant), document)
