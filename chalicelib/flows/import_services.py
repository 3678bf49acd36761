"""What imports need from outside, and what is kept of one as bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from chalicelib.flows.services import DoorServices
from chalicelib.imports.model import LONGEST_RECORD_BYTES, Job, RefusedLine
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS
from chalicelib.store.imports import ImportRow, ImportStore, LinesRow

KEPT_DAYS = 90
RANGE_BYTES = 4 * 1024 * 1024


class ObjectStore(Protocol):
    """The bucket that files are uploaded to."""

    def upload_url(self, key: str, *, seconds: int) -> str:
        """A URL that takes one PUT of the object for some seconds."""

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        """Exactly these bytes of an object.

        Raises ServiceRefused ``object_changed`` and ``object_gone``, and Unavailable.
        """

    def remove(self, key: str) -> None:
        """Delete an object; one that is gone already is fine."""


class ImportServices(msgspec.Struct, frozen=True):
    """What imports need: where they are kept, where files are, the door for events, and the queue of their own."""

    imports: ImportStore
    objects: ObjectStore
    door: DoorServices
    go_on: Callable[[str, str, int], None]
    """Queues an import (tenant, id) to be gone on with after some seconds."""
    waiting: Callable[[], int]
    """About how many messages wait for ingestion."""
    limit_bytes: int
    most_waiting: int
    range_bytes: int = RANGE_BYTES
    longest_bytes: int = LONGEST_RECORD_BYTES
    """How long a record may be: at most half a range, or a range might hold no whole one."""


def object_key(job: Job) -> str:
    """Where an import's file is uploaded to."""
    return f"uploads/{job.tenant_id}/{job.import_id}"


def row_of(job: Job, version: int) -> ImportRow:
    """An import as it is kept."""
    expires_at = job.created_at + KEPT_DAYS * DAY_MS
    return ImportRow(job.tenant_id, job.import_id, version, encode(job), job.created_at, expires_at)


def job_of(row: ImportRow) -> Job:
    """An import as it was kept."""
    return decode(row.content, Job)


def lines_row(job: Job, refused: Sequence[RefusedLine]) -> LinesRow | None:
    """Refused lines as they are kept with a checkpoint."""
    if not refused:
        return None
    expires_at = job.created_at + KEPT_DAYS * DAY_MS
    return LinesRow(job.tenant_id, job.import_id, refused[-1].line, encode(tuple(refused)), expires_at)


def lines_of(row: LinesRow) -> tuple[RefusedLine, ...]:
    """Refused lines as they were kept."""
    return decode(row.content, tuple[RefusedLine, ...])
