"""From rows to probable matches: block, compare, learn, score. A pure function of the set of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from chalicelib.matching.levels import MISSING as MISSING_WORD
from chalicelib.matching.model import FieldPart, Match, Row, Schema
from chalicelib.training.matches.blocks import candidates
from chalicelib.training.matches.columns import Floats, Ints
from chalicelib.training.matches.learn import Weights, bits, chance, learn, prior_bits
from chalicelib.training.matches.pairs import AT_ONCE, Seen, Table, see, table

_DECIMALS = 4


class Run(msgspec.Struct, frozen=True):
    """What one run found and how: the matches, most probable first, and figures about the run."""

    matches: tuple[Match, ...]
    weights: Weights | None
    rows: int
    compared: int


def propose(rows: Sequence[Row], schema: Schema, least: float) -> Run:
    """The pairs whose score is ``least`` or more, most probable first."""
    placed = table(rows, schema.only(frozenset(name for row in rows for name in row.values)))
    left, right = candidates(placed)
    if not len(left):
        return Run((), None, len(rows), 0)
    seen = see(placed, left, right)
    weights = learn(placed, seen)
    matches: list[Match] = []
    for start in range(0, len(left), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        matches += _scored(placed, weights, seen.of(part), left[part], right[part], least)
    matches.sort(key=lambda match: (-match.weight, match.left, match.right))
    return Run(tuple(matches), weights, len(rows), len(left))


def _scored(rows: Table, weights: Weights, seen: Seen, left: Ints, right: Ints, least: float) -> Iterator[Match]:
    parts = {name: _parts(rows, weights, seen, name) for name in rows.names}
    chances = chance(rows, weights, parts)
    for at in np.flatnonzero(chances >= least):
        pair = int(left[at]), int(right[at])
        yield _match(rows, seen, parts, pair, int(at), prior_bits(weights), float(chances[at]))


def _parts(rows: Table, weights: Weights, seen: Seen, name: str) -> Floats:
    """What one field adds to each pair, in bits. Equality of a rare value says more than of a common one."""
    result = bits(weights, name)[seen.levels[name]]
    if name in rows.columns:
        counts = rows.columns[name].counts
        equal = seen.equal[name]
        same = np.flatnonzero(equal >= 0)
        share = np.maximum(counts[equal[same]] - 1, 1) / counts.sum()
        result[same] = np.log2(weights.m[name][0] / share)
    return result


def _match(
    rows: Table, seen: Seen, parts: dict[str, Floats], pair: tuple[int, int], at: int, prior: float, score: float
) -> Match:
    # Rounded before they are added, so that what is shown adds up.
    reasons = tuple(
        _reason(rows, seen, name, at, round(float(parts[name][at]), _DECIMALS) + 0.0) for name in rows.names
    )
    return Match(
        left=rows.row_ids[pair[0]],
        right=rows.row_ids[pair[1]],
        score=score,
        weight=round(round(prior, _DECIMALS) + sum(part.weight for part in reasons), _DECIMALS),
        prior=round(prior, _DECIMALS),
        parts=reasons,
    )


def _reason(rows: Table, seen: Seen, name: str, at: int, weight: float) -> FieldPart:
    level = int(seen.levels[name][at])
    return FieldPart(name, MISSING_WORD if level < 0 else rows.level_words(name)[level], weight)
