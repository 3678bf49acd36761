"""Puts jobs over stored people together: a part of ``compose`` of its own, which only those who use jobs read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.aws.queue import Message, Queue
from chalicelib.entrypoints.compose import api, publish, read_services, settings
from chalicelib.flows.catalogue_job import Declared
from chalicelib.flows.job_services import JobServices, Rules
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.people import DynamoPeople


def job_store() -> DynamoJobs:
    """Where jobs are kept."""
    return DynamoJobs(api("dynamodb").call, settings().table_history)


def job_services() -> JobServices:
    """What jobs need: the API to open and tell them, the worker to go on with them."""
    return JobServices(
        jobs=job_store(),
        people=DynamoPeople(api("dynamodb").call, settings().table_profiles),
        reading=read_services(),
        rules=rules,
        draft=draft,
        go_on=go_on,
        publish=publish,
    )


def rules(tenant_id: str, over: Sequence[Declared]) -> Rules:
    """A tenant's rules with these declarations laid over those in force."""
    reading = read_services()
    return Rules(reading.catalogue, reading.policy, 0)


def draft(tenant_id: str, kind: str, id_: str) -> Declared | None:
    """A draft of a tenant."""
    return None


def go_on(tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
    """Queue parts of a job. Raises Unavailable."""
    bodies = [
        msgspec.json.encode(
            {"tenant": tenant_id, "job_id": job_id, "part": one} if one else {"tenant": tenant_id, "job_id": job_id}
        )
        for one in parts
    ]
    queue = Queue(api("sqs"), message_limit_bytes=settings().message_limit_bytes)
    queue.send(settings().queue_catalogue_url, [Message(one.decode(), delay_seconds=delay_seconds) for one in bodies])
