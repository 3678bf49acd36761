"""The queues and the functions of a run as processes on this machine, on tables of DynamoDB Local."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from queue import Queue
from random import Random
from threading import Lock, Thread
from typing import Any

import msgspec

from chalicelib.flows.learning_job import KIND, LearningJob, job_of, parts_of
from chalicelib.flows.learning_services import LearningDoor
from chalicelib.flows.open_learning import RunOrder, open_run
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.people import Slice
from infra.learning.people import TENANT, items
from infra.learning.worker import Said, Setting, Told, api_of, scanned
from infra.package import ROOT

_AT_ONCE = 25
_SEGMENTS = 64
"""DynamoDB Local looks for each page from the beginning of its segment: one of 200,000 items takes minutes."""
_TOLD_SECONDS = 15.0


class Spent(msgspec.Struct):
    """What one kind of function took: processor seconds, the peak of memory of any process, and of the wall clock."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    published: int = 0
    messages: int = 0
    killed: int = 0


class Process:
    """One function's process, started when first needed and again after it was killed."""

    def __init__(self, kind: str, setting: Setting) -> None:
        self._kind, self._setting = kind, setting
        self._process: subprocess.Popen[bytes] | None = None

    def work(self, told: Told, heard: Callable[[Said], None]) -> Said | None:
        """Work on a message; None when the process was killed over it."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(told) + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            said = msgspec.json.decode(line, type=Said)
            if said.kind == "done":
                return said
            heard(said)
        code = process.wait()
        if code >= 0:
            raise RuntimeError(f"A worker ended by itself with {code}.")
        self._process = None
        return None

    def kill(self) -> None:
        """End it wherever it is."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End it when it has nothing to do."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            command = [sys.executable, "-m", "infra.learning.worker", self._kind]
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self._process.stdin is not None
            self._process.stdin.write(msgspec.json.encode(self._setting) + b"\n")
        return self._process


class Cloud:
    """Functions of which two work at once, that go through people or train, and the queues between them."""

    def __init__(self, setting: Setting, functions: int = 2, tell: Callable[[str], None] | None = None) -> None:
        """``tell`` is told every so often how far a run is."""
        self.setting = setting
        self._tell, self._told_at = tell, time.monotonic()
        self.learn = [Process("learn", setting) for _ in range(functions)]
        self.train = [Process("train", setting) for _ in range(functions)]
        self.spent: dict[str, Spent] = {"learn": Spent(), "train": Spent()}
        self.phases: dict[str, float] = {}
        self.cpu = {"scan": 0.0, "train": 0.0, "assign": 0.0, "plan": 0.0}
        """Seconds of processor, by what was done."""
        self.killed = Counter[str]()
        self.ran: list[str] = []
        self.jobs = DynamoJobs(api_of(setting.endpoint).call, setting.history, KIND)
        self._queue: Queue[tuple[str, str] | None] = Queue()

    def run(self, job_id: str, kills: Kills | None = None) -> LearningJob:
        """A whole run."""
        self.ran.append(job_id)
        self._phase = "waiting"
        self._began = time.monotonic()
        open_run(RunOrder(TENANT, job_id, "bench"), LearningDoor(self.jobs, self._go_on), self.setting.now)
        drawn = kills or Kills({})
        threads = [
            Thread(target=self._serve, args=(*both, job_id, drawn), daemon=True)
            for both in zip(self.learn, self.train, strict=True)
        ]
        for one in threads:
            one.start()
        while not (job := self.job(job_id)).is_over:
            if job.phase != self._phase:
                self.phases[self._phase] = time.monotonic() - self._began
                self._phase, self._began = job.phase, time.monotonic()
            self._progress(job)
            time.sleep(0.05)
        self.phases[self._phase] = time.monotonic() - self._began
        for _ in threads:
            self._queue.put(None)
        for one in threads:
            one.join()
        for process in (*self.learn, *self.train):
            process.close()
        return job

    def _progress(self, job: LearningJob) -> None:
        if self._tell is None or time.monotonic() - self._told_at < _TOLD_SECONDS:
            return
        self._told_at = time.monotonic()
        parts = parts_of(job, self.jobs).values()
        people = (
            f", {sum(one.people for one in parts):,} people"
            if job.phase != "training"
            else f", {sum(one.is_done for one in parts)} of {len(job.parts)} parts"
        )
        self._tell(f"    {job.phase} for {time.monotonic() - self._began:.0f} s{people}")

    def job(self, job_id: str) -> LearningJob:
        """The run as it stands."""
        row = self.jobs.load(TENANT, job_id)
        assert row is not None
        return job_of(row)

    def _go_on(self, tenant_id: str, job_id: str, parts: Any, delay_seconds: int) -> None:
        for part in parts:
            self._queue.put(("learn", part))

    def _heard(self, said: Said) -> None:
        for part in said.parts:
            self._queue.put(("train" if said.kind == "train" else "learn", part))

    def _serve(self, learn: Process, train: Process, job_id: str, kills: Kills) -> None:
        while (message := self._queue.get()) is not None:
            kind, part = message
            work = "train" if kind == "train" else part.partition("-")[0] or "plan"
            done = (train if kind == "train" else learn).work(Told(TENANT, job_id, part, kills.next(work)), self._heard)
            spent = self.spent[kind]
            if done is None:
                spent.killed += 1
                self.killed[work] += 1
                self._queue.put(message)
                continue
            spent.messages += 1
            spent.cpu_seconds += done.cpu_seconds
            self.cpu[work] += done.cpu_seconds
            spent.published += done.published
            spent.peak_bytes = max(spent.peak_bytes, done.peak_bytes)


def load(endpoint: str, table: str, start: int, end: int) -> int:
    """Write people as items; how many bytes their bodies are."""
    api, batch, size = api_of(endpoint), list[dict[str, Any]](), 0
    for item in items(start, end):
        batch.append({"PutRequest": {"Item": item}})
        size += len(item["body"]["B"])
        if len(batch) == _AT_ONCE:
            _put(api, table, batch)
            batch = []
    if batch:
        _put(api, table, batch)
    return size


def _put(api: Any, table: str, batch: list[dict[str, Any]]) -> None:
    left = {table: batch}
    while left:
        left = api.call("BatchWriteItem", {"RequestItems": left}).get("UnprocessedItems") or {}


def fingerprint(setting: Setting, job: LearningJob) -> str:
    """Everything that a run leaves, byte for byte: people, models, what is in force, sizes, and the run itself."""
    api, digests = api_of(setting.endpoint), list[bytes]()
    for table in (setting.profiles, setting.catalogue):
        for number in range(_SEGMENTS):
            for page in scanned(api, table, Slice(number, _SEGMENTS)):
                digests += [sha256(msgspec.json.encode(one, order="deterministic")).digest() for one in page]
    whole = sha256(b"".join(sorted(digests)))
    whole.update(msgspec.msgpack.encode(job))
    return whole.hexdigest()


def unjudged(setting: Setting) -> int:
    """How many people nothing was written of."""
    api, slices = api_of(setting.endpoint), (Slice(number, _SEGMENTS) for number in range(_SEGMENTS))
    pages = (page for one in slices for page in scanned(api, setting.profiles, one))
    return sum("judged" not in one for page in pages for one in page)


class Kills:
    """Who is killed when. ``at``: by what is done (plan, scan, train, assign), for its next deliveries at which call of
    the store each is killed; 0 is never, as is all after them.
    """

    def __init__(self, at: Mapping[str, Sequence[int]]) -> None:
        self._at = {work: list(calls) for work, calls in at.items()}
        self._lock = Lock()

    @classmethod
    def drawn(cls, seed: int, times: int, calls: Mapping[str, int]) -> Kills:
        """So many of each, each at a call drawn of as many as that work makes."""
        rng = Random(seed)  # noqa: S311 - repeatable, not secret
        return cls({work: [rng.randint(1, most) for _ in range(times)] for work, most in calls.items()})

    @property
    def planned(self) -> int:
        """How many there are still to be."""
        return sum(bool(call) for calls in self._at.values() for call in calls)

    def next(self, work: str) -> int:
        """For the next delivery of such work, at which call it is killed."""
        with self._lock:
            calls = self._at.get(work)
            return calls.pop(0) if calls else 0
