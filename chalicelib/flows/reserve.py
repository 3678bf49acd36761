"""Reserves an agent for a conversation, or a place among those who wait for one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import msgspec

from chalicelib.desk.model import Conversation, Need
from chalicelib.desk.moves import opened
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.place import Note, Placed, no_note, place
from chalicelib.kernel.moments import Millis

LIVE = ("waiting", "reserved", "accepted")
"""While it is so, a conversation has its place. One whose agent already writes it up begins anew."""


class Asked(msgspec.Struct, frozen=True):
    """Who asks for an agent: the conversation's key (``desk.keys.conversation_key``), what it needs, and by which decision."""

    tenant: str
    key: str
    need: Need
    decision_id: str


def never() -> bool:
    """Nothing was decided before."""
    return False


def reserve(
    asked: Asked, desk: DeskServices, now: Millis, note: Note = no_note, is_made: Callable[[], bool] = never
) -> Placed:
    """Offer a conversation to the best agent who is there, else let it wait.

    A conversation that has its place keeps it: the answer is what stands (not ``moved``, and nothing is noted). The
    decision of ``note`` is kept in the very write that reserves, which ``is_made`` before says cannot be done again.
    Raises Unavailable ``desk_contended``.
    """
    rules, tries = desk.policy(asked.tenant).rules_of(asked.need.queue), count()

    def step(was: Conversation | None) -> Conversation | None:
        # A decision that was kept with it was answered before: its repeat opens nothing anew.
        if was is not None and (was.state in LIVE or was.decision_id == asked.decision_id):
            return None
        # It was, and the conversation has begun anew and ended since: asked for only once a write has failed.
        if next(tries) and is_made():
            return None
        return opened(was, asked.key, asked.need, asked.decision_id, rules, now)

    return place(asked.tenant, asked.key, asked.need, step, desk, now, note)
