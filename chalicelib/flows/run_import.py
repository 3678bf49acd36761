"""Goes on with an import from its last checkpoint, range by range.

A range's events are queued first, then its checkpoint is written, then the next range begins. So a kill loses
nothing: what was queued and not noted is queued again, with the same event ids, and counts once. Of two that go
on with one import at the same time, the one whose checkpoint comes second finds it and stops.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.flows.import_range import read_range
from chalicelib.flows.import_services import ImportServices, job_of, lines_row, object_key, row_of
from chalicelib.imports.failures import fits_badly
from chalicelib.imports.model import Job, RefusedLine
from chalicelib.kernel.errors import BadInput, ServiceRefused
from chalicelib.kernel.moments import Millis

PAUSE_SECONDS = 20
_ENDS = frozenset({"object_changed", "object_gone"})


class Upload(msgspec.Struct, frozen=True):
    """A file that was uploaded, as S3 announces it."""

    tenant_id: str
    import_id: str
    size_bytes: int
    etag: str


def begin_import(upload: Upload, services: ImportServices, now: Millis) -> None:
    """Note that an import's file has come. It changes nothing for an import that runs, or that nobody declared."""
    row = services.imports.load(upload.tenant_id, upload.import_id)
    job = None if row is None else job_of(row)
    if row is None or job is None or job.state != "waiting":
        return
    begun = msgspec.structs.replace(
        job, state="running", started_at=now, updated_at=now, size_bytes=upload.size_bytes, etag=upload.etag
    )
    if upload.size_bytes > services.limit_bytes:
        begun = _failed(begun, "file_too_large", now)
    services.imports.advance(row_of(begun, row.version + 1), None)


def run_import(
    tenant_id: str, import_id: str, services: ImportServices, now: Millis, has_time: Callable[[], bool]
) -> Job | None:
    """Read ranges while there is time, then queue what is left. Returns the import as it then stands, if there is one.

    Raises Unavailable when a service cannot be reached: the message comes again.
    """
    row = services.imports.load(tenant_id, import_id)
    if row is None:
        return None
    job, version = job_of(row), row.version
    while job.state == "running":
        busy = services.waiting() > services.most_waiting
        if busy or not has_time():
            services.go_on(tenant_id, import_id, PAUSE_SECONDS if busy else 0)
            return job
        after, lines = _one_range(job, services, now)
        version += 1
        if not services.imports.advance(row_of(after, version), lines_row(after, lines)):
            return job
        job = after
    if job.is_over:
        services.objects.remove(object_key(job))
    return job


def _one_range(job: Job, services: ImportServices, now: Millis) -> tuple[Job, tuple[RefusedLine, ...]]:
    """The import after its next range, which is queued by then, and the lines that were refused."""
    source = services.door.source(job.declaration.source_id)
    if source is None or source.tenant_id != job.tenant_id:
        return _failed(job, "unknown_source", now), ()
    try:
        done = read_range(job, source, services, now)
    except BadInput as bad:
        return _failed(job, bad.code, now), ()
    except ServiceRefused as refused:
        if refused.code not in _ENDS:
            raise
        return _failed(job, refused.code, now), ()
    after = msgspec.structs.replace(done.job, updated_at=now)
    if fits_badly(after.counts):
        return _failed(after, "mostly_refused", now), done.refused
    if done.is_last:
        after = msgspec.structs.replace(after, state="finished", finished_at=now)
    return after, done.refused


def _failed(job: Job, code: str, now: Millis) -> Job:
    return msgspec.structs.replace(job, state="failed", failure=code, updated_at=now, finished_at=now)
