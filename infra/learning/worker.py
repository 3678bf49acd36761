"""One function as a process: takes messages from its parent, works on them as the Lambda would, and says what it cost.

    python -m infra.learning.worker learn | train

It may be ended before or after any call of the store: the parent says at which, or simply ends it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.services import SERVICES
from chalicelib.flows.learning_job import KIND
from chalicelib.flows.learning_services import LearningLimits, LearningServices, TrainServices
from chalicelib.flows.models_in_force import ModelsInForce
from chalicelib.flows.services import Change
from chalicelib.store.items import TypedItem
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.judged import DynamoJudged
from chalicelib.store.learned import DynamoLearned
from chalicelib.store.people import DynamoPeople, Slice
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import load_catalogue
from infra import emulator

_SMALL = {
    "contest_rows": 400,
    "mixture_rows": 400,
    "tree_rows": 400,
    "silhouette_rows": 300,
    "resample_rows": 300,
    "resamples": 1,
    "starts": 1,
}


class Setting(msgspec.Struct, frozen=True):
    """Where everything is, and how much a run reads. ``mutant`` checkpoints before it writes; ``small`` bounds contests closely."""

    endpoint: str
    profiles: str
    history: str
    catalogue: str
    samples: str
    limits: LearningLimits
    now: int
    mutant: bool = False
    small: bool = False


class Told(msgspec.Struct, frozen=True):
    """A message as the worker gets it; ``die_at`` ends it at so many calls of the store from now (0: never)."""

    tenant: str
    job_id: str
    part: str
    die_at: int = 0


class Said(msgspec.Struct, frozen=True):
    """What a worker says: messages to queue as it goes, and at the end of one what it cost."""

    kind: str
    parts: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    published: int = 0


class Objects:
    """A folder for a bucket."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def write(self, key: str, content: bytes) -> None:
        """Write an object in place of what there was, whole or not at all."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.replace(path)

    def whole(self, key: str) -> bytes:
        """All bytes of an object."""
        return (self._folder / key).read_bytes()

    def remove(self, key: str) -> None:
        """Delete an object."""
        (self._folder / key).unlink(missing_ok=True)


class Worker:
    """One process with its store, that counts its calls."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.die_at = self.published = 0
        self._counting = Lock()
        self._api = api_of(setting.endpoint)

    def call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call, which may be the last, before or after it."""
        with self._counting:
            self.die_at -= 1
            left = self.die_at
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = self._api.call(operation, body)
        if left == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    def learning(self) -> LearningServices:
        """What going through people needs."""
        named = self.setting
        learned = DynamoLearned(self.call, named.catalogue)
        judged = Mutant(self.call, named.profiles) if named.mutant else DynamoJudged(self.call, named.profiles)
        in_force = ModelsInForce(lambda: learned, time.monotonic)

        def models(tenant_id: str) -> Any:
            if isinstance(judged, Mutant):
                judged.flush()
            return in_force(tenant_id)

        return LearningServices(
            jobs=DynamoJobs(self.call, named.history, KIND),
            people=DynamoPeople(self.call, named.profiles),
            judged=judged,
            learned=learned,
            samples=Objects(named.samples),
            models=models,
            catalogue=lambda _: load_catalogue(),
            publish=self.publish,
            go_on=self.go_on,
            train=self.train,
            spend=lambda units, rate: None,
            limits=named.limits,
        )

    def training(self) -> TrainServices:
        """What training needs."""
        named = self.setting
        from chalicelib.training import served
        from chalicelib.training.segments.fits import Limits

        limits = Limits(**_SMALL) if named.small else Limits()
        return TrainServices(
            jobs=DynamoJobs(self.call, named.history, KIND),
            learned=DynamoLearned(self.call, named.catalogue),
            samples=Objects(named.samples),
            segments=partial(served.segments, limits=limits),
            score=served.score,
            go_on=self.go_on,
            train=self.train,
            limits=named.limits,
        )

    def publish(self, changes: Sequence[Change]) -> None:
        """Count what a bus would be told."""
        self.published += len(changes)

    def go_on(self, tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
        """Hand messages to the parent, who is the queue."""
        say(Said("go_on", tuple(parts)))

    def train(self, tenant_id: str, job_id: str, parts: Sequence[str]) -> None:
        """Hand orders to the parent."""
        say(Said("train", tuple(parts)))


class Mutant(DynamoJudged):
    """The negative control: what it writes is written after the checkpoint, before the next page or the message's end.

    Left alone it loses nothing. Killed between the two it does.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: list[tuple[ProfileRow, ProfileRow]] = []

    def settle(self, row: ProfileRow, judged: ProfileRow) -> bool:
        """Put it off."""
        self._waiting.append((row, judged))
        return True

    def flush(self) -> None:
        """Write what was put off."""
        waiting, self._waiting = self._waiting, []
        for row, judged in waiting:
            super().settle(row, judged)


def api_of(endpoint: str) -> JsonApi:
    """A client of DynamoDB Local."""
    service = SERVICES["dynamodb"]
    return JsonApi(
        service="dynamodb",
        target_prefix=service.target_prefix,
        json_version=service.json_version,
        region=emulator.REGION,
        endpoint=endpoint,
        credentials=credentials_from(emulator.CREDENTIALS),
        read_timeout_seconds=60,
        retry=RetryPolicy(deadline_seconds=120.0),
        answers=service.answers,
    )


def scanned(api: JsonApi, table: str, one: Slice) -> Iterator[list[TypedItem]]:
    """The items of a slice, page by page, as large as DynamoDB makes them."""
    start: dict[str, Any] = {}
    while True:
        answer = api.call("Scan", {"TableName": table, "Segment": one.number, "TotalSegments": one.of, **start})
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def say(said: Said) -> None:
    """A line to the parent."""
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Work on messages until there are no more."""
    lines = iter(sys.stdin.buffer.readline, b"")
    worker = Worker(msgspec.json.decode(next(lines), type=Setting))
    work = _training(worker) if sys.argv[1] == "train" else _learning(worker)
    for line in lines:
        told = msgspec.json.decode(line, type=Told)
        worker.die_at, worker.published, began = told.die_at, 0, time.process_time()
        work(told)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say(Said("done", (), time.process_time() - began, peak, worker.published))


def _learning(worker: Worker) -> Callable[[Told], Any]:
    from chalicelib.flows.learn_ranges import learn_range

    services, now = worker.learning(), worker.setting.now

    def work(told: Told) -> None:
        learn_range(told.tenant, told.job_id, told.part, services, now, lambda: True)
        if isinstance(services.judged, Mutant):
            services.judged.flush()

    return work


def _training(worker: Worker) -> Callable[[Told], Any]:
    from chalicelib.flows.train_models import train_models

    services, now = worker.training(), worker.setting.now
    return lambda told: train_models(told.tenant, told.job_id, told.part, services, now, lambda: True)


if __name__ == "__main__":
    main()
