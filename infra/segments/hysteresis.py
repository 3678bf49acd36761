"""What hysteresis is worth and what it costs, margin by margin, on people that no page is of: how one is chosen.

    python -m infra.segments.hysteresis [--seeds 11,12,13,14,15] [--people 1000]

Prints for each learned segmentation and margin how many keep their name in a run on new data, how often segments change
meanwhile, how near what is told then is to the truth, and how soon people of another life are told so.
"""

from __future__ import annotations

import argparse
import sys
from statistics import mean

from msgspec.structs import replace

from chalicelib.profiles.measures import load_measures
from chalicelib.segments.segmentation import load_segmentations
from chalicelib.training.segments.learn import learn_segments
from infra.segments.changing import changed, others, rows_by_day
from infra.segments.folding import Counter
from infra.segments.people import Life, somebody
from infra.segments.run import LATER, Again, People, again

SEEDS = "11,12,13,14,15"
MARGINS = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2)


def tried(seed: int, people: int) -> dict[tuple[str, float], tuple[tuple[Again, ...], tuple[float, ...]]]:
    """Segmentation and margin → the runs of a seed, and the shares of people of another life who are told so."""
    counter = Counter(load_measures())
    whos = [somebody(seed, index) for index in range(people)]
    rows = rows_by_day(counter, [Life(seed, who).lived() for who in whos], max(LATER))
    changing = others(seed, counter)
    found: dict[tuple[str, float], tuple[tuple[Again, ...], tuple[float, ...]]] = {}
    for spec in (one for one in load_segmentations() if one.by == "model"):
        truth = tuple(who.kind if spec.id == "customers" else who.shopper for who in whos)
        known = People(truth, tuple(who.stage == "mature" for who in whos))
        outcome = learn_segments(rows[0], spec, None, seed)
        later = {days: learn_segments(rows[days], spec, outcome.model, seed + 100) for days in LATER}
        for margin in MARGINS:
            held = replace(spec, hysteresis=margin)
            runs = tuple(again(held, outcome.model, (later[days], later[days]), (days, rows), known) for days in LATER)
            told = changed(held, outcome.model, changing) if spec.id == "customers" else ()
            found[spec.id, margin] = (runs, tuple(one.served for one in told))
    return found


def main(given: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.segments.hysteresis", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--people", type=int, default=1_000, help="in each seed")
    asked = parser.parse_args(given)
    trials = [tried(int(seed), asked.people) for seed in asked.seeds.split(",")]
    days = " | ".join(f"kept, {one} days | least | changes per 100 | truth" for one in LATER)
    print(f"| Segmentation | Margin | {days} | another life told |\n|---|--:|{'--:|' * 4 * len(LATER)}---|")
    for id_, margin in trials[0]:
        runs = [one[id_, margin][0] for one in trials]
        told = [one[id_, margin][1] for one in trials]
        cells = [f"`{id_}`", f"{margin:g}"]
        for same in zip(*runs, strict=True):
            cells += [f"{mean(one.kept for one in same):.2%}", f"{min(one.kept for one in same):.1%}"]
            cells += [f"{100 * mean(one.moves for one in same):.1f}", f"{mean(one.truth for one in same):.3f}"]
        cells.append(", ".join(f"{mean(part):.1%}" for part in zip(*told, strict=True)))
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
