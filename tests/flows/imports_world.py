"""Imports in memory: a world with a bucket, a queue of imports, and workers that die where a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.flows.import_services import ImportServices, job_of
from chalicelib.flows.import_views import ImportView
from chalicelib.flows.open_import import describe_import, open_import
from chalicelib.flows.run_import import Upload, begin_import, run_import
from chalicelib.imports.model import Job
from chalicelib.kernel.errors import ServiceRefused
from chalicelib.store.imports import MemoryImports
from tests.flows.world import TENANT_ID, World

RANGE_BYTES = 2_000_000


class Killed(BaseException):
    """The process ends here: nothing catches it."""


class MemoryObjects:
    """A bucket: objects with ETags, and what was read of them."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}
        self.reads: list[int] = []

    def upload_url(self, key: str, *, seconds: int) -> str:
        return f"memory:{key}?seconds={seconds}"

    def put(self, url: str, content: bytes, etag: str = "e1") -> str:
        key = url.removeprefix("memory:").partition("?")[0]
        self.kept[key] = (content, etag)
        return key

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        if key not in self.kept:
            raise ServiceRefused("object_gone", "The object is not there.")
        content, kept = self.kept[key]
        if kept != etag:
            raise ServiceRefused("object_changed", "The object is not the one that was there.")
        self.reads.append(length)
        return content[start : start + length]

    def remove(self, key: str) -> None:
        self.kept.pop(key, None)


class ImportWorld:
    """A world, its imports, and the queue that goes on with them."""

    def __init__(self, *, range_bytes: int = RANGE_BYTES, **world: Any) -> None:
        self.world = World(**world)
        self.store, self.objects = MemoryImports(), MemoryObjects()
        self.queue: list[tuple[str, str, int]] = []
        self.waiting = 0
        self.range_bytes = range_bytes
        self.limit_bytes = 10**9

    def services(self, **changes: Any) -> ImportServices:
        made = ImportServices(
            imports=self.store,
            objects=self.objects,
            door=self.world.door(),
            go_on=lambda tenant, import_id, delay: self.queue.append((tenant, import_id, delay)),
            waiting=lambda: self.waiting,
            limit_bytes=self.limit_bytes,
            most_waiting=1_000,
            range_bytes=self.range_bytes,
            longest_bytes=min(256 * 1024, self.range_bytes // 2),
        )
        return msgspec.structs.replace(made, **changes)

    def upload(self, body: dict[str, Any], content: bytes, import_id: str = "i_1") -> Upload:
        """Declare an import and upload its file; what S3 announces then."""
        opened = open_import(body, TENANT_ID, "admin", import_id, self.services(), self.world.now)
        assert opened.upload is not None
        self.objects.put(opened.upload.url, content)
        return Upload(TENANT_ID, import_id, len(content), "e1")

    def work(
        self, upload: Upload, services: ImportServices | None = None, has_time: Callable[[], bool] = lambda: True
    ) -> Job | None:
        """One invocation of the worker."""
        services = services or self.services()
        begin_import(upload, services, self.world.now)
        return run_import(upload.tenant_id, upload.import_id, services, self.world.now, has_time)

    def job(self, import_id: str = "i_1") -> Job:
        row = self.store.load(TENANT_ID, import_id)
        assert row is not None
        return job_of(row)

    def view(self, import_id: str = "i_1", cursor: str = "") -> ImportView:
        return describe_import(TENANT_ID, import_id, cursor, self.services())

    def bring(self, body: dict[str, Any], content: bytes, import_id: str = "i_1") -> ImportView:
        """Declare, upload and work until it is over; then ingest."""
        self.work(self.upload(body, content, import_id))
        self.world.ingest()
        return self.view(import_id)


def orders(**changes: Any) -> dict[str, Any]:
    """Orders of the shop as CSV: order, member, amount, status, time."""
    return {
        "source_id": "s_crm",
        "kind": "orders",
        "format": "csv",
        "mapping": {
            "identifiers.user_id": "member",
            "data.order_id": "order",
            "data.amount": "amount",
            "status": "status",
            "time": "at",
        },
        "constants": {"data.currency": "CNY"},
        **changes,
    }


HEADER = "order,member,amount,status,at\n"


def order_line(number: int, **changes: str) -> str:
    """One good line; ``changes`` spoil it."""
    cells = {
        "order": f"A{number:07d}",
        "member": f"u{number % 7}",
        "amount": f"{number % 90 + 10}.50",
        "status": "paid",
        "at": f"2025-{number % 9 + 1:02d}-10T10:00:00+08:00",
    } | changes
    return ",".join(cells.values()) + "\n"


def order_file(count: int, broken: dict[int, str] | None = None) -> bytes:
    """A header and so many orders; ``broken`` replaces records by their numbers, counted from 1."""
    lines = [(broken or {}).get(number) or order_line(number) for number in range(1, count + 1)]
    return (HEADER + "".join(lines)).encode()
