"""Goes on with a job: planned once, then each part page by page, and finished by whoever finds all parts done.

What a page comes to is written in one row with where the next one begins. So a kill loses nothing and counts nobody
twice; of two that go on with one part, the one whose checkpoint comes second finds it and stops. An apply job publishes
a page before its checkpoint: a page that is repeated is published again.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from chalicelib.flows.catalogue_job import Declared, Job, Part, apply_id, job_of, job_row, part_of, part_row
from chalicelib.flows.compare_past import compare_past
from chalicelib.flows.compare_people import Sides, assess_both, compare_one, sides_of
from chalicelib.flows.job_services import JobServices
from chalicelib.flows.plan_job import plan_job
from chalicelib.flows.tell_applied import changes_applied
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis
from chalicelib.store.people import Page
from chalicelib.tags.compare import Comparison, add

CATALOGUE_CHANGED = "catalogue_changed"
"""A dry run ends when another version comes into force: part of it would be about other rules."""


def run_job(
    tenant_id: str, job_id: str, part: str, services: JobServices, now: Millis, has_time: Callable[[], bool]
) -> Job | None:
    """Plan a job, or go on with a part of it while there is time. Returns the job as it then stands, if there is one.

    Raises Unavailable when a service cannot be reached: the message comes again.
    """
    row = services.jobs.load(tenant_id, job_id)
    if row is None:
        return None
    job = job_of(row)
    if job.is_over:
        return job
    if now < job.begins_at:
        services.go_on(tenant_id, job_id, [part], -(-(job.begins_at - now) // 1000))
        return job
    if job.plan is None:
        return _begin(job, row.version, services, now)
    if part:
        return _go_on(job, row.version, part, services, now, has_time)
    # Planned before, and perhaps killed before all parts were queued.
    return _queue(job, services)


def _begin(job: Job, version: int, services: JobServices, now: Millis) -> Job:
    try:
        rules = services.rules(job.tenant_id, job.after)
    except BadInput as bad:
        return _failed(job, version, bad.code, services, now)
    begun = replace(job, state="running", plan=plan_job(job, services))
    if job.sort == "dry_run":
        begun = replace(begun, version=rules.version)
    # Somebody else may have planned it: then it is their plan that counts.
    return _queue(begun, services) if services.jobs.advance(job_row(begun, version + 1)) else job


def _queue(job: Job, services: JobServices) -> Job:
    assert job.plan is not None, "only a planned job has parts"
    begun = {one.part: part_of(one) for one in services.jobs.parts(job.tenant_id, job.job_id, job.plan.parts)}
    left = [one for one in job.plan.parts if one not in begun or not begun[one].is_done]
    # The last one again when none is left: it finishes the job.
    services.go_on(job.tenant_id, job.job_id, left or job.plan.parts[-1:], 0)
    return job


def _go_on(job: Job, version: int, name: str, services: JobServices, now: Millis, has_time: Callable[[], bool]) -> Job:
    row = services.jobs.load(job.tenant_id, job.job_id, name)
    part, part_version = part_of(row), row.version if row else 0
    standing = services.rules(job.tenant_id, ())
    if job.sort == "dry_run" and standing.version != job.version:
        return _failed(job, version, CATALOGUE_CHANGED, services, now)
    later = _later(job, standing.version, services)
    old, new = (services.rules(job.tenant_id, [*later, *one]) for one in (job.before, job.after))
    sides = sides_of(old, new, standing)
    while not part.is_done:
        if not has_time():
            services.go_on(job.tenant_id, job.job_id, [name], 0)
            return job
        part, part_version = _next_page(job, name, part, sides, services, now), part_version + 1
        if not services.jobs.advance(part_row(job, name, part, part_version)):
            return job
    return _finish(job, version, services, now)


def _later(job: Job, standing: int, services: JobServices) -> list[Declared]:
    """What takes back all that was published after an apply job's version, newest first.

    Were two that follow each other compared over the newest, a tag that either alone takes away would be told by neither.
    What has no apply job of its own bears on no tag.
    """
    taken_back: list[Declared] = []
    for version in range(standing, job.version, -1) if job.sort == "apply" else ():
        row = services.jobs.load(job.tenant_id, apply_id(version))
        taken_back += () if row is None else job_of(row).before
    return taken_back


def _next_page(job: Job, name: str, part: Part, sides: Sides, services: JobServices, now: Millis) -> Part:
    assert job.plan is not None, "only a planned job has parts"
    limit = services.page_items_past if job.window else services.page_items
    one = job.plan.slices[int(name)]
    page = services.people.page(job.tenant_id, one, part.after, limit=limit, fresh=job.sort == "apply")
    counted = [part.counted, Comparison(read=len(page.rows)), *_compared(job, page, sides, services, now)]
    return Part(page.after, not page.after, add(counted, most=services.named_of(len(sides.tags))))


def _compared(job: Job, page: Page, sides: Sides, services: JobServices, now: Millis) -> list[Comparison]:
    tenant = services.reading.tenant(job.tenant_id)
    if job.window is not None:
        history = services.reading.history
        return [compare_past(row, job.window, sides, tenant, history, now) for row in page.rows]
    # A dry run is about one moment, however long it takes; what is published is about the moment it is published.
    at = job.at if job.sort == "dry_run" else now
    people = assess_both(page.rows, sides, at)
    if job.sort == "apply":
        services.publish([change for one in people for change in changes_applied(one, job, sides, at)])
        for one in people:
            services.retime(one.row, one.profile, sides.in_force.catalogue, at)
    return [compare_one(one, sides, tenant, services, at) for one in people]


def _finish(job: Job, version: int, services: JobServices, now: Millis) -> Job:
    """Put the parts together when all are done. Two that find so at once write the same counts."""
    assert job.plan is not None, "only a planned job has parts"
    rows = services.jobs.parts(job.tenant_id, job.job_id, job.plan.parts)
    parts = [part_of(one) for one in sorted(rows, key=lambda one: int(one.part))]
    if len(parts) < len(job.plan.parts) or not all(one.is_done for one in parts):
        return job
    tags = {tag_id for one in parts for tag_id in one.counted.tags}
    result = add((one.counted for one in parts), most=services.named_of(len(tags)))
    over = replace(job, state="finished", result=result, finished_at=now)
    services.jobs.advance(job_row(over, version + 1))
    return over


def _failed(job: Job, version: int, code: str, services: JobServices, now: Millis) -> Job:
    over = replace(job, state="failed", failure=code, finished_at=now)
    services.jobs.advance(job_row(over, version + 1))
    return over
