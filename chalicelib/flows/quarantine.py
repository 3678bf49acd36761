"""Keeps what could not be applied, with its code, readable by ingestion alone."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from chalicelib.flows.admission import Opened, Refused, delivery_info
from chalicelib.flows.services import IngestServices
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
    left_out: Sequence[tuple[bytes, str, str, str]], opened: Opened, services: IngestServices, now: Millis
) -> None:
    """Keep what applied events went on without, for review: (event key, ``link`` or ``trait``, name, code).

    Their originals stand sealed in the history, so nothing of them is kept here.
    """
    for event_key, part, name, code in left_out:
        row = QuarantineRow(
            opened.tenant.tenant_id,
            f"{part}-{event_key.hex()}-{name}",
            code,
            "identifiers" if part == "link" else f"traits.{name}",
            now,
            b"",
            now + _KEPT_DAYS * DAY_MS,
        )
        services.history.quarantine(row)
