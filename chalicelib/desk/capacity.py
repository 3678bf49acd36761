"""What a conversation takes of an agent."""

from __future__ import annotations

from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.model import Agent, Conversation


def cost_of(channel: str, agent: Agent, rules: DeskRules) -> int:
    """What a conversation of a channel takes of this agent's units: their own figure before the policy's."""
    return agent.costs.get(channel, rules.costs.get(channel, rules.cost))


def taken(conversation: Conversation | None) -> tuple[str, int]:
    """Of whom a conversation takes capacity, and how much; '' and 0 while it takes none."""
    if conversation is None or not conversation.holds:
        return "", 0
    return conversation.agent_id, conversation.cost
