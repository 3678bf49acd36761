"""What the desk keeps and the calls it offers: agents, seats, conversations, and who waits where.

Every change of a conversation is conditional on the version that was read, and moves the capacity that it takes in
the same write: whatever races, crashes or repeats, ``free`` of a seat is its units less what its conversations take,
and a conversation has one agent at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from chalicelib.desk.model import Agent, Conversation, Presence, Seat, Track
from chalicelib.kernel.moments import Millis
from chalicelib.store.rows import DecisionRow


class DueAtDesk(msgspec.Struct, frozen=True):
    """Something that somebody must look at: ``kind`` is ``seat``, ``conversation`` or ``ticket``; ``id`` its own."""

    tenant: str
    kind: str
    id: str
    due_at: Millis


class DeskStore(Protocol):
    """The desk of a tenant. Reads are strongly consistent unless said; writes answer whether their condition held."""

    def agents(self, tenant: str) -> Sequence[Agent]:
        """Every agent as declared."""

    def agent(self, tenant: str, agent_id: str) -> Agent | None:
        """One agent as declared."""

    def put_agent(self, tenant: str, agent: Agent) -> bool:
        """Declare an agent of the version before (1: a new one), and move the seat's units and free with it.

        A new seat is offline. Less capacity than is held leaves ``free`` below 0, and nothing more is given.
        """

    def seats(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Seat]:
        """Seats as they are now."""

    def set_presence(self, tenant: str, agent_id: str, presence: Presence, lease_until: Millis, now: Millis) -> bool:
        """Say that an agent is there until ``lease_until``; False when there is no such agent."""

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
        """Offer a conversation to ``offered.agent_id``: takes ``offered.cost`` of a seat that is present at ``now`` and
        has it free, writes the conversation over ``was`` (None: a new one), takes it off the waiting list, keeps the
        decision: all or nothing.
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
        """What is due up to an instant, in order of time; index reads may lag."""

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Mapping[str, Track]]:
        """Agent → intent → how they did; eventually consistent. Intent ``""`` holds all."""
