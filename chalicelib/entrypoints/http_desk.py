"""The desk: what it holds now, queues as they are changed by day, and the answers to offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller

if TYPE_CHECKING:
    # A route without a reservation needs nothing of the desk: its start should not wait for it.
    from chalicelib.flows.desk_views import DeskView, QueueView

blueprint = Blueprint(__name__)

ROUTE, READ, LEAD, ANSWER = "route", "desk:read", "queues:write", "decisions:write"


@blueprint.route("/v1/desk", authorizer=principal_auth)
@serves(blueprint, READ)
def desk(request: Request, caller: Caller) -> DeskView:
    """Who waits where and for how long, who is there, and what they hold. No value of a person stands in it."""
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.flows.show_desk import show_desk

    return show_desk(caller.tenant_id, door_of(caller), now())


@blueprint.route("/v1/queues/{queue}", methods=["PUT"], authorizer=principal_auth)
@serves(blueprint, LEAD)
def queue(request: Request, caller: Caller, queue: str) -> QueueView:
    """Change a queue by day, all of its settings; ``{}`` is the policy's own again. In force within ten seconds."""
    from chalicelib.desk.queues import QueueSettings
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.entrypoints.http_agents import order_of
    from chalicelib.entrypoints.whole_body import whole_body
    from chalicelib.flows.set_queue import set_queue

    settings = whole_body(request, QueueSettings)
    return set_queue(order_of(request, caller, queue), settings, door_of(caller), now())
