"""The library as a table on a terminal: per class and dimension, by trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from infra.library.shelf import CLASSES, DIMENSIONS, TRADES, Shelved, sum_of


def show(console: Console, shelf: Sequence[Shelved]) -> None:
    """Print both tables: the person tags by class and dimension, and everything by trade."""
    persons = [one for one in shelf if not one.is_group]
    groups = [one for one in shelf if one.is_group]
    console.print(_by_class(persons))
    console.print(_by_trade(persons, groups))


def _by_class(tags: Sequence[Shelved]) -> Table:
    table = Table(title="Tags of persons by class, dimension and trade")
    for heading in ("class", "dimension"):
        table.add_column(heading)
    for heading in (*TRADES, "tags", "examples right", "measures used"):
        table.add_column(heading, justify="right")
    for class_ in CLASSES:
        of_class = [one for one in tags if one.rule.class_ == class_]
        for dimension in DIMENSIONS:
            row = [one for one in of_class if one.rule.dimension == dimension]
            if row:
                table.add_row(class_, dimension, *_cells(row))
        table.add_row(class_, "all", *_cells(of_class), style="bold", end_section=True)
    table.add_row("all", "all", *_cells(tags), style="bold")
    return table


def _cells(tags: Sequence[Shelved]) -> list[str]:
    by_trade = [str(sum(trade in one.trades for one in tags) or "") for trade in TRADES]
    return [*by_trade, *_sums(tags)]


def _by_trade(persons: Sequence[Shelved], groups: Sequence[Shelved]) -> Table:
    table = Table(title="The whole library")
    table.add_column("part")
    for heading in ("tags", "examples right", "measures used"):
        table.add_column(heading, justify="right")
    for trade in TRADES:
        table.add_row(trade, *_sums(one for one in persons if trade in one.trades))
    table.add_row("all tags of persons", *_sums(persons), style="bold")
    table.add_row("tags of groups", *_sums(groups))
    return table


def _sums(tags: Iterable[Shelved]) -> list[str]:
    found = sum_of(tags)
    return [str(found.tags), f"{found.examples_right} of {found.examples}", str(found.measures)]
