"""Puts jobs over stored people together: a part of ``compose`` of its own, which only those who use jobs read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from chalicelib.aws.queue import Message, Queue
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import api, declarations, in_force, publish, read_services, settings
from chalicelib.flows.catalogue_job import Declared
from chalicelib.flows.catalogue_services import Published
from chalicelib.flows.effective import InForce
from chalicelib.flows.job_services import JobServices, Rules
from chalicelib.flows.open_job import open_apply
from chalicelib.store.declarations import Draft, Kind, Version
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.people import DynamoPeople


def job_store() -> DynamoJobs:
    """Where jobs are kept."""
    return DynamoJobs(api("dynamodb").call, settings().table_history)


def job_services(tenant_id: str) -> JobServices:
    """What a tenant's jobs need: the API to open and tell them, the worker to go on with them."""
    return JobServices(
        jobs=job_store(),
        people=DynamoPeople(api("dynamodb").call, settings().table_profiles),
        reading=read_services(tenant_id),
        rules=rules,
        draft=draft,
        go_on=go_on,
        publish=publish,
    )


def rules(tenant_id: str, over: Sequence[Declared]) -> Rules:
    """A tenant's rules with these declarations laid over those in force, which are asked for now."""
    laid: InForce = in_force().fresh(tenant_id)
    for one in over:
        laid = laid.with_entry(cast(Kind, one.kind), one.id, 0, None if one.is_shipped else one.body)
    return Rules(laid.catalogue, laid.policy, laid.version)


def draft(tenant_id: str, kind: str, id_: str) -> Declared | None:
    """A draft of a tenant."""
    found = declarations().draft(tenant_id, cast(Kind, kind), id_)
    return None if found is None else declared(found)


def declared(one: Draft | Version) -> Declared:
    """A draft or version as a job keeps it."""
    return Declared(one.kind, one.id, one.body, one.state == "shipped")


def tell_applied(published: Published) -> None:
    """Open the job that tells of a version. From the versions and not from what was in force: it may be asked again."""
    of = (published.tenant_id, published.kind, published.id)
    made, before = (declarations().version(*of, number) for number in (published.number, published.number - 1))
    if made is None:
        return
    was = Declared(published.kind, published.id, b"", is_shipped=True) if before is None else declared(before)
    services = job_services(published.tenant_id)
    open_apply(published.tenant_id, [was], [declared(made)], published.version, made.principal, services, now())


def go_on(tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
    """Queue parts of a job. Raises Unavailable."""
    named = ({"tenant": tenant_id, "job_id": job_id, "part": one} for one in parts)
    bodies = (msgspec.json.encode(one).decode() for one in named)
    queue = Queue(api("sqs"), message_limit_bytes=settings().message_limit_bytes)
    queue.send(settings().queue_catalogue_url, [Message(one, delay_seconds=delay_seconds) for one in bodies])
