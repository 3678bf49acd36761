"""Runs of learning on many profiles of DynamoDB Local: a first one, one a week later, and one that is killed three times.

python -m infra.learning [--people 200000] [--scored 20000] [--days 7]

``docs/decisions/2026-11-22-what-a-run-is-measured-by.md`` says what each is held against, and why.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from chalicelib.flows.learning_services import LearningLimits
from chalicelib.kernel.moments import DAY_MS
from chalicelib.store.people import Slice
from infra import dynamodb_local
from infra.learning.bare import bare_fits, bare_scan, bare_writes, boto3_scan
from infra.learning.cloud import Cloud, Kills, fingerprint, load
from infra.learning.people import NOW
from infra.learning.worker import Setting

_MEMORY_MB = {"learn": 1_769, "train": 3_008}
"""As ``.chalice/config.json`` has it."""
_RANGES = 16
_EVERYBODY = tuple(Slice(one, _RANGES) for one in range(_RANGES))
_BEGAN = time.monotonic()


class Yardstick(NamedTuple):
    """Seconds by the wall and of the processor."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.cpu:.1f} s of processor"


class Bare(NamedTuple):
    """What a run is held against: a scan of everybody, one of the slices that it samples, its fits, all its writes."""

    scan: Yardstick
    sample: Yardstick
    fits: Yardstick
    writes: Yardstick


def main() -> None:
    """Load, scan, fit and write barely; run undisturbed, killed, and some days later; print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--scored", type=int, default=20_000, help="people of the sample that scores are learned from")
    parser.add_argument("--days", type=int, default=7, help="when the second run is, in which nobody does anything")
    given = parser.parse_args()
    limits = LearningLimits(
        scored_people=given.scored,
        people_per_range=max(given.people // _RANGES, 1),
        write_units_per_second=10_000_000,
        settle_seconds=0,
    )
    with dynamodb_local.running(heap_mb=6_144) as local, tempfile.TemporaryDirectory() as folder:
        first, second = (_setting(local, name, folder, limits) for name in ("first", "second"))
        _measured(first, second, given.people, given.days)


def _measured(first: Setting, second: Setting, people: int, days: int) -> None:
    size = _loaded(first, people)
    tell(f"{people:,} profiles of {size / people:,.0f} bytes of body each")
    scan = _scan("everybody", first, _EVERYBODY)
    _scan("everybody by boto3, which no ratio is of", first, _EVERYBODY, boto3_scan)
    fits = _fits(first, people)
    undisturbed = _run(first, "run_1", "first run", Kills({}))
    sample = _scan("the slices of the sample", first, undisturbed.job("run_1").scan)
    left = fingerprint(first, undisturbed.job("run_1"))
    _loaded(second, people)
    killed = _run(second, "run_1", "first run, killed three times", _kills(people))
    same = left == fingerprint(second, killed.job("run_1"))
    tell(f"end state equal byte for byte: {same}")
    if not same:
        raise SystemExit(1)
    _loaded(second, people)
    bare = Bare(scan, sample, fits, _writes(first, second))
    _ratios("first run", undisturbed, bare, people)
    later = replace(first, now=NOW + days * DAY_MS)
    again = _run(later, "run_2", f"run {days} days later, of people who did nothing", Kills({}))
    _ratios(f"run {days} days later", again, bare._replace(fits=_fits(later, people)), people)


def _kills(people: int) -> Kills:
    """One kill while a range is sampled, one over a model, and one among people that are judged."""
    return Kills({"scan": (0, 0, 4), "train": (0, 6), "assign": (0, 0, people // _RANGES // 2)})


def tell(line: str) -> None:
    """A line, and since when this runs."""
    print(f"[{time.monotonic() - _BEGAN:6.0f} s] {line}", flush=True)


def _setting(local: dynamodb_local.Running, name: str, folder: str, limits: LearningLimits) -> Setting:
    tables = dynamodb_local.create_tables(local, name)
    samples = str(Path(folder) / name)
    profiles, history, catalogue = (tables[one] for one in ("TABLE_PROFILES", "TABLE_HISTORY", "TABLE_CATALOGUE"))
    return Setting(local.endpoint, profiles, history, catalogue, samples, limits, NOW)


def _loaded(setting: Setting, people: int) -> int:
    half = people // 2
    parts = [(setting.endpoint, setting.profiles, start, end) for start, end in ((0, half), (half, people))]
    return sum(_on_both(load, parts))


def _on_both(work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return [one.result() for one in [pool.submit(work, *part) for part in parts]]


def _scan(what: str, setting: Setting, slices: Sequence[Slice], by: Callable[..., Any] = bare_scan) -> Yardstick:
    """Both cores scan and parse every item."""
    began = time.monotonic()
    counted = _on_both(by, [(setting.endpoint, setting.profiles, slices[core::2]) for core in range(2)])
    scan = Yardstick(time.monotonic() - began, sum(cpu for _, cpu in counted))
    tell(f"bare parallel scan of {what}, {sum(one for one, _ in counted):,} items: {scan}")
    return scan


def _fits(setting: Setting, people: int) -> Yardstick:
    """scikit-learn alone makes the fits of the contests, on the same rows."""
    fits = Yardstick(*_on_both(bare_fits, [(people, setting.limits, setting.now)])[0])
    tell(f"bare fits, scikit-learn's own calls of the same contests: {fits}")
    return fits


def _writes(source: Setting, to: Setting) -> Yardstick:
    """Both cores write what a run has written, and nothing else."""
    parts = [(to.endpoint, source.profiles, to.profiles, _EVERYBODY[core::2]) for core in range(2)]
    counted = _on_both(bare_writes, parts)
    writes = Yardstick(max(wall for _, wall, _ in counted), sum(cpu for _, _, cpu in counted))
    tell(f"bare conditional updates of the same {sum(one for one, _, _ in counted):,} items: {writes}")
    return writes


def _run(setting: Setting, job_id: str, name: str, kills: Kills) -> Cloud:
    cloud, planned = Cloud(setting, tell=tell), kills.planned
    began = time.monotonic()
    job = cloud.run(job_id, kills)
    took = time.monotonic() - began
    tell(f"{name}: {job.phase} in {took:.1f} s; {job.judged:,} judged, {job.changed:,} written")
    for phase, seconds in cloud.phases.items():
        tell(f"  {phase:<10} {seconds:8.1f} s")
    for kind, spent in cloud.spent.items():
        peak, limit = spent.peak_bytes / 1e6, _MEMORY_MB[kind]
        told = f"{spent.messages} messages, {spent.killed} killed, {spent.published:,} changes"
        tell(f"  {kind:<6} {spent.cpu_seconds:8.1f} s of processor, peak {peak:,.0f} MB of {limit}, {told}")
        if peak > limit:
            raise SystemExit(f"{kind} takes more memory than it is given.")
    if sum(one.killed for one in cloud.spent.values()) != planned:
        raise SystemExit("Not every kill that was planned came about.")
    for one in job.outcomes:
        tell(f"  {one.id:<15} version {one.number}  {one.reason or 'in force'}")
    return cloud


def _ratios(name: str, cloud: Cloud, bare: Bare, people: int) -> None:
    """A run beside its yardsticks, whole and by parts. Of the bare writes as many count as the run wrote people."""
    took, cpu = cloud.phases, cloud.cpu
    whole, learned = sum(took.values()), took.get("scanning", 0.0) + took.get("training", 0.0)
    written = cloud.job(next(iter(cloud.ran))).changed / people
    read = bare.scan.wall + bare.fits.wall
    tell(f"{name}, by the wall:")
    for what, over, under in (
        ("training job (scanning + training) / (bare scan of everybody + bare fits)", learned, read),
        ("training job / (bare scan of the sample + bare fits)", learned, bare.sample.wall + bare.fits.wall),
        ("whole job / (bare scan of everybody + bare fits)", whole, read),
        ("whole job / (the same + bare writes of who was written)", whole, read + bare.writes.wall * written),
    ):
        tell(f"  {what}: {over:.1f} s / {under:.1f} s = {over / under:.2f}")
    parts = [
        ("scanning / bare scan of the sample", "scanning", "scan", bare.sample),
        ("training / bare fits", "training", "train", bare.fits),
        ("assigning / bare scan of everybody", "assigning", "assign", bare.scan),
    ]
    for what, phase, part, yard in parts:
        by_wall = took.get(phase, 0.0) / yard.wall
        tell(f"  {what}: {by_wall:.2f} (of processor {cpu[part] / yard.cpu:.2f})")


if __name__ == "__main__":
    main()
