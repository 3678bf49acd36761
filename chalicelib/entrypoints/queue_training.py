"""The Lambda behind the queue of training: one message is one order, and this function alone has the learning layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.queue_work import each_message
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import BadInput

blueprint = Blueprint(__name__)

_TRAINING_MILLIS = 120_000
"""What is left to the function when a training begins no other round."""


class Order(msgspec.Struct, frozen=True):
    """What every order says: its kind. The rest is read by who works on that kind."""

    order: str


@blueprint.on_sqs_message(queue="learning_training", batch_size=1, name="train_models")
@textless
def train_models(event: SQSEvent) -> dict[str, Any]:
    """Work on an order while there is time; a message that failed is delivered again."""
    return each_message(event, _work, _TRAINING_MILLIS)


def _work(body: str, has_time: Callable[[], bool]) -> None:
    try:
        work = ORDERS[msgspec.json.decode(body, type=Order).order]
    except (msgspec.MsgspecError, KeyError):
        raise BadInput("bad_message", "The queue message is no order of a training.") from None
    work(body, has_time)


def _probe(body: str, has_time: Callable[[], bool]) -> None:
    # Only this function has the layer; who packages the app imports this module too, and could not read it.
    from chalicelib.training.probe import probe

    probed = probe()
    journal().note("layer_works", code=probed.versions, size_bytes=probed.peak_bytes)
    journal().count("LayerProbes")


class Learn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to do a part of a run's training; '' to plan it."""

    order: str
    tenant: str
    job_id: str
    part: str = ""


def _learn(body: str, has_time: Callable[[], bool]) -> None:
    from chalicelib.entrypoints.learning import train_services
    from chalicelib.flows.train_models import train_models as flow_of_training

    told = msgspec.json.decode(body, type=Learn)
    job = flow_of_training(told.tenant, told.job_id, told.part, train_services(), now(), has_time)
    for one in job.outcomes if job is not None else ():
        journal().note("model_trained", tenant=told.tenant, job_id=told.job_id, operation=one.id, code=one.reason)


ORDERS: Mapping[str, Callable[[str, Callable[[], bool]], None]] = {
    "learn": _learn,
    "probe": _probe,
}
"""Kind of order → who works on it, given the message and whether there is time. Each imports what it trains with."""
