"""The desk in memory, with the same promises as DynamoDB: for tests and for trying a flow by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import RLock

from msgspec.structs import replace

from chalicelib.desk.capacity import taken
from chalicelib.desk.model import Agent, Conversation, Presence, Seat, Track
from chalicelib.desk.moves import FIRST_LOOK_MS, unnamed
from chalicelib.kernel.moments import Millis
from chalicelib.store.desk import DueAtDesk, desk_shard, shard_of
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import DecisionRow


class MemoryDesk:
    """``DeskStore`` in dictionaries. ``history`` receives the decisions."""

    def __init__(self, history: MemoryHistory | None = None) -> None:
        self.declared: dict[tuple[str, str], Agent] = {}
        self.seats_of: dict[tuple[str, str], Seat] = {}
        self.conversations: dict[tuple[str, str], Conversation] = {}
        self.records: dict[tuple[str, str], Mapping[str, Track]] = {}
        self._history = history or MemoryHistory()
        self._lock = RLock()

    def agents(self, tenant: str) -> Sequence[Agent]:
        """Every agent as declared."""
        return [agent for (of, _), agent in sorted(self.declared.items()) if of == tenant]

    def agent(self, tenant: str, agent_id: str) -> Agent | None:
        """One agent as declared."""
        return self.declared.get((tenant, agent_id))

    def put_agent(self, tenant: str, agent: Agent, look_at: Millis = 0) -> bool:
        """Declare an agent of the version before, and move the seat's units and free with it."""
        at = tenant, agent.agent_id
        with self._lock:
            was = self.declared.get(at)
            if was == agent or (0 if was is None else was.version) != agent.version - 1:
                return was == agent
            seat = self.seats_of.get(at) or Seat(agent.agent_id, "offline", 0, 0, 0, 0, 0)
            more = agent.units - seat.units
            self.declared[at] = agent
            seat = replace(seat, units=agent.units, free=seat.free + more)
            marked = was is not None and look_at
            self.seats_of[at] = replace(seat, version=seat.version + 1, due_at=look_at) if marked else seat
            return True

    def seats(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Seat]:
        """Seats as they are now."""
        return {one: self.seats_of[tenant, one] for one in agent_ids if (tenant, one) in self.seats_of}

    def set_presence(self, tenant: str, agent_id: str, presence: Presence, lease_until: Millis, now: Millis) -> bool:
        """Say that an agent is there until an instant, and mark the seat."""
        with self._lock:
            seat = self.seats_of.get((tenant, agent_id))
            if seat is None:
                return False
            renewed = seat.presence == presence and seat.lease_until > now
            self.seats_of[tenant, agent_id] = replace(
                seat,
                presence=presence,
                lease_until=lease_until,
                idle_since=seat.idle_since if renewed else now,
                version=seat.version + 1,
                due_at=now + FIRST_LOOK_MS,
            )
            return True

    def delete_agent(self, tenant: str, agent: Agent) -> bool:
        """Declare an agent no more, and take the seat away, if it holds nothing. One who is gone already is no error."""
        at = tenant, agent.agent_id
        with self._lock:
            seat = self.seats_of.get(at)
            if seat is not None and (seat.held or self.declared[at].version != agent.version):
                return False
            self.declared.pop(at, None)
            self.seats_of.pop(at, None)
            return True

    def settle(self, tenant: str, seat: Seat, due_at: Millis, *, offline: bool = False) -> bool:
        """Note that a seat was acted upon as it was read, and when it is due next."""
        with self._lock:
            kept = self.seats_of.get((tenant, seat.agent_id))
            if kept is None or kept.version != seat.version:
                return False
            presence = "offline" if offline else kept.presence
            self.seats_of[tenant, seat.agent_id] = replace(kept, due_at=due_at, presence=presence)
            return True

    def keep_room(self, tenant: str, seat: Seat, order: int, until: Millis) -> bool:
        """Give nothing of a seat to who is less pressing than an order, until an instant."""
        with self._lock:
            kept = self.seats_of.get((tenant, seat.agent_id))
            if kept is None or kept.version != seat.version:
                return False
            self.seats_of[tenant, seat.agent_id] = replace(kept, kept_for=order, kept_until=until)
            return True

    def look(self, tenant: str, agent_ids: Collection[str], key: str) -> tuple[Mapping[str, Seat], Conversation | None]:
        """Seats and a conversation as they are now."""
        with self._lock:
            return self.seats(tenant, agent_ids), self.conversation(tenant, key)

    def conversation(self, tenant: str, key: str) -> Conversation | None:
        """A conversation as it is now."""
        return self.conversations.get((tenant, key))

    def assign(
        self,
        tenant: str,
        was: Conversation | None,
        offered: Conversation,
        now: Millis,
        decision: DecisionRow | None = None,
    ) -> bool:
        """Offer a conversation to an agent who is there and has room."""
        return self._move(tenant, was, offered, now, decision)

    def wait(
        self, tenant: str, was: Conversation | None, waiting: Conversation, decision: DecisionRow | None = None
    ) -> bool:
        """Put a conversation on its queue's waiting list."""
        return self._move(tenant, was, waiting, waiting.state_since, decision)

    def change(self, tenant: str, was: Conversation, to: Conversation) -> bool:
        """Accept, wrap up, or end."""
        return self._move(tenant, was, to, to.state_since, None)

    def waiting(self, tenant: str, queue: str, limit: int) -> Sequence[Conversation]:
        """The first of a queue, most pressing first."""
        return self._listed(tenant, queue)[:limit]

    def waits(self, tenant: str, queue: str) -> int:
        """How many wait in a queue."""
        return len(self._listed(tenant, queue))

    def held_by(self, tenant: str, agent_id: str) -> Sequence[Conversation]:
        """The conversations that an agent holds."""
        held = [one for one in self._of(tenant) if one.holds and one.agent_id == agent_id]
        return sorted(held, key=lambda one: one.order)

    def due(self, shard: int, *, until: Millis) -> Iterator[Sequence[DueAtDesk]]:
        """What is due up to an instant, in order of time."""
        seats = [
            DueAtDesk(tenant, "seat", id_, one.due_at)
            for (tenant, id_), one in list(self.seats_of.items())
            if desk_shard(id_) == shard
        ]
        conversations = [
            DueAtDesk(tenant, "conversation", key, one.look_at)
            for (tenant, key), one in list(self.conversations.items())
            if shard_of(one) == shard
        ]
        due = [one for one in (*seats, *conversations) if 0 < one.due_at <= until]
        if due:
            yield sorted(due, key=lambda one: (one.due_at, one.id))

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete the conversations of a person that are over, and take their name off those that go on."""
        with self._lock:
            found = [one for one in self._of(tenant) if profile_id and one.need.profile_id == profile_id][:at_most]
            for one in found:
                if one.state == "ended":
                    del self.conversations[tenant, one.key]
                else:
                    self.conversations[tenant, one.key] = unnamed(one)
            return len(found)

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Mapping[str, Track]]:
        """Agent → intent → how they did."""
        return {one: self.records[tenant, one] for one in agent_ids if (tenant, one) in self.records}

    def _move(
        self, tenant: str, was: Conversation | None, to: Conversation, now: Millis, decision: DecisionRow | None
    ) -> bool:
        """Everything that one move of a conversation does, or nothing."""
        with self._lock:
            kept = self.conversations.get((tenant, to.key))
            if kept == to:
                return True
            if not self.unchanged(kept, was) or (decision is not None and self._decided(decision)):
                return False
            seats = self._seats_after(tenant, was, to, now)
            if seats is None:
                return False
            self.seats_of.update(seats)
            self.conversations[tenant, to.key] = to
            if decision is not None:
                self._history.record(decision)
            return True

    def unchanged(self, kept: Conversation | None, was: Conversation | None) -> bool:
        """Whether what is kept is what was read."""
        return (0 if kept is None else kept.version) == (0 if was is None else was.version)

    def has_room(self, seat: Seat, cost: int, now: Millis) -> bool:
        """Whether an agent is there and has so much free."""
        return seat.is_present(now) and seat.free >= cost

    def _decided(self, decision: DecisionRow) -> bool:
        return self._history.decision(decision.tenant, decision.decision_id) is not None

    def _seats_after(
        self, tenant: str, was: Conversation | None, to: Conversation, now: Millis
    ) -> dict[tuple[str, str], Seat] | None:
        (gives, given), (takes, cost) = taken(was), taken(to)
        offered = to.state == "reserved" and (was is None or was.attempt != to.attempt)
        after: dict[tuple[str, str], Seat] = {}
        if gives and gives != takes:
            seat = self.seats_of[tenant, gives]
            after[tenant, gives] = replace(
                seat,
                free=seat.free + given,
                held=seat.held - 1,
                version=seat.version + 1,
                due_at=now + FIRST_LOOK_MS,
            )
        if takes and (offered or gives != takes):
            again = gives == takes
            cost -= given if again else 0
            taker = self.seats_of.get((tenant, takes))
            if taker is None or taker.is_kept_from(to.order, now) or not self.has_room(taker, cost, now):
                return None
            held = taker.held + (0 if again else 1)
            after[tenant, takes] = replace(taker, free=taker.free - cost, held=held, idle_since=now)
            if cost < 0:
                # Room came free, as where something is given back: the seat is marked.
                after[tenant, takes] = replace(
                    after[tenant, takes], version=taker.version + 1, due_at=now + FIRST_LOOK_MS
                )
        return after

    def _of(self, tenant: str) -> list[Conversation]:
        return [one for (of, _), one in list(self.conversations.items()) if of == tenant]

    def _listed(self, tenant: str, queue: str) -> list[Conversation]:
        found = [one for one in self._of(tenant) if one.state == "waiting" and one.need.queue == queue]
        return sorted(found, key=lambda one: (one.order, one.key))
