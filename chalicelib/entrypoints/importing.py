"""Puts imports together: a part of ``compose`` of its own, which only those who import read."""

from __future__ import annotations

import os
from functools import cache

import msgspec

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.objects import Bucket, Objects
from chalicelib.aws.queue import Message
from chalicelib.entrypoints.compose import api, door_services, queue, settings
from chalicelib.flows.import_services import ImportServices
from chalicelib.store.imports import DynamoImports


def go_on_with_import(tenant_id: str, import_id: str, delay_seconds: int) -> None:
    """Queue an import to be gone on with. Raises Unavailable."""
    body = msgspec.json.encode({"tenant": tenant_id, "import_id": import_id}).decode()
    queue().send(settings().queue_imports_url, [Message(body, delay_seconds=delay_seconds)])


@cache
def import_services() -> ImportServices:
    """What imports need: the API to open and tell them, the worker to go on with them."""
    names = settings()
    bucket = Bucket.at(names.endpoints["s3"], names.bucket_imports)
    return ImportServices(
        imports=DynamoImports(api("dynamodb").call, names.table_history),
        objects=Objects(bucket, region=names.region, credentials=credentials_from(os.environ)),
        door=door_services(),
        go_on=go_on_with_import,
        waiting=lambda: queue().waiting(names.queue_events_url),
        limit_bytes=names.import_limit_bytes,
        most_waiting=names.import_waiting_messages,
    )
