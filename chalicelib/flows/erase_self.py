"""Erases who holds a link, by their own word, which is given twice."""

from __future__ import annotations

import msgspec

from chalicelib.flows.erasure import EraseOrder
from chalicelib.flows.link_services import OWN_WORD, PERSON, Linked
from chalicelib.flows.run_erasure import ErasureDoor, open_erasure
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.links import CONFIRM_MS, confirmation, is_confirmed


class Confirmable(msgspec.Struct, frozen=True):
    """What must come back before the erasure is done, and until when."""

    confirmation: str
    expires_at: Millis

    def __repr__(self) -> str:
        return "<confirmable>"


def confirm_first(linked: Linked, now: Millis) -> Confirmable:
    """What the person must send back: one slip of a finger erases nobody. Nothing is kept of the question."""
    return Confirmable(confirmation(linked.claims, linked.keys[0], now), now + CONFIRM_MS)


def erase_self(linked: Linked, erasure_id: str, given: str, door: ErasureDoor, now: Millis) -> None:
    """Queue the erasure that was confirmed. The same ``erasure_id`` again is the same erasure.

    Raises BadInput ``not_confirmed``, NotFound, Unavailable.
    """
    if not is_confirmed(given, linked.claims, linked.keys, now):
        raise BadInput("not_confirmed", "Ask once more: this confirmation is none, or too old.", "confirmation")
    order = EraseOrder(erasure_id, linked.row.profile_id, OWN_WORD, PERSON, alone=True)
    open_erasure(order, linked.tenant.tenant_id, door, now)
