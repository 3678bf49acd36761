"""The desk: what it holds now, queues as they are changed by day, and the answers to offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, speaks_for

if TYPE_CHECKING:
    # A route without a reservation needs nothing of the desk: its start should not wait for it.
    from collections.abc import Callable

    from chalicelib.desk.model import Conversation
    from chalicelib.flows.answer_reservation import Answering
    from chalicelib.flows.desk_services import DeskServices
    from chalicelib.flows.desk_views import DeskView, QueueView, ReservationView

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


@blueprint.route("/v1/reservations/{reservation_id}", authorizer=principal_auth)
@serves(blueprint, ROUTE)
def reservation(request: Request, caller: Caller, reservation_id: str) -> ReservationView:
    """How a conversation stands: waiting, offered to whom, answered, over."""
    from chalicelib.entrypoints.at_desk import door_of
    from chalicelib.flows.show_desk import show_reservation

    return show_reservation(caller.tenant_id, reservation_id, door_of(caller))


@blueprint.route("/v1/reservations/{reservation_id}/accept", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ANSWER)
def accept(request: Request, caller: Caller, reservation_id: str) -> ReservationView:
    """Take on a conversation that is offered."""
    from chalicelib.flows import answer_reservation

    return _answered(request, caller, reservation_id, answer_reservation.accept)


@blueprint.route("/v1/reservations/{reservation_id}/decline", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ANSWER)
def decline(request: Request, caller: Caller, reservation_id: str) -> ReservationView:
    """Do not take it on. It goes to the next agent, or back to its place."""
    from chalicelib.flows import answer_reservation

    return _answered(request, caller, reservation_id, answer_reservation.decline)


@blueprint.route("/v1/reservations/{reservation_id}/release", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ANSWER)
def release(request: Request, caller: Caller, reservation_id: str) -> ReservationView:
    """Be done with a conversation: its agent writes it up. With ``left``: the person is gone, whatever stands."""
    from chalicelib.entrypoints.whole_body import whole_body
    from chalicelib.flows import answer_reservation
    from chalicelib.flows.desk_views import ReleaseRequest

    left = whole_body(request, ReleaseRequest).left
    way = answer_reservation.leave if left else answer_reservation.release
    return _answered(request, caller, reservation_id, way)


def _answered(
    request: Request,
    caller: Caller,
    reservation_id: str,
    answer: Callable[[Answering, DeskServices, int], Conversation],
) -> ReservationView:
    from chalicelib.entrypoints.at_desk import desk_services
    from chalicelib.flows.answer_reservation import Answering
    from chalicelib.flows.show_desk import reservation_view

    idempotency_key(request, caller)
    answering = Answering(caller.tenant_id, reservation_id, speaks_for(caller))
    return reservation_view(answer(answering, desk_services(), now()))
