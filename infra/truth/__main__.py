"""Score profiles against people whose truth is known: `make truth`.

    python -m infra.truth [--seeds 1,2,3,4,5] [--people 50] [--whole 6]

Prints the figures per scenario and the worst tags, writes docs/understand/accuracy.md with its picture, and exits 1
when profile accuracy is below 95% while all is well or senders are bad.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from random import Random

from chalicelib.tags.catalogue import load_catalogue
from infra.truth.ingested import ingested
from infra.truth.ledger import Past
from infra.truth.moments import END
from infra.truth.page import FILE, LEAST_ACCURACY, PICTURE, WORST, page, picture
from infra.truth.scenarios import CLEAN, DIRTY, Outcome, run
from infra.truth.scoring import Verdicts, added, overall, says, score, truly
from infra.truth.world import make_world

WHOLE = "5% late, 5% twice, 5% broken, the whole way"
BETWEEN = "clean, in between"
_BOUND = (CLEAN, BETWEEN, DIRTY, WHOLE)


def whole_way(seed: int, people: int) -> tuple[Verdicts, str]:
    """A small world through door, queue, ingestion and stores; its verdicts, and what became of its events."""
    world, catalogue = make_world(seed, people), load_catalogue()
    service = ingested(world, Random(f"whole/{seed}"), catalogue)  # noqa: S311 - repeatable, not secret
    rows = (
        (one.who.trade, truly(Past(one.who, one.deeds, END)), says(catalogue, service.profile(one), END))
        for one in world
    )
    counted = service.report
    told = f"{service.sent} sent = {counted.applied} applied + {counted.duplicate} twice + {counted.quarantined} quarantined"
    return score(rows, catalogue.rules), told


def together(outcomes: Iterable[Outcome]) -> dict[str, Verdicts]:
    """Verdicts of all seeds by scenario; the moments in between as one."""
    by_name: dict[str, list[Verdicts]] = {}
    for outcome in outcomes:
        for name, verdicts in outcome.verdicts.items():
            by_name.setdefault(BETWEEN if name.startswith("clean, ") else name, []).append(verdicts)
    return {name: added(all_) for name, all_ in by_name.items()}


def show(all_: Mapping[str, Verdicts]) -> None:
    """The table of scenarios and the worst tags."""
    print(
        f"{'scenario':52} {'accuracy':>9} {'precision':>9} {'recall':>7} {'micro-F1':>8} {'macro-F1':>8} {'wrong':>6}"
    )
    for name, verdicts in all_.items():
        one = overall(verdicts)
        figures = f"{one.accuracy:9.4f} {one.micro.precision:9.4f} {one.micro.recall:7.4f} {one.micro.f1:8.4f}"
        print(f"{name:52} {figures} {one.macro_f1:8.4f} {one.wrong:6}")
    clean = all_[CLEAN]
    print(f"\n{len(clean)} tags judged. The worst when all is well:")
    print(f"{'tag':28} {'true':>5} {'said':>5} {'both':>5} {'precision':>9} {'recall':>7}")
    for tag, verdict in sorted(clean.items(), key=lambda row: (-row[1].wrong, row[0]))[:WORST]:
        counted = verdict.counted
        print(
            f"{tag:28} {verdict.true:5} {verdict.said:5} {verdict.both:5} {counted.precision:9.2f} {counted.recall:7.2f}"
        )


def main(given: list[str] | None = None) -> int:
    """The exit code: 1 below the bound."""
    parser = argparse.ArgumentParser(prog="python -m infra.truth", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--people", type=int, default=35, help="of each of the four trades, in each seed")
    parser.add_argument("--whole", type=int, default=6, help="of each trade that go the whole way; 0 leaves it out")
    asked = parser.parse_args(given)
    begun, seeds = time.perf_counter(), [int(one) for one in asked.seeds.split(",")]
    with ProcessPoolExecutor(max_workers=2) as pool:
        waiting = pool.submit(whole_way, seeds[0], asked.whole) if asked.whole else None
        outcomes = list(pool.map(run, seeds, [asked.people] * len(seeds)))
        whole = waiting.result() if waiting else None
    all_ = together(outcomes)
    if whole is not None:
        all_[WHOLE] = whole[0]
    show(all_)
    people, events = sum(one.people for one in outcomes), sum(one.events for one in outcomes)
    print(
        f"\n{people} people, {events} events, {time.perf_counter() - begun:.0f} s."
        + (f" The whole way: {whole[1]}." if whole else "")
    )
    FILE.write_text(page(f"{datetime.now(UTC):%Y-%m-%d}", seeds, people, events, all_, load_catalogue().rules))
    PICTURE.write_text(picture(all_))
    below = [name for name in _BOUND if name in all_ and overall(all_[name]).accuracy < LEAST_ACCURACY]
    for name in below:
        print(f"Below {LEAST_ACCURACY:.0%}: {name}.")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
