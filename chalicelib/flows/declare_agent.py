"""Agents as supervisors declare them: what they can do, and how much at once."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from chalicelib.desk.agents import AgentDeclaration, declared, is_agent_id, mistakes_of_agent
from chalicelib.desk.model import Agent
from chalicelib.flows.desk_door import DeskDoor
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.show_desk import agent_of
from chalicelib.kernel.errors import BadInput, Conflict, ManyMistakes
from chalicelib.kernel.moments import Millis

_ATTEMPTS = 3
IN_FORCE_MS = 11_000
"""By then whoever looks at the seat has read the agent anew, and gives what waits for new skills and more units."""


class DeskOrder(msgspec.Struct, frozen=True):
    """Who changes what of a tenant's desk; ``order_id`` names the row of the audit."""

    order_id: str
    tenant_id: str
    subject: str
    principal: str


def declare_agent(order: DeskOrder, declaration: AgentDeclaration, door: DeskDoor, now: Millis) -> Agent:
    """Put an agent in place of what they were. Raises ManyMistakes ``bad_agent``, Conflict ``agent_changed``."""
    if not is_agent_id(order.subject):
        message = "An agent's id has letters, digits, dots, dashes and underscores, at most 64."
        raise BadInput("bad_agent_id", message, "id")
    rules = door.policy.declared.desk
    found = list(mistakes_of_agent(declared(order.subject, declaration, rules.units, 1), skills_of(door)))
    if found:
        raise ManyMistakes("bad_agent", f"Mistakes in the agent: {len(found)}.", tuple(found))
    for _ in range(_ATTEMPTS):
        was = door.desk.agent(order.tenant_id, order.subject)
        version = 1 if was is None else was.version + 1
        agent = declared(order.subject, declaration, rules.units, version)
        if was is not None and replace(agent, version=was.version) == was:
            return was
        if door.desk.put_agent(order.tenant_id, agent, now + IN_FORCE_MS):
            _audit(order, "agents.put", f"version {version}", door, now)
            return agent
    raise Conflict("agent_changed", "Somebody changed this agent meanwhile.")


def remove_agent(order: DeskOrder, door: DeskDoor, now: Millis) -> None:
    """Declare an agent no more. Raises NotFound ``no_such_agent``, Conflict ``agent_holds_conversations``."""
    agent = agent_of(order.tenant_id, order.subject, door)
    if not door.desk.delete_agent(order.tenant_id, agent):
        raise Conflict("agent_holds_conversations", "This agent holds conversations: say that they are offline first.")
    _audit(order, "agents.remove", f"version {agent.version}", door, now)


def skills_of(door: DeskDoor) -> frozenset[str]:
    """The skills that queues of the policy ask for."""
    return frozenset(queue.skill for queue in door.policy.declared.queues.values())


def _audit(order: DeskOrder, action: str, result: str, door: DeskDoor, now: Millis) -> None:
    audited = Audited(action, order.principal, (f"agents/{order.subject}",), "", result)
    door.history.keep(audit_record(order.tenant_id, order.order_id, now, audited))
