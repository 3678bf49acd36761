"""Print what ships as tags and write the page that lists them: `make library`.

python -m infra.library            print the table, and write docs/understand/tag-library.md
python -m infra.library --check    say whether that page is what would be written, and exit 1 if it is not
"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from chalicelib.tags.catalogue import load_catalogue
from infra.library.page import FILE, page
from infra.library.printout import show
from infra.library.shelf import shelve
from infra.package import ROOT


def main() -> int:
    """The exit code: 1 where an example comes out wrong or, when checked, the page is stale."""
    parser = argparse.ArgumentParser(prog="python -m infra.library", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    shelf = shelve(load_catalogue())
    made = page(shelf)
    if check:
        fresh = FILE.exists() and FILE.read_text() == made
        print(f"{FILE.relative_to(ROOT)} is {'fresh' if fresh else 'stale: run make library'}")
        return 0 if fresh else 1
    show(Console(width=150), shelf)
    FILE.write_text(made)
    return 0 if all(one.examples_right == 2 for one in shelf) else 1


if __name__ == "__main__":
    sys.exit(main())
