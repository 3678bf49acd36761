"""Queues a quarantined event again, as it stands: whoever asks for it cannot open it, and need not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from chalicelib.flows.admission import SealedMessage
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.read_quarantine import QuarantinedView, views_of
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import HistoryStore, QuarantineRow

_ID_CHARACTERS = 24
_ID = re.compile(r"[A-Za-z0-9_:.~-]{1,256}", re.ASCII)


def replay_quarantined(
    tenant_id: str,
    quarantine_id: str,
    principal: str,
    history: HistoryStore,
    send: Callable[[Sequence[str]], None],
    now: Millis,
) -> QuarantinedView:
    """The row as it is then: replayed, by whoever was first, applied, or waiting again when ingestion refused it.

    It is sent before it is noted, so that a crash between the two makes a second sending and not a
    lost one; the event's marker lets it count once. Raises NotFound and Conflict ``not_replayable``.
    """
    row = _row(tenant_id, quarantine_id, history, now)
    (view,) = views_of([row], history)
    if view.state != "waiting":
        _audited(row, history)
        return view
    if not row.replayable:
        raise Conflict("not_replayable", "Only an event can be queued again: send a mended one instead.")
    send([msgspec.json.encode(SealedMessage(tenant_id, row.sealed)).decode()])
    history.mark_replayed(row, now, principal)
    noted = _row(tenant_id, quarantine_id, history, now)
    _audited(noted, history)
    (view,) = views_of([noted], history)
    return view


def _audited(row: QuarantineRow, history: HistoryStore) -> None:
    """Keep who replayed it, once for each time: a repeated call makes good what a crash left out."""
    if not row.replayed_at:
        return
    audited = Audited("quarantine.replay", row.replayed_by, (f"quarantine/{row.quarantine_id}",), row.code, "")
    named = sha256(row.quarantine_id.encode()).hexdigest()[:_ID_CHARACTERS]
    history.keep(audit_record(row.tenant, f"replay.{named}.{row.replayed_at}", row.replayed_at, audited))


def _row(tenant_id: str, quarantine_id: str, history: HistoryStore, now: Millis) -> QuarantineRow:
    row = history.quarantine_row(tenant_id, quarantine_id) if _ID.fullmatch(quarantine_id) else None
    if row is None or row.expires_at <= now:
        raise NotFound("no_such_quarantined", "Nothing of that id is in the quarantine.")
    return row
