"""Erased stays erased: what was about an erased person before the erasure is refused, whenever it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from chalicelib.flows.admission import Admitted
from chalicelib.flows.quarantine import keep_note
from chalicelib.flows.save_group import Round
from chalicelib.flows.services import IngestServices
from chalicelib.kernel.moments import Millis

if TYPE_CHECKING:
    from chalicelib.flows.ingest_events import Batch

ERASED = "person_erased"
"""The code of an event that is about a person as it was before it was erased."""


def refuse_erased(events: Sequence[Admitted], known: Round, batch: Batch, services: IngestServices) -> list[Admitted]:
    """The events that may be applied, without identifiers that were erased after they happened.

    Of those refused a note is kept, and nothing of what they said.
    """
    rows = known.snapshot.identifiers
    kept: list[Admitted] = []
    refused: list[Admitted] = []
    for one in events:
        if is_before(one, rows[one.anchor].erased_at):
            refused.append(one)
            continue
        left = {key: masked for key, masked in one.identifiers.items() if not is_before(one, rows[key].erased_at)}
        kept.append(one if len(left) == len(one.identifiers) else _without(one, left))
    if refused:
        counted = services.history.events(known.tenant.tenant_id, [one.event_key for one in refused])
        for one in refused:
            batch.pending.pop(one.event_key)
            if one.event_key in counted:
                batch.report.duplicate += 1
                continue
            batch.report.quarantined += 1
            keep_note("erased", one.event_key.hex(), ERASED, "identifiers", batch.opened, services, known.now)
    return kept


def is_before(one: Admitted, erased_at: Millis) -> bool:
    """Whether an event is of the time before an erasure; 0 is none."""
    return one.event.time <= erased_at


def _without(one: Admitted, left: dict[str, str]) -> Admitted:
    """The event with the identifiers that are left; keys and values stand in one order."""
    pairs = zip(one.identifiers, one.event.identifiers, strict=True)
    named = tuple(identifier for key, identifier in pairs if key in left)
    return msgspec.structs.replace(one, identifiers=left, event=msgspec.structs.replace(one.event, identifiers=named))
