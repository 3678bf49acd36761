"""The proof of imports: a large file with broken lines, its worker killed twice, and everything adds up.

python -m tests.proofs.imports [--bytes 1000000000] [--kills 2]

The worker is the function that is deployed, in a process of its own, with its checkpoints in DynamoDB Local; the bucket
and the queues stand in for AWS's. It is killed (SIGKILL) inside a call to the events queue whose messages were taken and whose
answer it never got: the worst place, since all of that range is sent again. Then its message is delivered again, as the queue does.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.entrypoints import compose, importing, models
from chalicelib.events.delivery import Delivery
from chalicelib.flows.admission import SealedMessage, delivery_info
from chalicelib.flows.import_views import ImportView
from chalicelib.flows.open_import import describe_import, open_import
from chalicelib.kernel.codec import decode
from chalicelib.privacy.envelope import key_pair, open_from
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.catalogue import DynamoCatalogue, SourceRecord
from infra import dynamodb_local, emulator
from infra.package import ROOT
from tests.proofs.import_cloud import Cloud
from tests.proofs.import_file import DECLARATION, Expected, write

TENANT, SOURCE, IMPORT = "t_proof", "s_export", "i_proof"
MOST_BYTES = 512 * 1024 * 1024
PRIVATE, PUBLIC = key_pair(sha256(b"the proof of imports").digest())


class Figures(msgspec.Struct, frozen=True):
    """What a run measured."""

    size_bytes: int
    lines: int
    records: int
    accepted: int
    refused: int
    blank: int
    queued_events: int
    queued_again: int
    quarantined_items: int
    quarantined_again: int
    kills: int
    peak_bytes: int
    worker_cpu_seconds: float
    seconds: float


class Tally:
    """What came out at the other end: each order's event, how often, and the refused lines."""

    def __init__(self, orders: int) -> None:
        self.ids = array("Q", bytes(8 * orders))
        self.events = self.again = self.items_again = 0
        self.paths: set[str] = set()
        self._waiting: queue.Queue[list[str] | None] = queue.Queue(maxsize=64)
        self._failed: list[Exception] = []
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def take(self, bodies: list[str]) -> None:
        """Messages of one call; opened and counted in a thread of their own."""
        self._waiting.put(bodies)

    def finish(self) -> None:
        """Wait until all is counted. Raises what went wrong in counting."""
        self._waiting.put(None)
        self._thread.join()
        if self._failed:
            raise self._failed[0]

    def _count(self) -> None:
        try:
            while (bodies := self._waiting.get()) is not None:
                for body in bodies:
                    self._open(body)
        except Exception as error:  # noqa: BLE001 - told by `finish`, in the thread that asked
            self._failed.append(error)
            while self._waiting.get() is not None:
                continue

    def _open(self, body: str) -> None:
        sealed = msgspec.json.decode(body, type=SealedMessage)
        delivery = decode(open_from(PRIVATE, sealed.sealed, delivery_info(sealed.tenant)), Delivery)
        for event in delivery.events:
            place, short = int(event.data["order_id"][1:]), int(event.id[-16:], 16) or 1
            before = self.ids[place]
            assert before in (0, short), "an order that is queued again has the event id it had"
            self.again += before != 0
            self.events += before == 0
            self.ids[place] = short
        for item in delivery.refused:
            self.items_again += item.path in self.paths
            self.paths.add(item.path)


def peak_of(pid: int) -> int:
    """The most memory that a process has held so far. What ``wait4`` tells begins with its parent's."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


class Killer:
    """Kills the worker inside its n-th call to the events queue, for each n of a list."""

    def __init__(self, at: list[int]) -> None:
        self.at, self.calls, self.kills, self.peak_bytes = at, 0, 0, 0
        self.worker: subprocess.Popen[str] | None = None

    def called(self) -> None:
        """One call arrived."""
        self.calls += 1
        if self.at and self.calls >= self.at[0] and self.worker is not None:
            self.at.pop(0)
            self.kills += 1
            self.peak_bytes = max(self.peak_bytes, peak_of(self.worker.pid))
            self.worker.kill()


@contextmanager
def deployed(folder: Path, on_events: Any) -> Iterator[tuple[Cloud, dict[str, str]]]:
    """Tables, bucket and queues, and the environment that leads functions to them; this process has it too."""
    cloud = Cloud(folder, on_events)
    with dynamodb_local.running() as running:
        environ = {
            **emulator.CREDENTIALS,
            **dynamodb_local.create_tables(running, "proof"),
            **dict.fromkeys(("KEY_INDEX_ID", "KEY_BRANCH_ID", "KEY_INGEST_ID", "KEY_RECEIPT_ID", "BUS_NAME"), "none"),
            "AWS_REGION": emulator.REGION,
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": running.endpoint,
            "QUEUE_EVENTS_URL": f"{cloud.endpoint}/events",
            "QUEUE_IMPORTS_URL": f"{cloud.endpoint}/imports",
            "QUEUE_CATALOGUE_URL": f"{cloud.endpoint}/catalogue",
            "QUEUE_PRIVACY_URL": f"{cloud.endpoint}/privacy",
            "QUEUE_LEARNING_URL": f"{cloud.endpoint}/learning",
            "QUEUE_LEARNING_TRAINING_URL": f"{cloud.endpoint}/training",
            "BUCKET_IMPORTS": "uploads",
        }
        kept = dict(os.environ)
        for name in emulator.STRAY:
            os.environ.pop(name, None)
        os.environ.update(environ)
        _forget()
        try:
            yield cloud, dict(os.environ)
        finally:
            os.environ.clear()
            os.environ.update(kept)
            _forget()
            cloud.close()


def _forget() -> None:
    """Empty what ``compose`` keeps between calls."""
    for module in (compose, importing, models):
        for one in vars(module).values():
            if hasattr(one, "cache_clear") and getattr(one, "__module__", "") == module.__name__:
                one.cache_clear()


def _make_tenant() -> None:
    store: DynamoCatalogue = compose.catalogue_store()
    store.keep(Tenant(TENANT, "proof", "Asia/Shanghai", b"-", {1: b"-"}, b"-", PUBLIC))
    store.keep(SourceRecord(TENANT, SOURCE, "export", "shop", 1, ()))


def _upload(file: Path, size: int) -> None:
    opened = open_import(
        DECLARATION | {"source_id": SOURCE}, TENANT, "admin", IMPORT, importing.import_services(), _now()
    )
    assert opened.upload is not None
    headers = {"Content-Length": str(size), "Content-Type": "text/csv"}
    with file.open("rb") as content:
        urllib.request.urlopen(urllib.request.Request(opened.upload.url, content, headers, method="PUT")).close()


def _now() -> int:
    return time.time_ns() // 1_000_000


def _work(cloud: Cloud, killer: Killer, environ: Mapping[str, str]) -> tuple[int, float]:
    """Hand messages to the worker until none is left, a new worker after each death; peak memory and CPU of all."""
    peak, cpu = 0, 0.0
    waiting: list[str] = [cloud.imports.get(timeout=30)]
    while waiting:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.import_worker"],
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        killer.worker = worker
        assert worker.stdin is not None and worker.stdout is not None
        while waiting:
            worker.stdin.write(json.dumps(waiting[0]) + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            if not answer:
                break
            assert json.loads(answer) == {"batchItemFailures": []}, answer
            waiting.pop(0)
            peak = max(peak, peak_of(worker.pid))
            while not cloud.imports.empty():
                waiting.append(cloud.imports.get())
        killer.worker = None
        worker.stdin.close()
        used = _ended(worker)
        cpu += used.ru_utime + used.ru_stime
    return max(peak, killer.peak_bytes), cpu


def _ended(worker: subprocess.Popen[str]) -> resource.struct_rusage:
    """What a worker used, once it is gone."""
    _, status, used = os.wait4(worker.pid, 0)
    worker.returncode = os.waitstatus_to_exitcode(status)
    return used


def _pages() -> tuple[ImportView, list[tuple[int, str]]]:
    """The import as it is told in the end, with all its refused lines."""
    found: list[tuple[int, str]] = []
    cursor = ""
    while True:
        view = describe_import(TENANT, IMPORT, cursor, importing.import_services())
        found += [(one.line, one.code) for one in view.refused_lines]
        if not view.cursor:
            return view, found
        cursor = view.cursor


def prove(size_bytes: int, kills: int, folder: Path, *, say: Any = lambda _: None) -> Figures:
    """Run it and check all that must hold. Raises AssertionError when something does not add up."""
    say(f"Writing a file of {size_bytes / 1e6:,.0f} MB …")
    file = folder / "orders.csv"
    expected = write(file, size_bytes)
    # A call takes ten messages of fifty events.
    calls = expected.good // 500
    killer = Killer([max(2, calls * (number + 1) // (kills + 1)) for number in range(kills)])
    tally = Tally(expected.records + 1)

    def on_events(bodies: list[str]) -> None:
        tally.take(bodies)
        killer.called()

    with deployed(folder, on_events) as (cloud, environ):
        _make_tenant()
        _upload(file, expected.size_bytes)
        file.unlink()
        say(f"Importing {expected.records:,} records, {len(expected.broken):,} of them broken; {kills} kills …")
        started = time.monotonic()
        peak, cpu = _work(cloud, killer, environ)
        seconds = time.monotonic() - started
        tally.finish()
        view, listed = _pages()
        assert not list(folder.iterdir()), "the file is removed when its import is over"
    _check(view, listed, expected, tally)
    assert killer.kills == kills
    assert peak <= MOST_BYTES, f"{peak:,} bytes"
    return _figures(view, tally, kills, peak, cpu, seconds)


def _check(view: ImportView, listed: list[tuple[int, str]], expected: Expected, tally: Tally) -> None:
    assert view.state == "finished" and view.failure is None, view.failure
    assert view.records == view.accepted + view.refused + view.blank == expected.records
    assert (view.accepted, view.refused, view.blank) == (expected.good, len(expected.broken), expected.blank)
    assert (view.lines, view.read_bytes, view.size_bytes) == (expected.lines, *[expected.size_bytes] * 2)
    assert listed == expected.broken, "every broken line is listed with its number and code, and no other"
    assert tally.events == view.events == expected.good, "every good record is queued, once in effect"
    assert len(tally.paths) == len(expected.broken), "every broken line goes to the quarantine"


def _figures(view: ImportView, tally: Tally, kills: int, peak: int, cpu: float, seconds: float) -> Figures:
    return Figures(
        size_bytes=view.size_bytes,
        lines=view.lines,
        records=view.records,
        accepted=view.accepted,
        refused=view.refused,
        blank=view.blank,
        queued_events=tally.events,
        queued_again=tally.again,
        quarantined_items=len(tally.paths),
        quarantined_again=tally.items_again,
        kills=kills,
        peak_bytes=peak,
        worker_cpu_seconds=cpu,
        seconds=seconds,
    )


def main(given: list[str] | None = None) -> int:
    """The command: the figures, or where it does not add up."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.imports", description="The proof of imports.")
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--kills", type=int, default=2)
    asked = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="zhiyin-imports-") as folder:
        done = prove(asked.bytes, asked.kills, Path(folder), say=lambda text: print(text, file=sys.stderr))
    for name in done.__struct_fields__:
        value = getattr(done, name)
        shown = f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
        print(f"{name:20}{shown:>16}" + (f"  ({value / 2**20:,.0f} MiB of 512)" if name == "peak_bytes" else ""))
    print("All of it adds up: records = accepted + refused + blank, and each broken line is listed with its number.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
