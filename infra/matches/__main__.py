"""Score the probable matches on people that others invented: `make matches`.

    python -m infra.matches [--half test|train] [--rows 50000]

The weights are learned from the rows of one half alone, without labels; labels are used to score. What could be
tuned (levels, keys, the threshold of an even chance) was looked at on the train half only.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterable

from chalicelib.matching.model import LIKELY
from chalicelib.training.matches.propose import Run, propose
from infra.matches import material
from infra.matches.material import SPREAD, Material
from infra.scores import Counted


def score(given: Material, pairs: Iterable[tuple[str, str]]) -> Counted:
    """How good some pairs are."""
    listed = list(pairs)
    right = sum(given.person[left] == given.person[right] for left, right in listed)
    return Counted(right=right, found=len(listed), true=given.true_pairs())


def scored(given: Material) -> tuple[Run, Counted]:
    """A run as the product makes it, scored."""
    run = propose(given.rows, SPREAD, LIKELY)
    return run, score(given, ((match.left, match.right) for match in run.matches))


def exact(given: Material) -> Counted:
    """The yardstick: both names and the birth date are equal."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in given.rows:
        key = tuple(row.values.get(name, "") for name in ("given_name", "family_name", "birth_date"))
        if all(key):
            groups.setdefault(key, []).append(row.row_id)
    pairs = [(one, other) for ids in groups.values() for at, one in enumerate(ids) for other in ids[at + 1 :]]
    return score(given, pairs)


def _line(name: str, given: Material, found: Counted, compared: str = "") -> str:
    figures = f"{found.precision:9.4f} {found.recall:7.4f} {found.f1:7.4f}"
    return f"{name:38} {len(given.rows):6} {found.true:6} {compared:>9} {figures}"


def _scores(half: str) -> None:
    print(f"{half} half{'':28} {'rows':>6} {'pairs':>6} {'compared':>9} {'precision':>9} {'recall':>7} {'F1':>7}")
    sets = [material.febrl(number).half(test=half == "test") for number in (1, 2, 3)]
    for given in (*sets, *(one.without("id_number") for one in sets), material.fake_1000().half(test=half == "test")):
        run, found = scored(given)
        print(_line(given.name, given, found, str(run.compared)))
        print(_line("  names and birth date equal", given, exact(given)))


def _speed(rows: int) -> None:
    given = material.spoiled(rows).without("id_number")
    begun, used = time.perf_counter(), time.process_time()
    run, found = scored(given)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(_line(given.name, given, found, str(run.compared)))
    print(f"{rows} rows: {seconds:.1f} s ({cpu:.1f} s CPU, one thread), {peak:.0f} MB at most")


def main(given: list[str] | None = None) -> int:
    """Print the scores; 0 with one sentence where the material is not there."""
    parser = argparse.ArgumentParser(prog="python -m infra.matches", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--half", choices=("test", "train"), default="test")
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the timed run; 0 leaves it out")
    asked = parser.parse_args(given)
    if not material.FOLDER.is_dir():
        print(
            "Skipped: the invented people are in ../shared/data beside the checkout, or where ZHIYIN_SHARED_DATA says."
        )
        return 0
    _scores(asked.half)
    if asked.rows:
        _speed(asked.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
