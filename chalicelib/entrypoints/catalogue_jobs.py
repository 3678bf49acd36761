"""Puts jobs over stored people together: a part of ``compose`` of its own, which only those who use jobs read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from msgspec.structs import replace

from chalicelib.aws.queue import Queue, job_messages
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import (
    api,
    declarations,
    in_force,
    publish,
    read_services,
    settings,
    source_health,
    tenant,
)
from chalicelib.flows.catalogue_job import Declared
from chalicelib.flows.catalogue_services import Published
from chalicelib.flows.job_services import JobDoor, JobServices, Rules
from chalicelib.flows.lay_over import declared, rules_over, tell_published
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile
from chalicelib.store.declarations import Kind
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.people import DynamoPeople
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import Catalogue


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
        retime=retime,
    )


def retime(row: ProfileRow, profile: Profile, catalogue: Catalogue, at: Millis) -> None:
    """Say when a person is due by new rules. Raises Unavailable."""
    # Only the worker does it; who opens a job need not read it.
    from chalicelib.flows.retime import retiming
    from chalicelib.store.dynamo_profiles import DynamoProfiles
    from chalicelib.store.timers import DynamoTimers

    call, names = api("dynamodb").call, settings()
    profiles = DynamoProfiles(call, names.table_profiles, names.table_history)
    retiming(profiles, DynamoTimers(call, names.table_profiles))(row, profile, catalogue, at)


def rules(tenant_id: str, over: Sequence[Declared]) -> Rules:
    """A tenant's rules with these declarations laid over those in force, which are asked for now.

    Its sources are as they are: a job that believed them more would tell of tags that no read gives.
    """
    found = rules_over(in_force().fresh(tenant_id), over)
    return replace(found, catalogue=source_health().over(tenant_id, found.catalogue, tenant(tenant_id).asked_first))


def draft(tenant_id: str, kind: str, id_: str) -> Declared | None:
    """A draft of a tenant."""
    found = declarations().draft(tenant_id, cast(Kind, kind), id_)
    return None if found is None else declared(found)


def tell_applied(published: Published) -> None:
    """Open the job that tells of a version, or the run that judges everybody by it. Raises Unavailable."""
    if published.kind == "segmentations":
        # Only who publishes one reads what runs are made of.
        from chalicelib.entrypoints.learning import learning_door, limits
        from chalicelib.entrypoints.models import learned
        from chalicelib.flows.judge_anew import judge_anew

        judge_anew(published, declarations(), learned(), learning_door(), limits().settle_seconds, now())
        return
    tell_published(published, declarations(), JobDoor(job_store(), go_on), now())


def go_on(tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
    """Queue parts of a job. Raises Unavailable."""
    queue = Queue(api("sqs"), message_limit_bytes=settings().message_limit_bytes)
    queue.send(settings().queue_catalogue_url, job_messages(tenant_id, job_id, parts, delay_seconds))
