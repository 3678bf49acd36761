"""Keeps what could not be applied, with its code, readable by ingestion alone."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from chalicelib.flows.admission import Opened, Refused, delivery_info
from chalicelib.flows.services import IngestServices
from chalicelib.identity.partition import RefusedLink
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.envelope import seal_to
from chalicelib.store.rows import QuarantineRow

_KEPT_DAYS = 90


def quarantine(refused: Sequence[Refused], opened: Opened, services: IngestServices) -> int:
    """Keep refused originals; the same original of the same source is kept once. Returns how many came."""
    tenant = opened.tenant
    for one in refused:
        fingerprint = opened.keys.index.event_key(
            f"quarantine/{opened.delivery.source}", sha256(one.original).hexdigest()
        )
        sealed = seal_to(tenant.ingest_public, one.original, delivery_info(tenant.tenant_id))
        services.history.quarantine(
            QuarantineRow(
                tenant.tenant_id,
                fingerprint.hex(),
                one.code,
                one.path,
                one.at,
                sealed,
                one.at + _KEPT_DAYS * DAY_MS,
            )
        )
    return len(refused)


def note_parts(
    links: Sequence[RefusedLink],
    traits: Sequence[tuple[bytes, str]],
    opened: Opened,
    services: IngestServices,
    now: Millis,
) -> None:
    """Keep what applied events went on without, for review: each refused link once, and each event's traits.

    Their originals stand sealed in the history, so nothing of them is kept here.
    """
    for link in links:
        keep_note("link", f"{link.anchor}~{link.other}", link.reason, "identifiers", opened, services, now)
    for event_key, name in traits:
        keep_note("trait", f"{event_key.hex()}-{name}", "trait_left_out", f"traits.{name}", opened, services, now)


def keep_note(
    part: str, about: str, code: str, path: str, opened: Opened, services: IngestServices, now: Millis
) -> None:
    """Keep that something was refused, and nothing of what it was. ``about`` makes it one of its ``part``."""
    row = QuarantineRow(opened.tenant.tenant_id, f"{part}-{about}", code, path, now, b"", now + _KEPT_DAYS * DAY_MS)
    services.history.quarantine(row)
