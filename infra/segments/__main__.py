"""Learn segments of people whose kind is known, score them, and write the page of pictures: `make segments`.

    python -m infra.segments [--seeds 1,2,3,4,5] [--others 6,7,8,9,10] [--people 1000] [--dry]

Prints the figures, writes docs/understand/segments.md with its pictures, and exits 1 where with ``--seeds`` K-means of
scikit-learn tells people apart better, a name is wrong, fewer than 97% keep theirs after 30 or 90 days, people of another
life are told too late, or a planted change is not seen. What is missed with ``--others`` is told and stands on the page.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.segments.run import Outcome

SEEDS, OTHERS, PEOPLE = "1,2,3,4,5", "6,7,8,9,10", 1_000


def ran(seeds: Sequence[int], people: int) -> list[Outcome]:
    """Every seed, on as many processors as there are; progress goes to stderr."""
    # Each process computes on one processor: threads of several would wait for each other.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    from infra.segments.run import run

    begun, found = time.perf_counter(), []
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for one in pool.map(partial(run, people=people), seeds):
            found.append(one)
            seconds = time.perf_counter() - begun
            told = ", ".join(f"{of.id} {of.ours:.3f}" for of in one.told)
            print(
                f"  seed {one.seed}: {len(found)}/{len(seeds)} after {seconds:.0f} s, {told}",
                file=sys.stderr,
                flush=True,
            )
    return found


def main(given: list[str] | None = None) -> int:
    """The exit code: 1 where a figure is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m infra.segments", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--others", default=OTHERS, help="seeds that only steadiness is shown of; may be empty")
    parser.add_argument("--people", type=int, default=PEOPLE, help="in each seed")
    parser.add_argument("--dry", action="store_true", help="write no page")
    asked = parser.parse_args(given)
    begun = time.perf_counter()
    seeds = asked.seeds.split(",")
    all_ = ran([int(one) for one in (*seeds, *asked.others.split(",")) if one], asked.people)
    outcomes, others = all_[: len(seeds)], all_[len(seeds) :]
    from infra.segments import page
    from infra.segments.pictures import pictures

    for table in (page.told_table, page.again_table, page.changed_table, page.stage_table, page.drift_table):
        print("\n".join(["", *table(outcomes)]))
    print("\n".join(page.other_table(others)))
    print("\n".join(page.contest_tables(outcomes[0])))
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {time.perf_counter() - begun:.0f} s"
    print(f"\n{machine}.")
    if not asked.dry:
        shown = pictures(outcomes)
        page.write(page.page(f"{datetime.now(UTC):%Y-%m-%d}", machine, outcomes, others, shown), shown)
    below = page.below(outcomes)
    print("\n".join(below))
    return int(bool(below))


if __name__ == "__main__":
    sys.exit(main())
