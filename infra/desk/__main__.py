"""Play a day of a desk whose truth is known against other ways to give people to agents: `make desk`.

    python -m infra.desk [--seeds 1,2,3] [--warm-up 10] [--dry]

Prints the figures, writes docs/understand/desk.md with its picture, and exits 1 when fewer than 95% of contacts were
given to an agent within 5% of the best possible score of the moment.
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

from infra.desk.page import (
    FIGURES,
    FILE,
    LEAST_NEAR,
    PICTURE,
    learnt,
    losses,
    mean,
    optimum,
    page,
    picture,
    shown,
)
from infra.desk.routers import ROUTERS, ZHIYIN
from infra.desk.run import Outcome, run
from infra.desk.world import WARM_UP_DAYS

SEEDS = "1,2,3,4,5,6,7,8,9,10"


def played(seeds: Sequence[int], warm_up: int) -> list[Outcome]:
    """Every seed, on as many processors as there are; progress goes to stderr."""
    begun, found = time.perf_counter(), []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for one in pool.map(partial(run, warm_up=warm_up), seeds):
            found.append(one)
            seconds = time.perf_counter() - begun
            near = one.routers[ZHIYIN]["near"]
            print(
                f"  seed {one.seed}: {len(found)}/{len(seeds)} after {seconds:.0f} s, {near:.1%} near the best",
                file=sys.stderr,
                flush=True,
            )
    return found


def show(outcomes: Sequence[Outcome]) -> None:
    """The tables."""
    for router in ROUTERS:
        print(f"\n{router.name}: {router.says}")
        for figure, (says, unit, _) in FIGURES.items():
            print(f"  {says:46} {shown(mean(outcomes, router.name, figure), unit)}")
    print("\nAgainst the optimum\n" + "\n".join(optimum(outcomes)))
    print("\nHow fast it learns")
    for days in outcomes[0].learning:
        print(f"  {days:3} days of records: {shown(learnt(outcomes, days), '%')} near the best")
    print("\nWhere Zhiyin loses\n" + "\n".join(losses(outcomes)))


def main(given: list[str] | None = None) -> int:
    """The exit code: 1 below the bound."""
    parser = argparse.ArgumentParser(prog="python -m infra.desk", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--warm-up", type=int, default=WARM_UP_DAYS, help="days that records are learnt from")
    parser.add_argument("--dry", action="store_true", help="write no page")
    asked = parser.parse_args(given)
    begun = time.perf_counter()
    outcomes = played([int(one) for one in asked.seeds.split(",")], asked.warm_up)
    show(outcomes)
    seconds = time.perf_counter() - begun
    contacts = sum(one.contacts for one in outcomes)
    print(f"\n{len(outcomes)} seeds, {contacts:,} contacts on the days compared, {seconds:.0f} s.")
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {seconds:.0f} s"
    if not asked.dry:
        FILE.write_text(page(f"{datetime.now(UTC):%Y-%m-%d}", machine, outcomes))
        PICTURE.write_text(picture(outcomes))
    near = mean(outcomes, ZHIYIN, "near").mean
    if near < LEAST_NEAR:
        print(f"Below {LEAST_NEAR:.0%} near the best: {near:.1%}.")
    return int(near < LEAST_NEAR)


if __name__ == "__main__":
    sys.exit(main())
