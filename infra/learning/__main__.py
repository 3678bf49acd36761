"""A run of learning on many profiles of DynamoDB Local, beside a bare scan and scikit-learn, and killed three times.

python -m infra.learning [--people 200000] [--scored 20000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

from chalicelib.flows.learning_services import LearningLimits
from infra import dynamodb_local
from infra.learning.bare import bare_fits, bare_scan
from infra.learning.cloud import Cloud, Kills, fingerprint, load
from infra.learning.people import NOW
from infra.learning.worker import Setting

_MEMORY_MB = {"learn": 1_769, "train": 3_008}
"""As ``.chalice/config.json`` has it."""
_RANGES = 16
_KILLS = {"scan": (0, 0, 4), "train": (12,), "assign": (0, 0, 300)}
"""One kill while a range is sampled, one between two models, and one among people that are judged."""


def main() -> None:
    """Load, scan and fit barely, run, run again killed, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--scored", type=int, default=20_000, help="people of the sample that scores are learned from")
    given = parser.parse_args()
    people: int = given.people
    limits = LearningLimits(
        scored_people=given.scored,
        people_per_range=max(people // _RANGES, 1),
        write_units_per_second=10_000_000,
        settle_seconds=0,
    )
    with dynamodb_local.running(heap_mb=1_024) as local, tempfile.TemporaryDirectory() as folder:
        first, second = (_setting(local, name, folder, limits) for name in ("first", "second"))
        size = _loaded(first, people)
        print(f"{people:,} profiles of {size / people:,.0f} bytes of body each", flush=True)
        scan, fits = _bare(first, people, limits)
        undisturbed = _run(first, "undisturbed", Kills({}))
        _ratios(undisturbed, scan, fits)
        _loaded(second, people)
        killed = _run(second, "killed three times", Kills(_KILLS))
        same = fingerprint(first, undisturbed.job("run_1")) == fingerprint(second, killed.job("run_1"))
        print(f"end state equal byte for byte: {same}", flush=True)
        if not same:
            raise SystemExit(1)


def _setting(local: dynamodb_local.Running, name: str, folder: str, limits: LearningLimits) -> Setting:
    tables = dynamodb_local.create_tables(local, name)
    return Setting(
        local.endpoint,
        tables["TABLE_PROFILES"],
        tables["TABLE_HISTORY"],
        tables["TABLE_CATALOGUE"],
        f"{folder}/{name}",
        limits,
        NOW,
    )


def _loaded(setting: Setting, people: int) -> int:
    half = people // 2
    parts = [(setting.endpoint, setting.profiles, start, end) for start, end in ((0, half), (half, people))]
    return sum(_on_both(load, parts))


def _on_both(work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return [one.result() for one in [pool.submit(work, *part) for part in parts]]


class Yardstick(NamedTuple):
    """Seconds by the wall and of the processor."""

    wall: float
    cpu: float


def _bare(setting: Setting, people: int, limits: LearningLimits) -> tuple[Yardstick, Yardstick]:
    """Both cores scan the table and parse every item; scikit-learn alone makes the fits of the contests, on the same rows."""
    began = time.monotonic()
    counted = _on_both(bare_scan, [(setting.endpoint, setting.profiles, core) for core in range(2)])
    scan = Yardstick(time.monotonic() - began, sum(cpu for _, cpu in counted))
    print(f"bare parallel scan of {sum(one for one, _ in counted):,} items: {_told(scan)}", flush=True)
    fits = Yardstick(*_on_both(bare_fits, [(people, limits)])[0])
    print(f"bare fits, scikit-learn's own calls of the same contests: {_told(fits)}", flush=True)
    return scan, fits


def _told(one: Yardstick) -> str:
    return f"{one.wall:.1f} s, {one.cpu:.1f} s of processor"


def _run(setting: Setting, name: str, kills: Kills) -> Cloud:
    cloud, planned = Cloud(setting), kills.planned
    began = time.monotonic()
    job = cloud.run("run_1", kills)
    took = time.monotonic() - began
    print(f"\n{name}: {job.phase} in {took:.1f} s; {job.judged:,} judged, {job.changed:,} written", flush=True)
    for phase, seconds in cloud.phases.items():
        print(f"  {phase:<10} {seconds:8.1f} s", flush=True)
    for kind, spent in cloud.spent.items():
        peak, limit = spent.peak_bytes / 1e6, _MEMORY_MB[kind]
        told = f"{spent.messages} messages, {spent.killed} killed, {spent.published:,} changes"
        print(
            f"  {kind:<6} {spent.cpu_seconds:8.1f} s of processor, peak {peak:,.0f} MB of {limit}, {told}", flush=True
        )
        if peak > limit:
            raise SystemExit(f"{kind} takes more memory than it is given.")
    if sum(one.killed for one in cloud.spent.values()) != planned:
        raise SystemExit("Not every kill that was planned came about.")
    for one in job.outcomes:
        print(f"  {one.id:<15} version {one.number}  {one.reason or 'in force'}", flush=True)
    return cloud


def _ratios(cloud: Cloud, scan: Yardstick, fits: Yardstick) -> None:
    """The job beside its yardstick, and each part beside its own. The yardstick judges nobody and writes nobody."""
    took = cloud.phases
    whole, bare = sum(took.values()), scan.wall + fits.wall
    print(f"  job / (bare scan + bare fits): {whole / bare:.2f}", flush=True)
    parts = [("scanning / bare scan", "scanning", "scan", scan), ("training / bare fits", "training", "train", fits)]
    for name, phase, part, yard in (*parts, ("assigning / bare scan", "assigning", "assign", scan)):
        by_cpu = cloud.cpu[part] / yard.cpu
        print(f"  {name}: {took.get(phase, 0.0) / yard.wall:.2f} (of processor {by_cpu:.2f})", flush=True)
    learned = took.get("scanning", 0.0) + took.get("training", 0.0)
    print(f"  without assigning (scanning + training) / (bare scan + bare fits): {learned / bare:.2f}", flush=True)


if __name__ == "__main__":
    main()
