"""The weights of Fellegi and Sunter, learned without labels by expectation and maximisation (Winkler 1988).

For every field and level, ``m`` is how often pairs of one person show it and ``u`` how often pairs of
different people do. Both sum to 1 over the levels of a field. Pairs that share no blocking key are
taken for different people, so ``u`` and the prior speak of all pairs and not only of the compared ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from chalicelib.training.matches.columns import Floats, Ints
from chalicelib.training.matches.compare import MISSING
from chalicelib.training.matches.pairs import Seen, Table, see

SAMPLE_PAIRS = 1_000_000
"""Pairs drawn for how often different people show a level; all of them where there are no more."""
ROUNDS = 200
SETTLED = 1e-7
_SEED = 20261122
_SOME = 0.5
"""Added to every count, so that nothing is ever impossible."""
_LIKELY_SAME = 0.9
_BELIEF_PAIRS = 2.0
"""So many pairs is the first belief worth: a small tenant needs one, a large one does not notice."""


class Weights(msgspec.Struct, frozen=True):
    """What was learned: the share of all pairs that are one person, and ``m`` and ``u`` by name and level."""

    prior: float
    m: Mapping[str, Floats]
    u: Mapping[str, Floats]
    rounds: int


def learn(rows: Table, seen: Seen) -> Weights:
    """The weights for these rows, from the candidate pairs and from pairs at random."""
    patterns, counts = _patterns(rows, seen)
    everywhere = _everywhere(rows)
    total = len(rows.row_ids) * (len(rows.row_ids) - 1) / 2
    weights = _first(rows, everywhere, total, int(counts.sum()))
    for number in range(1, ROUNDS + 1):
        chances = posterior(rows, weights, patterns)
        better = _maximised(rows, patterns, counts * chances, everywhere, total, number)
        settled = abs(np.log(better.prior) - np.log(weights.prior)) < SETTLED
        weights = better
        if settled:
            break
    return weights


def posterior(rows: Table, weights: Weights, patterns: Mapping[str, Ints]) -> Floats:
    """The chance that each pattern of levels is of one person."""
    return chance(rows, weights, {name: bits(weights, name)[patterns[name]] for name in rows.names})


def chance(rows: Table, weights: Weights, parts: Mapping[str, Floats]) -> Floats:
    """The chance of one person, by what every field adds in bits.

    None where only what a household shares speaks for it: a family at one address is not one person.
    """
    own = sum(parts[field.name] for field in rows.schema.fields if not field.shared)
    chances = 1 / (1 + np.exp2(-(prior_bits(weights) + sum(parts.values()))))
    return np.where(own > 0, chances, 0.0)


def prior_bits(weights: Weights) -> float:
    """The weight of knowing nothing of a pair: how rare it is that two rows are one person."""
    return float(np.log2(weights.prior / (1 - weights.prior)))


def bits(weights: Weights, name: str) -> Floats:
    """The weight of each level in bits; the last place is that of a missing value, which is 0."""
    return np.append(np.log2(weights.m[name] / weights.u[name]), 0.0)


def _patterns(rows: Table, seen: Seen) -> tuple[dict[str, Ints], Ints]:
    """Each combination of levels that occurs, and how often."""
    key = np.zeros(len(next(iter(seen.levels.values()))), np.int64)
    for name in rows.names:
        key = key * (len(rows.level_words(name)) + 1) + seen.levels[name] + 1
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return {name: seen.levels[name][first].astype(np.int64) for name in rows.names}, counts


def _everywhere(rows: Table) -> dict[str, Floats]:
    """How many of all pairs show each level: equality counted, the others from pairs at random."""
    left, right = _sample(len(rows.row_ids))
    seen = see(rows, left, right)
    result = {}
    for name in rows.names:
        drawn = seen.levels[name]
        counts = np.bincount(drawn[drawn != MISSING], minlength=len(rows.level_words(name))).astype(np.float64)
        result[name] = _scaled(rows, name, counts, len(left))
    return result


def _scaled(rows: Table, name: str, counts: Floats, drawn: int) -> Floats:
    size = len(rows.row_ids)
    if name not in rows.columns:
        return (counts + _SOME) * (size * (size - 1) / 2 / drawn)
    have = rows.columns[name].counts
    both = have.sum() * (have.sum() - 1) / 2
    equal = (have * (have - 1) / 2).sum()
    others = counts[1:] + _SOME
    return np.append(equal, others * ((both - equal) / others.sum()))


def _sample(size: int) -> tuple[Ints, Ints]:
    """Pairs at random, but the same ones for every set of so many rows."""
    if size * (size - 1) // 2 <= SAMPLE_PAIRS:
        left, right = np.triu_indices(size, 1)
        return left, right
    draw = np.random.Generator(np.random.PCG64(_SEED))
    left = draw.integers(0, size, SAMPLE_PAIRS)
    right = (left + draw.integers(1, size, SAMPLE_PAIRS)) % size
    return left, right


def _first(rows: Table, everywhere: Mapping[str, Floats], total: float, compared: int) -> Weights:
    """Where to begin: people mostly write the same thing twice."""
    m, u = {}, {}
    for name in rows.names:
        places = len(everywhere[name])
        m[name] = _belief(rows, name, places)
        u[name] = (everywhere[name] + _SOME) / (everywhere[name] + _SOME).sum()
    prior = min(len(rows.row_ids), compared, total / 2) / 2 / total
    return Weights(prior, m, u, 0)


def _belief(rows: Table, name: str, places: int) -> Floats:
    """What is believed of one person's values before anything is seen: mostly equal, and in the same order."""
    result = np.full(places, (1 - _LIKELY_SAME) / (places - 1))
    result[0 if name in rows.columns else -1] = _LIKELY_SAME
    return result


def _maximised(
    rows: Table,
    patterns: Mapping[str, Ints],
    alike: Floats,
    everywhere: Mapping[str, Floats],
    total: float,
    number: int,
) -> Weights:
    m, u = {}, {}
    for name in rows.names:
        present = patterns[name] != MISSING
        same = np.bincount(patterns[name][present], alike[present], minlength=len(everywhere[name]))
        believed = same + _BELIEF_PAIRS * _belief(rows, name, len(same))
        m[name] = believed / believed.sum()
        rest = np.maximum(everywhere[name] - same, _SOME)
        u[name] = rest / rest.sum()
    return Weights(float((alike.sum() + _SOME) / (total + 1)), m, u, number)
