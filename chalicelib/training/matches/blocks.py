"""Which pairs are worth comparing: those that share a key. Grows with the rows, never with their square."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chalicelib.matching.forms import cut
from chalicelib.matching.model import Rule
from chalicelib.training.matches.columns import Ints
from chalicelib.training.matches.pairs import Table

BLOCK_CAP = 60
"""Rows in one block that are all compared with one another. Of a larger block only neighbours are."""
NEIGHBOURS = 10


def candidates(rows: Table) -> tuple[Ints, Ints]:
    """The places of the pairs that share a key of any rule, each pair once, the smaller place first."""
    width = len(rows.row_ids)
    found = [np.unique(_pairs(rows, rule, width)) for rule in rows.schema.rules]
    keys = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    left, right = np.divmod(keys, max(width, 1))
    return left, right


def _pairs(rows: Table, rule: Rule, width: int) -> Ints:
    pairs = [_within(block) for block in _blocks(rows, rule)]
    if not pairs:
        return np.zeros(0, np.int64)
    return np.concatenate([left * width + right for left, right in pairs])


def _blocks(rows: Table, rule: Rule) -> Iterator[Ints]:
    """The places that share a key; those of a large block in the order of their fullest values."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(_keys(rows, rule)):
        if key:
            groups.setdefault(key, []).append(place)
    order = _order(rows)
    for key in sorted(groups):
        places = groups[key]
        if len(places) > BLOCK_CAP:
            places.sort(key=order.__getitem__)
        if len(places) > 1:
            yield np.array(places, np.int64)


def _keys(rows: Table, rule: Rule) -> Iterator[tuple[str, ...]]:
    parts = []
    for field, part in rule.cuts:
        one = rows.columns[field]
        cuts = [cut(value, part) for value in one.values]
        parts.append([cuts[code] if code >= 0 else "" for code in one.codes])
    for key in zip(*parts, strict=True):
        yield (tuple(sorted(key)) if rule.any_order else key) if all(key) else ()


def _order(rows: Table) -> list[int]:
    """The rank of each row when sorted by all its values: neighbours are alike."""
    columns = [rows.columns[field.name].codes for field in reversed(rows.schema.fields)]
    rank = np.empty(len(rows.row_ids), np.int64)
    rank[np.lexsort(columns)] = np.arange(len(rank))
    return list(map(int, rank))


def _within(places: Ints) -> tuple[Ints, Ints]:
    """All pairs of a block, or the neighbours of a large one."""
    if len(places) <= BLOCK_CAP:
        one, other = np.triu_indices(len(places), 1)
    else:
        steps: Sequence[Ints] = [np.arange(len(places) - gap) for gap in range(1, NEIGHBOURS + 1)]
        one = np.concatenate(steps)
        other = np.concatenate([step + gap for gap, step in enumerate(steps, 1)])
    return np.minimum(places[one], places[other]), np.maximum(places[one], places[other])
