"""One range of an import's file: read, translated, and queued for ingestion like what comes through a door."""

from __future__ import annotations

import msgspec

from chalicelib.events.delivery import RefusedItem
from chalicelib.events.model import Event
from chalicelib.flows.accept_events import accept_events, translates_as
from chalicelib.flows.import_services import ImportServices, object_key
from chalicelib.flows.services import DoorServices
from chalicelib.imports.model import Counts, Job, RefusedLine, with_refused
from chalicelib.imports.records import Range
from chalicelib.imports.results import Result, read_header, results
from chalicelib.imports.translate import Translator
from chalicelib.kernel.moments import Millis
from chalicelib.store.catalogue import SourceRecord

EVENTS_AT_ONCE = 50
"""Events of one message: ingestion takes ten messages at once, and must be done with them within its time."""
_REFUSED_AT_ONCE = 1_000
"""A range ends early after so many refusals, so that their list fits into one row."""
_BODIES_AT_ONCE = 40


class Done(msgspec.Struct, frozen=True):
    """A range that is queued: the import after it, what was refused, and whether the file ends there."""

    job: Job
    refused: tuple[RefusedLine, ...]
    is_last: bool


class _Outbox:
    """Collects one range's events and refusals into messages, and sends those in batches."""

    def __init__(self, job: Job, source: SourceRecord, door: DoorServices, now: Millis) -> None:
        self._job, self._source, self._now = job, source, now
        self._send = door.send
        self._bodies: list[str] = []
        self._door = msgspec.structs.replace(door, send=self._bodies.extend)
        self._events: list[Event] = []
        self._items: list[RefusedItem] = []

    def add(self, result: Result) -> None:
        """Take one record's end."""
        self._events.extend(result.events)
        if result.refused is not None:
            one = result.refused
            path = f"imports/{self._job.import_id}/lines/{one.line}" + (f"/{one.path}" if one.path else "")
            self._items.append(RefusedItem(one.code, path, result.raw))
        if len(self._events) + len(self._items) >= EVENTS_AT_ONCE:
            self._pack()

    def close(self) -> None:
        """Send what is left. Raises Unavailable."""
        self._pack()
        self._flush()

    def _pack(self) -> None:
        accept_events(self._events, self._items, self._source, self._door, self._now)
        self._events.clear()
        self._items.clear()
        if len(self._bodies) >= _BODIES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._bodies:
            self._send(self._bodies)
            self._bodies.clear()


def read_range(job: Job, source: SourceRecord, services: ImportServices, now: Millis) -> Done:
    """Read the next range, queue its events and refusals, and say what the import comes to.

    Raises BadInput ``bad_header`` for a file whose columns are not the mapped ones, and as ``ObjectStore.read``.
    """
    start, left = job.place.offset, job.size_bytes - job.place.offset
    length = min(services.range_bytes, left)
    content = services.objects.read(object_key(job), start, length, etag=job.etag) if left else b""
    within = Range(content, job.place, at_end=length == left, longest_bytes=services.longest_bytes)
    if job.declaration.format == "csv" and job.header is None:
        job = msgspec.structs.replace(job, header=read_header(within, job.declaration))
    tenant = services.door.tenant(job.tenant_id)
    translator = Translator(job, translates_as(source, tenant), now, region=tenant.region)
    outbox = _Outbox(job, source, services.door, now)
    counts, refused = _take(within, job, translator, outbox)
    outbox.close()
    after = msgspec.structs.replace(
        job, place=within.place, counts=job.counts + counts, refused_by_code=with_refused(job, refused)
    )
    return Done(after, refused, within.is_over)


def _take(within: Range, job: Job, translator: Translator, outbox: _Outbox) -> tuple[Counts, tuple[RefusedLine, ...]]:
    records = accepted = events = left_out = 0
    refused: list[RefusedLine] = []
    for one in results(within, job, translator):
        records += 1
        if one.refused is not None:
            refused.append(one.refused)
        elif one.events:
            accepted += 1
            events += len(one.events)
            left_out += one.left_out
        else:
            continue
        outbox.add(one)
        if len(refused) >= _REFUSED_AT_ONCE:
            break
    blank = records - accepted - len(refused)
    return Counts(records, accepted, len(refused), blank, events, left_out), tuple(refused)
