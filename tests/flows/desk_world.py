"""A desk in memory: two queues, agents as a test hires them, a clock that the test moves, and stores that race."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from msgspec.structs import replace

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.keys import conversation_key
from chalicelib.desk.model import Agent, Conversation, Need, News
from chalicelib.desk.score import best
from chalicelib.flows.answer_reservation import Answering
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.look_after_desk import Looked, Watch, look_once
from chalicelib.flows.place import Placed
from chalicelib.flows.reserve import Asked, reserve
from chalicelib.flows.set_presence import Says, set_presence
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import PolicyDeclaration, Queue
from chalicelib.routing.model import Sla
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.desk import DeskStore
from chalicelib.store.memory_desk import MemoryDesk

T = "t_1"
AT = 1_790_000_000_000
RULES = DeskRules(relaxing=Relaxing(20, 60, 600))


def policy(rules: DeskRules = RULES) -> PolicyDeclaration:
    def queue(skill: str, *overflow: str) -> Queue:
        return Queue(Text(skill, skill), skill, ("human",), Sla(10, 3600), overflow=overflow)

    queues = {"orders": queue("orders", "payments"), "payments": queue("payments")}
    declared = shipped_policy().declared
    return replace(declared, queues=queues, desk=rules, default=replace(declared.default, queue="orders"))


class World:
    """One desk. ``rules`` as a test sets them."""

    def __init__(self, store: DeskStore | None = None, rules: DeskRules = RULES) -> None:
        self.store: DeskStore = store or MemoryDesk()
        self.now = AT
        self.asks = 0
        self.rules = rules
        self.called_back: list[str] = []
        self.tickets: list[str] = []
        self.told: list[News] = []
        self.deaf = False
        self.desk = self.services(self.store)

    def services(self, store: DeskStore) -> DeskServices:
        """The same desk through another store."""
        return DeskServices(
            store=store,
            agents=self.store.agents,
            policy=lambda tenant: policy(self.rules),
            timezone=lambda tenant: "UTC",
            best=best,
            tracks=lambda tenant, ids: {},
            call_back=lambda tenant, one, now: self.called_back.append(one.key),
            look_at_ticket=lambda due, now: self.tickets.append(due.id),
            tell=self.hear,
        )

    def hear(self, tenant: str, one: Conversation, now: int) -> None:
        """Profiles are told; while ``deaf`` nobody can be."""
        if self.deaf:
            raise Unavailable("queue_throttled", "The queue takes nothing now.")
        self.told += one.news

    def hire(self, agent_id: str, *, present: bool = True, units: int = 2, **skills: int) -> None:
        """An agent with room for one conversation that costs two."""
        assert self.store.put_agent(T, Agent(agent_id, skills or {"orders": 5}, units, version=1))
        if present:
            self.says(agent_id, "available")

    def says(self, agent_id: str, presence: Any) -> None:
        set_presence(Says(T, agent_id, presence), self.desk, self.now)

    def asked(self, name: str, **need: Any) -> Asked:
        wanted = {"queue": "orders", "skill": "orders", "channel": "chat", "priority": 5, "profile_id": "p_1", **need}
        # Each route is a decision of its own.
        self.asks += 1
        return Asked(T, conversation_key(T, name), Need(**wanted), f"d_{self.asks}")

    def reserve(self, name: str, **need: Any) -> Placed:
        return reserve(self.asked(name, **need), self.desk, self.now)

    def of(self, name: str) -> Conversation:
        found = self.store.conversation(T, conversation_key(T, name))
        assert found is not None
        return found

    def answering(self, name: str, agent_id: str | None = None) -> Answering:
        """The offer that stands, answered by its own agent unless said."""
        one = self.of(name)
        return Answering(T, one.reservation_id, one.agent_id if agent_id is None else agent_id)

    def look(self, after_ms: int = 0) -> Looked:
        """Time passes, and the schedule looks once."""
        self.now += after_ms
        looked = Looked()
        look_once(self.desk, Watch(lambda: self.now, lambda _: None, lambda: 60.0), looked)
        return looked

    def free(self, agent_id: str) -> int:
        return self.store.seats(T, [agent_id])[agent_id].free

    def waiting(self, queue: str = "orders") -> list[str]:
        return [one.key for one in self.store.waiting(T, queue, 1_000)]

    def balanced(self) -> None:
        """Every seat's account is exact, none is overdrawn, and each conversation is in one place."""
        assert mistakes(self.store, [one.agent_id for one in self.store.agents(T)]) == []


def mistakes(store: DeskStore, ids: Collection[str]) -> list[str]:
    """What is wrong with the accounts of a desk."""
    found = []
    for one, seat in store.seats(T, ids).items():
        held = store.held_by(T, one)
        if seat.free != seat.units - sum(each.cost for each in held):
            found.append(f"{one}: free {seat.free} of {seat.units}, held {[each.cost for each in held]}")
        if seat.free < 0:
            found.append(f"{one}: overdrawn {seat.free}")
    return found


class Racing(MemoryDesk):
    """A store in which somebody else writes just before one's own write: once for each time it is armed."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Callable[[], object]] = []

    def _move(self, *asked: Any) -> bool:
        if self.before:
            self.before.pop(0)()
        return super()._move(*asked)


class NoVersion(Racing):
    """A mutant: whoever writes last wins."""

    def unchanged(self, kept: Conversation | None, was: Conversation | None) -> bool:
        return True


class NoRoom(Racing):
    """A mutant: capacity is taken whether it is there or not."""

    def has_room(self, seat: Any, cost: int, now: int) -> bool:
        return True
