"""Score how personal data is found in free text, and write the page of it: `make freetext`.

python -m infra.free_text            print the table, and write docs/understand/free-text.md where all texts are here
"""

from __future__ import annotations

import argparse
import sys

from infra.free_text.page import FILE, page, table
from infra.free_text.scoring import PRESIDIO, below, cpu_ms_per_message, scores
from infra.package import ROOT

CPU_MS = 0.5


def main(given: list[str] | None = None) -> int:
    """The exit code: 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m infra.free_text", description=(__doc__ or "").partition("\n")[0])
    parser.parse_args(given)
    found, cpu_ms = tuple(scores()), cpu_ms_per_message()
    for line in table(found):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "---" not in line:
            print(f"{cells[0]:31} {cells[1]:10} {cells[2]:>20} {cells[3]:>6} {cells[4]:>7}  {cells[5]}")
    print(f"{cpu_ms:.3f} ms of CPU per message of 200 characters")
    if PRESIDIO.exists():
        FILE.write_text(page(found, cpu_ms))
        print(f"written: {FILE.relative_to(ROOT)}")
    else:
        print(
            "Without the English texts: they are in ../shared/data beside the checkout, or where ZHIYIN_SHARED_DATA says."
        )
    broken = [*below(found), *([f"{cpu_ms:.2f} ms > {CPU_MS}"] if cpu_ms > CPU_MS else [])]
    for one in broken:
        print(one, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
