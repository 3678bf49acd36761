"""How far a job is and what it has counted, and the list of jobs."""

from __future__ import annotations

from chalicelib.flows.catalogue_job import job_of, part_of
from chalicelib.flows.job_views import JobsView, JobView, listed, view_of
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import THE_LAST
from chalicelib.store.jobs import JobStore
from chalicelib.tags.compare import Comparison, add

_LISTED = 50


def describe_job(tenant_id: str, job_id: str, jobs: JobStore, *, most_named: int) -> JobView:
    """A job with its result, or what its parts have counted up to now. Raises NotFound ``no_such_job``."""
    # A "#" would name a part of a job, which is no job.
    row = None if "#" in job_id else jobs.load(tenant_id, job_id)
    if row is None:
        raise NotFound("no_such_job", "There is no such job.")
    job = job_of(row)
    if job.plan is None:
        return view_of(job, Comparison(), 0)
    if job.result is not None:
        return view_of(job, job.result, len(job.plan.slices))
    parts = [part_of(one) for one in jobs.parts(tenant_id, job_id, job.plan.parts)]
    counted = add((one.counted for one in parts), most=most_named)
    return view_of(job, counted, sum(one.is_done for one in parts))


def list_jobs(tenant_id: str, cursor: str, jobs: JobStore) -> JobsView:
    """Jobs, newest first. Raises BadInput ``bad_cursor``."""
    if not (cursor == "" or (cursor.isascii() and cursor.isdigit() and len(cursor) < 16)):
        raise BadInput("bad_cursor", "The cursor is none of ours.", "cursor")
    rows = jobs.newest(tenant_id, before=int(cursor or THE_LAST), limit=_LISTED)
    found = tuple(listed(job_of(one)) for one in rows)
    return JobsView(found, str(rows[-1].at) if len(rows) >= _LISTED else "")
