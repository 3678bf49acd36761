"""What a conversation and an offer of it are called: made from the caller's own id, which is nobody else's business."""

from __future__ import annotations

import re
from hashlib import sha256

_RESERVATION = re.compile(r"r_([0-9a-f]{32})_([0-9]{1,9})", re.ASCII)


def conversation_key(tenant: str, conversation_id: str) -> str:
    """The key of a conversation: a hash, because callers put phone numbers into their ids."""
    return sha256(f"{tenant}\0{conversation_id}".encode()).hexdigest()[:32]


def offer_of(reservation_id: str) -> tuple[str, int] | None:
    """The conversation's key and the attempt that a reservation's id names; None for what is no such id."""
    match = _RESERVATION.fullmatch(reservation_id)
    return None if match is None else (match[1], int(match[2]))
