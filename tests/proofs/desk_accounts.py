"""What the log of the desk says: seats, conversations and lists after every single write, and what was wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from chalicelib.desk.capacity import taken
from chalicelib.desk.model import Agent, Conversation, Seat
from chalicelib.desk.relax import step_at
from chalicelib.desk.score import best
from chalicelib.flows.rank_agents import overflow_of
from chalicelib.store.desk_items import conversation_of, holding_of
from chalicelib.store.seat_rows import seat_of
from tests.flows.world import TENANT_ID
from tests.proofs import desk_floor
from tests.proofs.desk_log import Entry

CAME_FREE, ENQUEUED = "an agent came free", "somebody was put on a list"
_WRITES_OF_A_MOVE = 12
"""A move writes fewer items than this: after so many more its accounts must balance."""
_GONE = Seat("", "offline", 0, 0, 0, 0, 0)


class Beside(msgspec.Struct):
    """Somebody waited beside an agent who could have them: from when to when (epoch seconds), and what began it."""

    agent_id: str
    began: float
    by: str
    ended: float = 0.0
    waiting: set[str] = set()

    @property
    def seconds(self) -> float:
        """How long."""
        return self.ended - self.began


class Accounts:
    """The desk as the log has it so far."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self.seats: dict[str, Seat] = {}
        self.holding: dict[str, frozenset[str]] = {}
        self.conversations: dict[str, Conversation] = {}
        self.listed: dict[tuple[str, str], str] = {}
        self.wrong: Counter[str] = Counter()
        self.writes = 0
        self.beside: list[Beside] = []
        self.longest_waits: dict[str, float] = {}
        self.most_waiting = 0
        self._taken: Counter[str] = Counter()
        self._holders: dict[str, set[str]] = {}
        self._unbalanced: dict[str, int] = {}
        self._doubled: dict[str, int] = {}
        self._open: dict[str, Beside] = {}
        self._waiting: dict[str, Conversation] = {}
        self._listed_at: dict[str, float] = {}
        self._agents = {one.agent_id: one for one in agents}

    def read(self, log: Iterable[Entry]) -> Accounts:
        """The whole log."""
        at = 0.0
        for entry in log:
            at = entry.at
            self.writes += 1
            _READERS.get(entry.pk.removeprefix(f"{TENANT_ID}#").partition("#")[0], Accounts._other)(self, entry)
            self._balance()
        for one in list(self._open):
            self._close(one, at)
        return self

    def _other(self, entry: Entry) -> None:
        """What is no seat, conversation or list is nobody's account."""

    def _seat(self, entry: Entry) -> None:
        agent_id = entry.pk.rpartition("#")[2]
        was, item = self.seats.get(agent_id, _GONE), cast(Any, entry.item)
        seat = seat_of(msgspec.json.encode({**item, "pk": {"S": entry.pk}}))
        held = frozenset(holding_of(item))
        self.seats[agent_id] = seat
        for key in self.holding.get(agent_id, frozenset()) ^ held:
            holders = self._holders.setdefault(key, set())
            (holders.add if key in held else holders.discard)(agent_id)
            self._mark(self._doubled, key, len(holders) > 1)
        self.holding[agent_id] = held
        if seat.free < 0:
            self.wrong["capacity exceeded"] += 1
        if len(held) != seat.held:
            self.wrong["a seat miscounts what it holds"] += 1
        self._weigh(agent_id)
        if seat.free > was.free or (seat.is_present(int(entry.at * 1000)) and not was.is_present(int(entry.at * 1000))):
            self._watch(agent_id, entry.at, CAME_FREE)
        else:
            self._look(agent_id, entry.at)

    def _conversation(self, entry: Entry) -> None:
        one = conversation_of(cast(Any, entry.item))
        was = self.conversations.get(one.key)
        # Moves that follow each other at once are saved as one: a version may be left out, and none comes twice.
        if was is not None and one.version <= was.version:
            self.wrong["a conversation was written over"] += 1
        for side, sign in ((was, -1), (one, 1)):
            agent_id, cost = taken(side)
            if agent_id:
                self._taken[agent_id] += sign * cost
                self._weigh(agent_id)
        self.conversations[one.key] = one
        if one.state == "waiting":
            self._waiting[one.key] = one
            self._listed_at.setdefault(one.key, entry.at)
            self.most_waiting = max(self.most_waiting, len(self._waiting))
        elif self._waiting.pop(one.key, None) is not None:
            waited = entry.at - self._listed_at.pop(one.key)
            self.longest_waits[one.need.channel] = max(self.longest_waits.get(one.need.channel, 0.0), waited)
            for agent_id in [name for name, open_ in self._open.items() if one.key in open_.waiting]:
                self._look(agent_id, entry.at)
        if one.state == "waiting" and (was is None or was.state != "waiting"):
            for agent_id in self._agents:
                self._watch(agent_id, entry.at, ENQUEUED, only=one.key)

    def _row(self, entry: Entry) -> None:
        place = (entry.pk, entry.sk)
        if entry.item:
            self.listed[place] = entry.sk.partition("#")[2]
        else:
            self.listed.pop(place, None)

    def _weigh(self, agent_id: str) -> None:
        seat = self.seats.get(agent_id)
        self._mark(self._unbalanced, agent_id, seat is None or seat.units - self._taken[agent_id] != seat.free)

    def _mark(self, place: dict[str, int], name: str, is_wrong: bool) -> None:
        if is_wrong:
            place.setdefault(name, self.writes)
        else:
            place.pop(name, None)

    def _balance(self) -> None:
        """Nothing stays wrong for longer than the writes of one move take."""
        for place, what in ((self._unbalanced, "capacity leaked"), (self._doubled, "two agents for one conversation")):
            for name in [one for one, since in place.items() if self.writes - since > _WRITES_OF_A_MOVE]:
                self.wrong[what] += 1
                # Told once, and again only should it come to be wrong anew.
                place[name] = 1 << 60

    def able(self, agent_id: str, keys: Iterable[str], at: float) -> set[str]:
        """Which of those who wait this agent could have been given at an instant."""
        seat, agent, now = self.seats[agent_id], self._agents[agent_id], int(at * 1000)
        if not seat.is_present(now) or seat.free <= 0:
            return set()
        return {key for key in keys if key in self._waiting and self._fits(self._waiting[key], agent, seat, now)}

    def _fits(self, one: Conversation, agent: Any, seat: Seat, now: int) -> bool:
        over = overflow_of(desk_floor.policy(), one.need.queue)
        if (
            seat.is_kept_from(one.order, now)
            or agent.agent_id in one.declined
            or agent.skills.keys().isdisjoint((one.need.skill, *over))
        ):
            return False
        step = step_at(one.waits_since, desk_floor.RULES, now)
        found = best(one.need, [agent], {seat.agent_id: seat}, {}, desk_floor.RULES, now, step, overflow=over)
        return bool(found)

    def _watch(self, agent_id: str, at: float, by: str, only: str = "") -> None:
        """From now on, who waits beside this agent, unless it is watched already."""
        if agent_id not in self.seats:
            return
        self._look(agent_id, at)
        could = self.able(agent_id, [only] if only else list(self._waiting), at)
        if could:
            open_ = self._open.setdefault(agent_id, Beside(agent_id, at, by))
            open_.waiting = open_.waiting | could

    def _look(self, agent_id: str, at: float) -> None:
        open_ = self._open.get(agent_id)
        if open_ is not None:
            open_.waiting = self.able(agent_id, open_.waiting, at)
            if not open_.waiting:
                self._close(agent_id, at)

    def _close(self, agent_id: str, at: float) -> None:
        self.beside.append(replace(self._open.pop(agent_id), ended=at))


_READERS = {"s": Accounts._seat, "c": Accounts._conversation, "w": Accounts._row}


def lost(accounts: Accounts) -> Iterator[str]:
    """What is wrong at rest: of all that was put on a list or taken off it, nobody is in two minds."""
    listed = Counter(accounts.listed.values())
    waiting = {key for key, one in accounts.conversations.items() if one.state == "waiting"}
    if listed.keys() != waiting or any(many > 1 for many in listed.values()):
        yield f"{len(listed.keys() ^ waiting)} wait on no list, or stand on one and do not wait"
    held = {key for keys in accounts.holding.values() for key in keys}
    holding = {key for key, one in accounts.conversations.items() if one.holds}
    if held != holding:
        yield f"{len(held ^ holding)} are held by nobody, or by somebody who does not know"
