"""The table of budgets, printed and written to docs/benchmarks.md with the day and the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.measure import ROOT, Row

PAGE = ROOT / "docs" / "benchmarks.md"
COLUMNS = ("what", "measured", "yardstick", "ratio", "bound", "")
_INTRODUCTION = """# Benchmarks

Written by `make bench`; do not edit. Every row is a ratio: the subject and its yardstick were measured in turns, in
one run, on one machine, in milliseconds of CPU of the calling process (DynamoDB Local and the stand-ins of KMS, SQS
and EventBridge run in other processes), and their medians divided. No test asserts a time.
"""


def print_row(row: Row) -> None:
    """One row as soon as it is measured."""
    what, measured, yardstick, ratio, bound, verdict = cells(row)
    print(f"{verdict:>12}  {ratio:>6} ≤ {bound:<4} {what}: {measured} / {yardstick}", flush=True)


def print_table(rows: Sequence[Row]) -> None:
    """The whole table, and what the time of missed rows went to."""
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*cells(row), style=None if row.verdict == "met" else "bold")
    console = Console()
    console.print(table)
    for row in rows:
        for line in (row.what, *row.goes_to) if row.goes_to else ():
            console.print(line, markup=False, highlight=False)


def write(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Write the page anew."""
    lines = [_INTRODUCTION, f"Measured on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {machine()}\n"]
    lines += ["| what | measured | yardstick | ratio | bound | |", "|---|--:|--:|--:|--:|---|"]
    lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    if notes:
        lines += ["\n## Beside the figures\n", *notes]
    for row in rows:
        if row.goes_to:
            lines += [f"\n## What the time goes to: {row.what}\n", "```", *row.goes_to, "```"]
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join(lines) + "\n")


def cells(row: Row) -> tuple[str, ...]:
    """A row as texts."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return (row.what, row.measured, row.yardstick, ratio, f"{row.bound:g}", row.verdict)


def machine() -> str:
    """What was measured on, in one sentence."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()} "
        f"({platform.machine()}), {platform.python_implementation()} {platform.python_version()}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "Unknown processor"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "Unknown processor"
    )
