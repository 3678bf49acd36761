"""Agents: declared by supervisors, and there or not by their own word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller
from chalicelib.kernel.errors import Forbidden

if TYPE_CHECKING:
    # A route without a reservation needs nothing of the desk: its start should not wait for it.
    from chalicelib.flows.declare_agent import DeskOrder
    from chalicelib.flows.desk_views import AgentsView, AgentView, GoneAgentView

blueprint = Blueprint(__name__)

READ, WRITE, LEAD = "desk:read", "desk:write", "queues:write"


@blueprint.route("/v1/agents", authorizer=principal_auth)
@serves(blueprint, READ)
def agents(request: Request, caller: Caller) -> AgentsView:
    """Every agent as declared and as of now, by id."""
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.flows.show_desk import show_agents

    return show_agents(caller.tenant_id, door_of(caller), now())


@blueprint.route("/v1/agents/{agent_id}", authorizer=principal_auth)
@serves(blueprint, READ)
def agent(request: Request, caller: Caller, agent_id: str) -> AgentView:
    """One agent, with the conversations that are offered to them and that they answer."""
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.flows.show_desk import show_agent

    return show_agent(caller.tenant_id, agent_id, door_of(caller), now())


@blueprint.route("/v1/agents/{agent_id}", methods=["PUT"], authorizer=principal_auth)
@serves(blueprint, LEAD)
def declare(request: Request, caller: Caller, agent_id: str) -> AgentView:
    """Declare an agent, all of it. Every mistake is told at once. A new one is offline until they say otherwise."""
    from chalicelib.desk.agents import AgentDeclaration
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.entrypoints.whole_body import whole_body
    from chalicelib.flows.declare_agent import declare_agent
    from chalicelib.flows.show_desk import show_agent

    declaration, door, at = whole_body(request, AgentDeclaration), door_of(caller), now()
    declare_agent(order_of(request, caller, agent_id), declaration, door, at)
    return show_agent(caller.tenant_id, agent_id, door, at)


@blueprint.route("/v1/agents/{agent_id}", methods=["DELETE"], authorizer=principal_auth)
@serves(blueprint, LEAD)
def remove(request: Request, caller: Caller, agent_id: str) -> GoneAgentView:
    """Declare an agent no more. Who holds a conversation is kept until it is over."""
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.flows.declare_agent import remove_agent
    from chalicelib.flows.desk_views import GoneAgentView

    remove_agent(order_of(request, caller, agent_id), door_of(caller), now())
    return GoneAgentView(agent_id)


@blueprint.route("/v1/agents/{agent_id}/presence", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, WRITE)
def presence(request: Request, caller: Caller, agent_id: str) -> AgentView:
    """Say that an agent is there, away or gone. Who is there is given what waits, in this very call."""
    from chalicelib.entrypoints.at_desk import desk_services, door_of
    from chalicelib.entrypoints.whole_body import whole_body
    from chalicelib.flows.desk_views import PresenceRequest
    from chalicelib.flows.set_presence import Says, set_presence
    from chalicelib.flows.show_desk import agent_of, show_agent

    asked, door, at = whole_body(request, PresenceRequest), door_of(caller), now()
    if agent_id != caller.principal and LEAD not in caller.scopes:
        agent_of(caller.tenant_id, agent_id, door)
        raise Forbidden("not_your_own", "Agents speak for themselves; a supervisor speaks for all.")
    idempotency_key(request, caller)
    set_presence(Says(caller.tenant_id, agent_id, asked.presence, asked.lease_seconds or 0), desk_services(), at)
    return show_agent(caller.tenant_id, agent_id, door, at)


def order_of(request: Request, caller: Caller, subject: str) -> DeskOrder:
    """Who changes what of the desk, under a name that a repeat has too."""
    from chalicelib.flows.declare_agent import DeskOrder

    return DeskOrder(f"k_{idempotency_key(request, caller)}", caller.tenant_id, subject, caller.principal)
