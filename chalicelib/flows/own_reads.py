"""Keeps that a person was shown their own data in clear: whoever asks what was seen finds that beside staff's sights."""

from __future__ import annotations

from chalicelib.flows.link_services import PERSON, Linked
from chalicelib.flows.note_read import Seen, note_read
from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import HistoryStore

_CLASSES = ("public", "internal", "personal", "sensitive")


def note_own_read(linked: Linked, action: str, fields: tuple[str, ...], history: HistoryStore, now: Millis) -> None:
    """Keep the row; call it before answering. Raises Unavailable, and then nothing may be answered."""
    seen = Seen(
        principal=PERSON,
        role=PERSON,
        action=action,
        profile_ids=(linked.row.profile_id,),
        purpose="legal",
        classes=_CLASSES,
        fields=fields,
        clear=True,
        ticket=linked.claims.link_id,
    )
    note_read(linked.claims.tenant, seen, history, now)
