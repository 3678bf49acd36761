"""Teach the intent model, score it, write its file and its page: `make intents`.

python -m infra.intents [--check]

Prints every figure with its split, writes chalicelib/routing/intents.bin and docs/understand/intent-model.md, and exits
1 where a promise is not kept. ``--check`` writes nothing, and exits 1 unless the file would be the same to the byte.
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console

from chalicelib.routing.intent_model import FILE, packed
from infra.intents import page
from infra.intents.runs import Run, of_others, ours, taught
from infra.package import ROOT


def main(given: list[str] | None = None) -> int:
    """The exit code: 1 where a promise is not kept, or the file is not what the material makes of it."""
    parser = argparse.ArgumentParser(prog="python -m infra.intents", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare the file with what training makes of it")
    asked = parser.parse_args(given)
    told, begun = Console(stderr=True, highlight=False), time.monotonic()

    def tell(line: str) -> None:
        told.print(f"[dim]{time.monotonic() - begun:5.0f} s[/] {line}")

    model = taught(tell)
    if asked.check:
        same = FILE.read_bytes() == packed(model.weights)
        print("The file is what training makes of the material." if same else "Training makes another file.")
        return 0 if same else 1
    FILE.write_bytes(packed(model.weights))
    runs: list[Run] = [ours(model, tell), *of_others(tell)]
    for line in page.table(runs):
        print(line)
    page.FILE.write_text(page.page(model, runs))
    print(f"written: {FILE.relative_to(ROOT)} ({FILE.stat().st_size:,} bytes), {page.FILE.relative_to(ROOT)}")
    broken = [line for run in runs for line in run.broken()]
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
