"""What the desk keeps and the calls it offers: agents, seats, conversations, and who waits where.

Every change of a conversation is conditional on the version that was read, and moves the capacity that it takes in
the same write: whatever races, crashes or repeats, ``free`` of a seat is its units less what its conversations take,
and a conversation has one agent at most.

Whatever must be acted upon is noted in the same write, too: capacity that came free, and a presence, mark the seat as
due in a second (``desk.moves.FIRST_LOOK_MS``); who acts upon it takes the mark off (``settle``), and who was killed
before that leaves it to the schedule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol
from zlib import crc32

import msgspec

from chalicelib.desk.model import Agent, Conversation, Presence, Seat, Track
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.store.rows import DecisionRow

DESK_SHARDS = 4
"""Parts of the index of what is due: each is asked every second, and takes a thousand writes in it."""
KEPT_MS = 30 * DAY_MS
"""How long a conversation is kept once it is over: for repeats of its last call, and for people who come back to the
same chat. What was decided and what came of it is kept with its decision, for longer."""


class DueAtDesk(msgspec.Struct, frozen=True):
    """Something that somebody must look at: ``kind`` is ``seat``, ``conversation`` or ``ticket``; ``id`` its own."""

    tenant: str
    kind: str
    id: str
    due_at: Millis


NEWS = DESK_SHARDS
"""The part in which conversations stand of which nothing is due but that their news is told: however many there are,
they stand before nobody.
"""


def shard_of(one: Conversation) -> int:
    """The part of the index of what is due in which a conversation stands."""
    return desk_shard(one.key) if one.due_at else NEWS


def desk_shard(id_: str) -> int:
    """The part of the index of what is due in which a seat, a conversation or a ticket stands."""
    return crc32(id_.encode()) % DESK_SHARDS


def whose(tenant: str, profile_id: str) -> str | None:
    """What the index by profile knows a person's conversations and tickets by; None for nobody's."""
    return f"{tenant}#{profile_id}" if profile_id else None


class DeskStore(Protocol):
    """The desk of a tenant. Reads are strongly consistent unless said; writes answer whether their condition held."""

    def agents(self, tenant: str) -> Sequence[Agent]:
        """Every agent as declared."""

    def agent(self, tenant: str, agent_id: str) -> Agent | None:
        """One agent as declared."""

    def put_agent(self, tenant: str, agent: Agent, look_at: Millis = 0) -> bool:
        """Declare an agent of the version before (1: a new one), and move the seat's units and free with it. One who was
        there before is looked at again at ``look_at`` (0: as before): they may be able to answer who waits.

        A new seat is offline. Less capacity than is held leaves ``free`` below 0, and nothing more is given.
        """

    def seats(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Seat]:
        """Seats as they are now."""

    def set_presence(self, tenant: str, agent_id: str, presence: Presence, lease_until: Millis, now: Millis) -> bool:
        """Say that an agent is there until ``lease_until``, and mark the seat; False when there is no such agent."""

    def delete_agent(self, tenant: str, agent: Agent) -> bool:
        """Declare an agent no more, as they were read, and take the seat away; False while it holds a conversation, or
        where the agent is not what was read. One who is gone already is no error.
        """

    def settle(self, tenant: str, seat: Seat, due_at: Millis, *, offline: bool = False) -> bool:
        """Note that a seat was acted upon as it was read, and when it is due next (0: never). False when it was marked
        meanwhile: whoever did that acts upon it. ``offline``: nothing is given to it from now on.
        """

    def keep_room(self, tenant: str, seat: Seat, order: int, until: Millis) -> bool:
        """Give nothing of a seat to who is less pressing than an order, until an instant (0: to anybody). False when it
        was marked meanwhile.
        """

    def look(self, tenant: str, agent_ids: Collection[str], key: str) -> tuple[Mapping[str, Seat], Conversation | None]:
        """Seats and a conversation as they are now, in one call."""

    def conversation(self, tenant: str, key: str) -> Conversation | None:
        """A conversation as it is now."""

    def assign(
        self,
        tenant: str,
        was: Conversation | None,
        offered: Conversation,
        now: Millis,
        decision: DecisionRow | None = None,
    ) -> bool:
        """Offer a conversation to ``offered.agent_id``: takes ``offered.cost`` of a seat that is present at ``now``, has
        it free and does not keep it for others, gives back what ``was`` took, writes the conversation over ``was`` (None: a new one), takes it off
        the waiting list, keeps the decision: all or nothing.
        """

    def wait(
        self, tenant: str, was: Conversation | None, waiting: Conversation, decision: DecisionRow | None = None
    ) -> bool:
        """Put a conversation on its queue's waiting list; gives back what its agent's seat held for ``was``."""

    def change(self, tenant: str, was: Conversation, to: Conversation) -> bool:
        """Accept, wrap up, or end: capacity is given back where ``to`` holds none any more and ``was`` did."""

    def waiting(self, tenant: str, queue: str, limit: int) -> Sequence[Conversation]:
        """The first of a queue, most pressing first (``desk.ageing.order``)."""

    def waits(self, tenant: str, queue: str) -> int:
        """How many wait in a queue."""

    def held_by(self, tenant: str, agent_id: str) -> Sequence[Conversation]:
        """The conversations that an agent holds."""

    def due(self, shard: int, *, until: Millis) -> Iterator[Sequence[DueAtDesk]]:
        """What is due up to an instant, in order of time, page by page; index reads may lag."""

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete the conversations of a person that are over, and take their name off those that go on. Returns how
        many there were, up to ``at_most``; index reads may lag, so 0 alone says that none is left.
        """

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Mapping[str, Track]]:
        """Agent → intent → how they did; eventually consistent. Intent ``""`` holds all."""
