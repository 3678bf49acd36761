"""The list of the cases in ``docs/operate/routing-cases.md``, written from the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from chalicelib.routing.policy import shipped_policy
from chalicelib.routing.shipped import TRADES
from infra.library.page import TRADE_NAMES
from infra.routing_cases.run import decided
from infra.routing_cases.table import Row

PAGE = Path(__file__).parents[2] / "docs/operate/routing-cases.md"
BEGIN, END = "<!-- list of cases: begin -->", "<!-- list of cases: end -->"


def with_list(page: str, told: Iterable[Row]) -> str:
    """The page with its list of cases as the table has them."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{listed(told)}\n{END}{after}"


def listed(told: Iterable[Row]) -> str:
    """The cases by trade: what each is called, and where it goes."""
    rows = list(told)
    return "\n".join(line for trade in TRADES for line in _of(trade, [row for row in rows if row.trade == trade]))


def _of(trade: str, rows: list[Row]) -> Iterator[str]:
    name = TRADE_NAMES[trade]
    yield f"\n### {name.en.capitalize()} · {name.zh} ({len(rows)})\n"
    yield "| Case | 情形 | Channel | Goes to | 去向 | Mode | Priority |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        made = decided(row)
        queue = _queue(row, made.queue)
        channel = row.channel if row.when == "workday" else f"{row.channel}, {row.when}"
        cells = (row.name.en, row.name.zh, channel, queue[0], queue[1], made.mode, str(made.priority))
        yield f"| {' | '.join(cells)} |"


def _queue(row: Row, queue: str) -> tuple[str, str]:
    name = shipped_policy(row.trade).declared.queues[queue].name
    return name.en, name.zh
