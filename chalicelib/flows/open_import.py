"""Declares an import, and tells how far one is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from chalicelib.flows.import_services import ImportServices, job_of, lines_of, object_key, row_of
from chalicelib.flows.import_views import FailureView, ImportOpened, ImportView, RefusedLineView, UploadView
from chalicelib.imports.declaration import read_declaration
from chalicelib.imports.failures import sentence
from chalicelib.imports.model import Job, RefusedLine
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import Millis, format_moment

UPLOAD_SECONDS = 3_600
LINES_SHOWN = 100
_ROWS_READ = 25


def open_import(
    document: Any, tenant_id: str, principal: str, import_id: str, services: ImportServices, now: Millis
) -> ImportOpened:
    """A new import and where its file goes. The same ``import_id`` again answers the same import.

    Raises ManyMistakes ``bad_import`` with all that is wrong, and TooLarge.
    """

    def traits_of(source_id: str) -> Collection[str] | None:
        source = services.door.source(source_id)
        return source.traits if source is not None and source.tenant_id == tenant_id else None

    declared = read_declaration(document, traits_of)
    job = Job(tenant_id, import_id, principal, declared, now, now + UPLOAD_SECONDS * 1000)
    if not services.imports.create(row_of(job, 1)):
        job = _load(tenant_id, import_id, services)
    seconds_left = (job.upload_until - now) // 1000
    if job.state != "waiting" or seconds_left <= 0:
        return ImportOpened(import_id, job.state, None)
    url = services.objects.upload_url(object_key(job), seconds=seconds_left)
    return ImportOpened(import_id, job.state, UploadView(url, "PUT", {}, format_moment(job.upload_until)))


def describe_import(tenant_id: str, import_id: str, cursor: str, services: ImportServices) -> ImportView:
    """An import with a page of its refused lines. Raises NotFound, and BadInput ``bad_cursor``."""
    if not (cursor == "" or (cursor.isascii() and cursor.isdigit() and len(cursor) < 16)):
        raise BadInput("bad_cursor", "The cursor is none of ours.", "cursor")
    job = _load(tenant_id, import_id, services)
    shown, more = _refused(job, int(cursor or 0), services)
    return ImportView(
        import_id=import_id,
        source_id=job.declaration.source_id,
        kind=job.declaration.kind,
        format=job.declaration.format,
        state=job.state,
        created_at=format_moment(job.created_at),
        started_at=_moment(job.started_at),
        updated_at=_moment(job.updated_at),
        finished_at=_moment(job.finished_at),
        size_bytes=job.size_bytes,
        read_bytes=job.place.offset,
        lines=job.place.line - 1,
        records=job.counts.records,
        accepted=job.counts.accepted,
        refused=job.counts.refused,
        blank=job.counts.blank,
        events=job.counts.events,
        left_out=job.counts.left_out,
        refused_by_code=job.refused_by_code,
        refused_lines=tuple(RefusedLineView(one.line, one.code, one.path) for one in shown),
        cursor=str(shown[-1].line) if more else "",
        failure=FailureView(job.failure, sentence(job)) if job.failure else None,
    )


def _load(tenant_id: str, import_id: str, services: ImportServices) -> Job:
    row = services.imports.load(tenant_id, import_id)
    if row is None:
        raise NotFound("no_such_import", "There is no such import.")
    return job_of(row)


def _refused(job: Job, after: int, services: ImportServices) -> tuple[list[RefusedLine], bool]:
    """Refused lines after a line, and whether there are more of them."""
    rows = services.imports.refused(job.tenant_id, job.import_id, after=after, limit=_ROWS_READ)
    lines = [one for row in rows for one in lines_of(row) if one.line > after]
    return lines[:LINES_SHOWN], len(lines) > LINES_SHOWN or len(rows) == _ROWS_READ


def _moment(at: Millis | None) -> str | None:
    return None if at is None else format_moment(at)
