"""A desk to try: sixty agents with mixed skills, room and costs, callers who want a person, and the rules of a day in haste."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache

from msgspec.structs import replace

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.keys import conversation_key
from chalicelib.desk.model import Agent
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.model import NamedIdentifier, RouteRequest
from chalicelib.routing.policy import shipped_policy
from tests.flows.world import TENANT_ID

AGENTS = 60
RULES = DeskRules(
    relaxing=Relaxing(any_after_seconds=2, overflow_after_seconds=5, callback_after_seconds=30),
    reservation_seconds=3,
    wrap_up_seconds=1,
    lease_seconds=10,
    orphaned_after_seconds=2,
    ageing_seconds=1,
)
_SAID: Mapping[str, str] = {
    "complaints": "转人工，我要投诉",
    "payments": "转人工，付款失败了",
    "logistics": "转人工，快递到哪了",
    "account": "转人工，登录不了",
    "reception": "转人工",
}
"""What a caller says, by the skill of the queue that the shipped policy chooses for it."""
_FLOWS_OVER = {"payments": ("account",), "account": ("payments",), "reception": ("logistics", "account")}
_CHANNELS = ("web_chat", "web_chat", "web_chat", "email", "phone")


@cache
def policy() -> PolicyDeclaration:
    """The shipped policy, its desk in haste."""
    declared = shipped_policy().declared
    queues = {name: replace(one, overflow=_FLOWS_OVER.get(name, ())) for name, one in declared.queues.items()}
    return replace(declared, queues=queues, desk=RULES)


@cache
def agents() -> Sequence[Agent]:
    """Agents as declared: two skills each, one of them weak, room for two to twenty conversations."""
    skills = list(_SAID)
    return tuple(
        Agent(
            agent_id=f"a_{number:02}",
            skills={skills[number % 5]: 3 + number % 3, skills[(number // 5) % 5]: 1 + number % 5},
            units=(10, 12, 20)[number % 3],
            costs={} if number % 4 else {"web_chat": 3, "phone": 9},
            version=1,
        )
        for number in range(AGENTS)
    )


@cache
def few() -> Sequence[Agent]:
    """One agent for each queue, with room for one conversation: nobody else frees capacity for who waits there."""
    costs = dict.fromkeys(_CHANNELS, 10)
    return tuple(Agent(f"a_{number:02}", {skill: 5}, 10, costs, version=1) for number, skill in enumerate(_SAID))


def request_of(number: int) -> RouteRequest:
    """The route of one conversation: whoever asks again for it asks the same."""
    chance = random.Random(number)
    return RouteRequest(
        channel=chance.choice(_CHANNELS),
        purpose="service",
        identifiers=(NamedIdentifier("phone", f"139{number:08}"),),
        message=chance.choice(list(_SAID.values())),
        reserve=True,
        conversation_id=f"chat {number}",
    )


def key_of(number: int) -> str:
    """What the desk knows a conversation by."""
    return conversation_key(TENANT_ID, f"chat {number}")
