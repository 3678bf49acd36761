"""Keeps what could not be applied, with its code, as a delivery that ingestion alone can open, or take again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec.structs import replace

from chalicelib.events.delivery import Delivery, RefusedItem
from chalicelib.events.model import Event
from chalicelib.flows.admission import Admitted, Opened, Refused, delivery_info
from chalicelib.flows.heard_consent import LeftOut
from chalicelib.flows.services import IngestServices
from chalicelib.identity.partition import RefusedLink
from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.envelope import seal_to
from chalicelib.store.rows import QuarantineKind, QuarantineRow

_KEPT_DAYS = 90
_IMPORTED = "imports/"
"""How the path of a line of an import begins: its import, its number, and a path of ours."""
_READS_LIKE_A_VALUE = re.compile(r"[^.\[\]]*\d{5}[^.\[\]]*")


def quarantine(refused: Sequence[Refused], opened: Opened, services: IngestServices) -> int:
    """Keep refused originals; the same original of the same source is kept once. Returns how many came."""
    tenant = opened.tenant
    for one in refused:
        fingerprint = opened.keys.index.event_key(f"quarantine/{opened.delivery.source}", _digest(one.original))
        packed = encode(_delivery(one, opened.delivery))
        row = QuarantineRow(
            tenant=tenant.tenant_id,
            quarantine_id=fingerprint.hex(),
            code=one.code,
            path=_without_values(one.path),
            at=one.at,
            sealed=seal_to(tenant.ingest_public, packed, delivery_info(tenant.tenant_id)),
            expires_at=one.at + _KEPT_DAYS * DAY_MS,
            source=opened.delivery.source,
            kind=_kind(one),
            event_key=_event_key(one.original, opened),
        )
        services.history.quarantine(row)
    return len(refused)


def note_parts(
    links: Sequence[RefusedLink],
    left_out: Sequence[tuple[bytes, LeftOut]],
    opened: Opened,
    services: IngestServices,
    now: Millis,
) -> None:
    """Keep what applied events went on without, for review: each refused link once, and each event's parts.

    Their originals stand sealed in the history, so nothing of them is kept here.
    """
    for link in links:
        keep_note("link", f"{link.anchor}~{link.other}", link.reason, "identifiers", opened, services, now)
    for event_key, part in left_out:
        about = f"{event_key.hex()}-{part.path.rpartition('.')[2]}"
        keep_note("trait", about, part.code, part.path, opened, services, now)


def keep_note(
    part: Literal["link", "trait", "erased"],
    about: str,
    code: str,
    path: str,
    opened: Opened,
    services: IngestServices,
    now: Millis,
) -> None:
    """Keep that something was refused, and nothing of what it was. ``about`` makes it one of its ``part``."""
    until = now + _KEPT_DAYS * DAY_MS
    row = QuarantineRow(opened.tenant.tenant_id, f"{part}-{about}", code, path, now, b"", until, kind=part)
    services.history.quarantine(row)


def keep_own(one: Admitted, code: str, opened: Opened, services: IngestServices, now: Millis) -> None:
    """Keep an internal event that cannot be applied now, under a delivery of its own: others of its batch came otherwise."""
    event = one.event
    delivery = Delivery(event.source, 0, frozenset(), event.received_at, (), internal=True)
    quarantine([Refused(code, "identifiers", event, now)], replace(opened, delivery=delivery), services)


def _digest(original: Event | bytes) -> str:
    if isinstance(original, Event):
        # When it came in is not a part of it: sent again by its source, it is the same.
        original = msgspec.msgpack.encode(replace(original, received_at=0))
    return sha256(original).hexdigest()


def _event_key(original: Event | bytes, opened: Opened) -> bytes:
    return opened.keys.index.event_key(original.source, original.id) if isinstance(original, Event) else b""


def _delivery(one: Refused, came_in: Delivery) -> Delivery:
    """The delivery that it came in, with nothing else in it: under the same source, rank and traits."""
    if isinstance(one.original, Event):
        return replace(came_in, events=(one.original,), refused=())
    return replace(came_in, events=(), refused=(RefusedItem(one.code, one.path, one.original),))


def _kind(one: Refused) -> QuarantineKind:
    if isinstance(one.original, Event):
        return "event"
    return "import_line" if one.path.startswith(_IMPORTED) else "item"


def _without_values(path: str) -> str:
    """A path as people may read it: senders name members, and some by phone numbers."""
    return path if path.startswith(_IMPORTED) else _READS_LIKE_A_VALUE.sub("*", path)
