"""The command: runs the table of routing cases and says what is not as told; with ``--write`` it writes the page's list.

python -m infra.routing_cases [FILE] [--write]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.failures import Failure
from infra.routing_cases.page import PAGE, with_list
from infra.routing_cases.run import decided, differences
from infra.routing_cases.table import TABLE, rows


def main(given: list[str] | None = None) -> int:
    """0 when every row holds; 1 with the rows that do not, or with what is no row."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.routing_cases", description="Run the table of routing cases."
    )
    parser.add_argument("file", nargs="?", type=Path, default=TABLE, help="another table")
    parser.add_argument("--write", action="store_true", help="write the list of the page anew")
    asked = parser.parse_args(given)
    try:
        told = rows(asked.file)
        found = [(row, list(differences(row, decided(row)))) for row in told]
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    for row, wrong in found:
        if wrong:
            print("\n  ".join([f"{row.trade}: {row.name.zh} / {row.name.en}", *wrong]))
    held = sum(not wrong for _, wrong in found)
    print(f"{held} of {len(told)} cases hold.")
    if asked.write:
        PAGE.write_text(with_list(PAGE.read_text("utf-8"), told), "utf-8")
    return 0 if held == len(told) else 1


if __name__ == "__main__":
    sys.exit(main())
