"""Processes that work until nothing is left to do. One that is killed is replaced, and its job handed out again."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

_FORK = get_context("fork")
STUCK_SECONDS = 240
"""A crew that is not done by then hangs; what it had to do takes seconds."""
_LATEST_KILL_SECONDS = 0.06

type Say = Callable[[Any], None]
type Role = Callable[[Any], Any]


class Broken(AssertionError):
    """The crew did not get through: a process ended by itself, or nothing ends."""


class Desk(Protocol):
    """Where a worker's jobs come from, and where their answers go."""

    def take(self) -> Any | None:
        """The next job, or None while there is none."""

    def settle(self, job: Any, answer: Any) -> None:
        """The job was answered."""

    def never_answered(self, job: Any) -> None:
        """The worker died over the job."""

    @property
    def is_done(self) -> bool:
        """Whether no job will come any more."""


class Worker:
    """One process at a desk. ``open_role`` is called in the new process, as a Lambda starts cold."""

    def __init__(self, number: int, desk: Desk, open_role: Callable[[int, Say], Role]) -> None:
        self.number = number
        self.desk = desk
        self.deaths = 0
        self.job: Any | None = None
        self.kill_at = float("inf")
        self._open_role = open_role
        self._start()

    def _start(self) -> None:
        self.connection, other = _FORK.Pipe()
        self._child = _FORK.Process(target=_work, args=(other, self._open_role, self.number), daemon=True)
        self._child.start()
        other.close()

    def hand_out(self, job: Any, kill_at: float) -> None:
        """Give it the job. A worker that died meanwhile is found dead when it is listened to."""
        self.job, self.kill_at = job, kill_at
        try:
            self.connection.send(job)
        except (BrokenPipeError, ConnectionResetError):
            self.kill_at = float("inf")

    def kill(self) -> None:
        """End it at whatever instruction it is."""
        self.kill_at = float("inf")
        self._child.kill()

    def replace(self) -> None:
        """It died: its job goes back, and a new process takes its place."""
        self.connection.close()
        self._child.join()
        if self._child.exitcode != -signal.SIGKILL:
            raise Broken(f"A worker ended by itself: {self._child.exitcode}.")
        self.deaths += 1
        job, self.job = self.job, None
        if job is not None:
            self.desk.never_answered(job)
        self.kill_at = float("inf")
        self._start()

    def dismiss(self) -> None:
        """End it for good."""
        self._child.kill()
        self._child.join()
        self.connection.close()


def work_through(
    workers: Sequence[Worker],
    heard: Callable[[Any], None],
    *,
    kill_share: float,
    chance: random.Random,
    stuck_seconds: float = STUCK_SECONDS,
) -> int:
    """Until every desk is done. ``kill_share`` of the jobs are killed at any instruction. Returns the deaths."""
    ends_at = time.monotonic() + stuck_seconds
    try:
        while not all(worker.desk.is_done for worker in workers):
            if time.monotonic() > ends_at:
                raise Broken("The crew hangs.")
            _hand_out(workers, kill_share, chance)
            _listen(workers, heard)
    finally:
        for worker in workers:
            worker.dismiss()
    return sum(worker.deaths for worker in workers)


def _hand_out(workers: Sequence[Worker], kill_share: float, chance: random.Random) -> None:
    now = time.monotonic()
    for worker in workers:
        if now >= worker.kill_at:
            worker.kill()
        if worker.job is None and (job := worker.desk.take()) is not None:
            doomed = chance.random() < kill_share
            worker.hand_out(job, now + chance.random() * _LATEST_KILL_SECONDS if doomed else float("inf"))


def _listen(workers: Sequence[Worker], heard: Callable[[Any], None]) -> None:
    by_connection = {worker.connection: worker for worker in workers}
    for connection in wait(list(by_connection), timeout=0.005):
        worker = by_connection[connection]
        try:
            kind, said = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            worker.replace()
            continue
        if kind == "said":
            heard(said)
            continue
        job, worker.job, worker.kill_at = worker.job, None, float("inf")
        worker.desk.settle(job, said)


def _work(connection: Connection, open_role: Callable[[int, Say], Role], number: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    role = open_role(number, lambda said: connection.send(("said", said)))
    # What is raised here ends the process, and a worker that ends by itself fails the trial.
    while os.getppid() == parent:
        if connection.poll(2):
            connection.send(("done", role(connection.recv())))
