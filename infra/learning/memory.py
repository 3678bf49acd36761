"""How much memory training takes of a whole sample, without a table: made-up numbers, in a process of its own.

    python -m infra.learning.memory [--people 100000] [--scored 20000]

Two runs, so that the second has models in force to watch. Numbers are those of invented people, each told many times a
little otherwise; what followed is drawn, so that every score has something to learn.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from chalicelib.flows.learning_job import LearningJob, LearningPart, Outcome, job_row, part_row
from chalicelib.flows.learning_sample import CHUNK_LIMIT_BYTES, Chunk, Cut, Sampling
from chalicelib.flows.learning_services import LearningLimits, TrainServices
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.train_models import train_models
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Body
from chalicelib.segments.features import features, place_of
from chalicelib.segments.score_specs import ScoreSpec, score_specs
from chalicelib.store.jobs import MemoryJobs
from chalicelib.store.learned import MemoryLearned
from chalicelib.store.people import Slice
from infra.learning.people import NOW, TENANT, row_of

_TOLD = 2_000
_MB = 1_024


def main() -> None:
    """Write a sample, train of it, and print the peak."""
    limits = LearningLimits()
    parser = argparse.ArgumentParser(
        prog="python -m infra.learning.memory", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--people", type=int, default=limits.sample_people)
    parser.add_argument("--scored", type=int, default=limits.scored_people)
    given = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        for work in (_write, _train):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
                own.submit(work, folder, given.people, given.scored).result()


def _write(folder: str, people: int, scored: int) -> None:
    import numpy as np

    measures, rng = load_measures(), np.random.default_rng(1)
    told = Sampling(NOW, min(scored / people, 1.0), measures)
    for number in range(min(_TOLD, people)):
        row = row_of(number)
        told.take(profile_of(row, decode(row.body, Body)))
    one = decode(told.coded(), Chunk, limit_bytes=CHUNK_LIMIT_BYTES)

    def otherwise(rows: bytes) -> bytes:
        return (np.frombuffer(rows) * rng.uniform(0.9, 1.1, len(rows) // 8)).tobytes()

    def followed(rows: bytes, spec: ScoreSpec) -> bytes:
        often = np.nan_to_num(np.frombuffer(rows).reshape(-1, len(features()))[:, place_of("activity_90d")])
        if spec.kind == "amount":
            return np.exp(rng.normal(np.log1p(often), 1.0)).tobytes()
        if spec.kind == "topic":
            return rng.integers(0, len(spec.labels), len(often)).astype(float).tobytes()
        likely = 0.5 / (1 + np.exp(np.median(often) - often))
        return (rng.random(len(often)) < likely).astype(float).tobytes()

    for number in range(max(people // _TOLD, 1)):
        cuts = {}
        for name, cut in one.cuts.items():
            rows = otherwise(cut.rows)
            cuts[name] = Cut(cut.cutoff, rows, {id_: followed(rows, score_specs()[id_]) for id_ in cut.outcomes})
        chunk = Chunk(otherwise(one.rows), cuts)
        (Path(folder) / f"{number:06d}").write_bytes(encode(chunk, limit_bytes=CHUNK_LIMIT_BYTES))


class _Samples:
    """A folder with a sample, whatever the run is called."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def write(self, key: str, content: bytes) -> None:
        raise NotImplementedError(key)

    def whole(self, key: str) -> bytes:
        return (self._folder / key.rpartition("/")[2]).read_bytes()

    def remove(self, key: str) -> None:
        raise NotImplementedError(key)


def _train(folder: str, people: int, scored: int) -> None:
    from chalicelib.training import served

    def nobody(*_: object) -> None:
        """Assigning is not measured."""

    orders: list[str] = []

    def train(tenant_id: str, job_id: str, parts: Sequence[str]) -> None:
        orders.extend(parts)

    jobs, learned = MemoryJobs(), MemoryLearned()
    services = TrainServices(jobs, learned, _Samples(folder), served.segments, served.score, go_on=nobody, train=train)
    objects = len(list(Path(folder).iterdir()))
    for run in range(2):
        job = LearningJob(
            TENANT, f"run_{run}", "learn", "p", NOW + run * DAY_MS, "training", scan=(Slice(0, 1),), ranges=1
        )
        jobs.advance(part_row(job, job.scan_parts[0], LearningPart("", True, people, 0, objects), 1))
        jobs.advance(job_row(job, 1))
        done = train_models(TENANT, job.job_id, "", services, NOW, lambda: True)
        while orders:
            done = train_models(TENANT, job.job_id, orders.pop(0), services, NOW, lambda: True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MB
        print(
            f"run {run + 1}, {people:,} people, {scored:,} scored: peak {peak} MB; {_told(done.outcomes if done else ())}",
            flush=True,
        )


def _told(outcomes: Sequence[Outcome]) -> str:
    return ", ".join(f"{one.id} {one.reason or 'in force'}" for one in outcomes)


if __name__ == "__main__":
    main()
