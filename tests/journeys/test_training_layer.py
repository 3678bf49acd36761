"""The function that trains as it is deployed: the packaged function, its own layer, its queue."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from infra import deployment, emulator, logs, state
from infra.stack import NAME

pytestmark = pytest.mark.deployed

GIVE_UP_SECONDS = 240
PINNED = ("scikit-learn==", "scipy==", "numpy==")


@pytest.fixture(scope="module")
def known() -> state.State:
    found = state.load()
    assert found.api_id, "the local cloud is not running: `make up` starts it"
    return found


def last_told(known: state.State, since: int, message: str) -> dict[str, Any]:
    """The function's first line after `since` that says this; fails when it never does."""
    client = emulator.client("logs", known.emulator_port)
    ends_at = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < ends_at:
        groups = [one for one in _groups(client) if f"{NAME}-TrainModels" in one]
        for _, line in (one for group in groups for one in logs.lines(client, group, since)):
            told: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            if told.get("message") == message:
                return told
        time.sleep(0.5)
    raise AssertionError("Nothing of it was heard: `python -m infra.cloud logs train` shows what was.")


def _groups(client: Any) -> list[str]:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=logs.GROUPS)
    return [one["logGroupName"] for page in pages for one in page["logGroups"]]


def send(known: state.State, body: dict[str, str]) -> int:
    """Put a message into the queue of trainings; the moment just before, in milliseconds."""
    before = int(time.time() * 1000) - 1
    url = deployment.environment()["QUEUE_LEARNING_TRAINING_URL"]
    emulator.client("sqs", known.emulator_port).send_message(QueueUrl=url, MessageBody=json.dumps(body))
    return before


def test_probe__sent_to_the_queue__trains_with_the_layer_that_is_pinned(known: state.State) -> None:
    """The deployed function clusters and classifies with exactly the versions of requirements-learning.txt."""
    told = last_told(known, send(known, {"order": "probe"}), "layer_works")
    lines = (state.ROOT / "requirements-learning.txt").read_text().splitlines()
    pinned = [line.replace("==", "-") for start in PINNED for line in lines if line.startswith(start)]
    assert told["code"].split(":") == pinned
    functions = emulator.client("lambda", known.emulator_port)
    (function,) = [
        one for one in functions.list_functions()["Functions"] if f"{NAME}-TrainModels" in one["FunctionName"]
    ]
    assert told["size_bytes"] < function["MemorySize"] * 1_000_000


def test_order__that_nobody_knows__is_refused_by_the_deployed_function(known: state.State) -> None:
    """The negative control of the way there: a message that is no order fails, and says so."""
    assert last_told(known, send(known, {"order": "unheard_of"}), "message_failed")["code"] == "bad_message"


def test_functions__deployed__have_the_layers_of_the_template_alone(known: state.State) -> None:
    """As the cloud has them: one function with the learning layer, one with the training layer, all others with none."""
    functions = emulator.client("lambda", known.emulator_port).list_functions()["Functions"]
    layers = {
        one["FunctionName"].removeprefix(f"{NAME}-").partition("-")[0]: [
            layer["Arn"].rpartition(":layer:")[2].partition(":")[0] for layer in one["Layers"]
        ]
        for one in functions
        if one.get("Layers")
    }
    assert layers == {"TrainModels": [f"{NAME}-learning"], "ScheduleMatches": [f"{NAME}-training"]}
