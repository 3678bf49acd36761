"""Which deployment an operator's command speaks to: the local cloud, or a stack in AWS by its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.settings import Settings, load_settings
from infra import emulator, state
from infra.dead_letters import Queue
from infra.failures import Failure

_VARIABLES = {
    "ProfilesTableName": "TABLE_PROFILES",
    "HistoryTableName": "TABLE_HISTORY",
    "KeysTableName": "TABLE_KEYS",
    "CatalogueTableName": "TABLE_CATALOGUE",
    "DeskTableName": "TABLE_DESK",
    "EventsQueueUrl": "QUEUE_EVENTS_URL",
    "ImportsQueueUrl": "QUEUE_IMPORTS_URL",
    "CatalogueQueueUrl": "QUEUE_CATALOGUE_URL",
    "PrivacyQueueUrl": "QUEUE_PRIVACY_URL",
    "LearningQueueUrl": "QUEUE_LEARNING_URL",
    "LearningTrainingQueueUrl": "QUEUE_LEARNING_TRAINING_URL",
    "ImportsBucketName": "BUCKET_IMPORTS",
    "EventsDeadLettersUrl": "QUEUE_DEAD_LETTERS_URL",
    "ChangesBusName": "BUS_NAME",
    "IndexKeyId": "KEY_INDEX_ID",
    "BranchKeyId": "KEY_BRANCH_ID",
    "IngestKeyId": "KEY_INGEST_ID",
    "ReceiptKeyId": "KEY_RECEIPT_ID",
}

_DEAD = "DeadLettersUrl"


def environment(stack: str | None = None) -> dict[str, str]:
    """The environment that the functions of a deployment have. Raises Failure when there is none."""
    if stack is not None:
        return dict(os.environ) | _named(_outputs_in_aws(stack))
    known = state.load()
    if not known.outputs or not emulator.healthy(known.emulator_port):
        raise Failure("The local cloud is not up: run `make up` first, or name a stack with --stack.")
    kept = {name: value for name, value in os.environ.items() if name not in emulator.STRAY}
    return (
        kept
        | emulator.CREDENTIALS
        | {"AWS_REGION": emulator.REGION, "AWS_ENDPOINT_URL": known.endpoint}
        | _named(known.outputs)
    )


def queues(stack: str | None = None) -> list[Queue]:
    """The queues of a deployment that have dead letters. Raises Failure when there is no deployment."""
    outputs = state.load().outputs if stack is None else _outputs_in_aws(stack)
    dead = {name.removesuffix(_DEAD): url for name, url in outputs.items() if name.endswith(_DEAD)}
    return [Queue(name.lower(), outputs[f"{name}QueueUrl"], url) for name, url in sorted(dead.items())]


def logs_client(stack: str | None = None) -> Any:
    """A boto3 client of the logs of a deployment."""
    if stack is None:
        return emulator.client("logs", state.load().emulator_port)
    import boto3

    return boto3.client("logs", region_name=os.environ.get("AWS_REGION"))


def settings(environ: Mapping[str, str]) -> Settings:
    """The settings that the functions read from the same environment."""
    return load_settings(environ)


def _named(outputs: Mapping[str, str]) -> dict[str, str]:
    missing = sorted(set(_VARIABLES) - outputs.keys())
    if missing:
        raise Failure(f"The stack has no output {', '.join(missing)}: is it Zhiyin's?")
    return {variable: outputs[output] for output, variable in _VARIABLES.items()}


def _outputs_in_aws(stack: str) -> dict[str, str]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        described = boto3.client("cloudformation").describe_stacks(StackName=stack)
    except (BotoCoreError, ClientError) as error:
        raise Failure(f"The stack {stack} cannot be read: {error}") from error
    return {one["OutputKey"]: one["OutputValue"] for one in described["Stacks"][0].get("Outputs", [])}
