"""How a view keeps that somebody is about to see people: call it last, before the answer is returned."""

from __future__ import annotations

from typing import Any

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.request import Caller
from chalicelib.flows.note_read import Seen, note_read
from chalicelib.flows.seen_in import shown_in


def note(caller: Caller, action: str, profile_ids: tuple[str, ...], purpose: str, view: Any) -> None:
    """Keep what of these people an answer shows a caller. Raises Unavailable, and then nothing may be answered."""
    shown = shown_in(view)
    seen = Seen(
        principal=caller.principal,
        role=caller.role,
        action=action,
        profile_ids=profile_ids,
        purpose=purpose,
        classes=shown.classes,
        fields=shown.fields,
    )
    note_read(caller.tenant_id, seen, history(), now())
