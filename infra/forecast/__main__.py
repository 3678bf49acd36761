"""Score the forecast of contacts on known series and on a bank's calls: `make forecast`.

    python -m infra.forecast [--seeds 11,12] [--dry]

Prints the tables, writes docs/understand/forecast.md with its picture, and exits 1 where a yardstick errs less, coverage is more than 5 points
off, or a control does not fail.
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

from chalicelib.forecast.outlook import Slot, outlook
from chalicelib.forecast.rolling import HORIZON_DAYS
from chalicelib.forecast.series import Series
from infra.forecast.figures import Figures, figures, mistakes
from infra.forecast.invented import WORLDS, invent
from infra.forecast.page import BANK, FILE, PICTURE, page, tables
from infra.forecast.picture import picture
from infra.forecast.public import bank_calls
from infra.forecast.trial import cut, fortnights, invented_trials, series_of_invented, trial

SEEDS = "11,12,13,14,15,16,17,18,19,20"
"""None of those on which anything was set."""


def scored(seeds: Sequence[int], bank: Series | None) -> dict[str, Figures]:
    """Every kind of series, on as many processors as there are; progress goes to stderr."""
    begun, found = time.perf_counter(), {}
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for world in WORLDS:
            found[world] = figures(list(pool.map(invented_trials, [(world, seed) for seed in seeds])))
            print(f"  {world}: after {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        if bank is not None:
            found[BANK] = figures([list(pool.map(partial(trial, bank), fortnights(bank, 7)))])
    return found


def fortnight(series: Series) -> list[tuple[Slot, int]]:
    """The last fortnight as it was forecast, and what came."""
    past, _, counts = cut(series, fortnights(series, 7)[-1])
    slots = outlook(past, past.first + len(past.counts), HORIZON_DAYS, "UTC").slots
    return list(zip(slots, counts, strict=False))


def main(given: list[str] | None = None) -> int:
    """The exit code: 1 where something is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m infra.forecast", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--dry", action="store_true", help="write no page")
    asked = parser.parse_args(given)
    begun, bank = time.perf_counter(), bank_calls()
    if bank is None:
        print("The bank's calls could not be fetched; they are left out.")
    found = scored([int(one) for one in asked.seeds.split(",")], bank)
    print("\n".join(tables(found)))
    seconds = time.perf_counter() - begun
    print(f"\n{sum(one.fortnights for one in found.values())} fortnights, {seconds:.0f} s.")
    if not asked.dry:
        machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {seconds:.0f} s"
        FILE.write_text(page(f"{datetime.now(UTC):%Y-%m-%d}", machine, asked.seeds.replace(",", ", "), found))
        made = invent(WORLDS["everything"], int(asked.seeds.partition(",")[0]))
        shown = bank or series_of_invented(made.counts, made.first)
        title = "A fortnight of the bank's calls" if bank else "A fortnight of an invented series"
        PICTURE.write_text(picture(found, fortnight(shown), title))
    wrong = list(mistakes(found))
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
