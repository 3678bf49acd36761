"""Erased stays erased: what was about an erased person before the erasure is refused, whenever it comes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.flows.admission import Admitted, Opened
from chalicelib.flows.quarantine import keep_note, keep_own
from chalicelib.flows.save_group import Round
from chalicelib.flows.services import IngestServices
from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import IdentifierRow

ERASED = "person_erased"
"""The code of an event that is about a person as it was before it was erased."""

ABSENT = "no_such_person"
"""The code of a correction of somebody who is not there, as after a restore: it waits in the quarantine."""


class Sifted(msgspec.Struct, frozen=True):
    """Events by their end: those that may be applied, and the keys of the refused, had before or noted now."""

    kept: Sequence[Admitted]
    duplicate: Sequence[bytes] = ()
    quarantined: Sequence[bytes] = ()


def refuse_erased(events: Sequence[Admitted], known: Round, opened: Opened, services: IngestServices) -> Sifted:
    """Sift out the events about who was erased after they happened, and from the others identifiers that were.

    Of those refused a note is kept, and nothing of what they said.
    """
    rows = known.snapshot.identifiers
    kept: list[Admitted] = []
    refused: list[bytes] = []
    absent: list[Admitted] = []
    for one in events:
        row = rows[one.anchor]
        if is_before(one, row.erased_at) or is_of_another(one, row):
            refused.append(one.event_key)
            continue
        if one.generation and one.anchor not in known.snapshot.body_at(one.anchor).facets:
            absent.append(one)
            continue
        left = {key: masked for key, masked in one.identifiers.items() if not is_before(one, rows[key].erased_at)}
        kept.append(one if len(left) == len(one.identifiers) else _without(one, left))
    for one in absent:
        keep_own(one, ABSENT, opened, services, known.now)
    gone = [one.event_key for one in absent]
    if not refused:
        return Sifted(kept, (), gone)
    counted = services.history.events(known.tenant.tenant_id, refused)
    noted = [key for key in refused if key not in counted]
    for key in noted:
        keep_note("erased", key.hex(), ERASED, "identifiers", opened, services, known.now)
    return Sifted(kept, [key for key in refused if key in counted], noted + gone)


def is_of_another(one: Admitted, row: IdentifierRow) -> bool:
    """Whether an event is about a generation of its facet that does not live: only our own name one."""
    return one.generation not in (0, 1 + row.generation)


def is_before(one: Admitted, erased_at: Millis) -> bool:
    """Whether an event is of the time before an erasure, or of a time that nobody told; 0 is no erasure."""
    return one.event.time <= erased_at or (erased_at > 0 and one.event.context.get("undated") is True)


def _without(one: Admitted, left: dict[str, str]) -> Admitted:
    """The event with the identifiers that are left; keys and values stand in one order."""
    pairs = zip(one.identifiers, one.event.identifiers, strict=True)
    named = tuple(identifier for key, identifier in pairs if key in left)
    return msgspec.structs.replace(one, identifiers=left, event=msgspec.structs.replace(one.event, identifiers=named))
