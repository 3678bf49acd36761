"""A run of learning on many profiles of DynamoDB Local, beside a bare scan and scikit-learn, and killed three times.

python -m infra.learning [--people 200000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from chalicelib.flows.learning_services import LearningLimits
from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Body
from chalicelib.segments.features import place_of, raw_vector
from chalicelib.segments.segmentation import load_segmentations
from infra import dynamodb_local
from infra.learning.cloud import Cloud, fingerprint, killing, load, scanned
from infra.learning.people import NOW, row_of
from infra.learning.worker import Setting

_MEMORY_MB = {"learn": 1_769, "train": 3_008}
"""As ``.chalice/config.json`` has it."""
_KILLS, _AMONG = 3, 12


def main() -> None:
    """Load, scan and fit barely, run, run again killed, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    people = parser.parse_args().people
    limits = LearningLimits(people_per_range=max(people // 16, 1), write_units_per_second=10_000_000, settle_seconds=0)
    with dynamodb_local.running(heap_mb=1_024) as local, tempfile.TemporaryDirectory() as folder:
        first, second = (_setting(local, name, folder, limits) for name in ("first", "second"))
        size = _loaded(first, people)
        print(f"{people:,} profiles of {size / people:,.0f} bytes of body each", flush=True)
        scan, fit = _bare(first, people, limits)
        undisturbed = _run(first, "undisturbed", None)
        _ratios(undisturbed, scan, fit)
        _loaded(second, people)
        killed = _run(second, f"killed {_KILLS} times", (_KILLS, _AMONG, 40))
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


def _bare(setting: Setting, people: int, limits: LearningLimits) -> tuple[float, float]:
    """The yardsticks: both cores scan the table and parse every item; scikit-learn fits K-means of the same sample."""
    ways = [(setting.endpoint, setting.profiles, core) for core in range(2)]
    began = time.monotonic()
    counted = sum(_on_both(scanned, ways))
    scan = time.monotonic() - began
    print(f"bare parallel scan of {counted:,} items: {scan:.1f} s", flush=True)
    rows = _features(min(people, limits.sample_people))
    began = time.monotonic()
    for spec in load_segmentations():
        if spec.by == "model":
            seen = rows[:, [place_of(one) for one in spec.features]]
            seen = StandardScaler().fit_transform(np.nan_to_num(seen, nan=0.0))
            KMeans(len(spec.kinds), n_init=10, random_state=1).fit(seen)
    fit = time.monotonic() - began
    print(f"bare scikit-learn, K-means of {len(rows):,} people for each segmentation: {fit:.1f} s", flush=True)
    return scan, fit


def _features(people: int) -> np.ndarray:
    measures, known = load_measures(), dict[bytes, tuple[float | None, ...]]()
    found = []
    for number in range(people):
        row = row_of(number)
        if row.body not in known:
            known[row.body] = raw_vector(profile_of(row, decode(row.body, Body)), NOW, measures)
        found.append(known[row.body])
    return np.array(found, dtype=np.float64)


def _run(setting: Setting, name: str, kills: tuple[int, int, int] | None) -> Cloud:
    cloud = Cloud(setting)
    began = time.monotonic()
    job = cloud.run("run_1", killing(11, *kills) if kills else None)
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
    for one in job.outcomes:
        print(f"  {one.id:<15} version {one.number}  {one.reason or 'in force'}", flush=True)
    return cloud


def _ratios(cloud: Cloud, scan: float, fit: float) -> None:
    """The whole, and what each part of it is beside its yardstick. The yardstick reads everybody once and writes nobody."""
    whole = sum(cloud.phases.values())
    print(f"  job / (bare scan + bare fit): {whole / (scan + fit):.2f}", flush=True)
    learned = cloud.phases["scanning"] + cloud.phases["training"]
    print(f"  of it, learning (scanning + training): {learned / (scan + fit):.2f}", flush=True)
    print(f"  and judging and writing everybody: {cloud.phases['assigning'] / (scan + fit):.2f}", flush=True)


if __name__ == "__main__":
    main()
