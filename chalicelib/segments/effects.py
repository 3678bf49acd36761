"""Why a score is what it is for one person: how much each feature moved its margin, away from everybody's average.

A base or a product of the linear part moves it by weight × (its value − its mean), a product half for each of its two.
Trees are told by Shapley values along their paths, weighted by how many people came by each node (TreeSHAP,
"path-dependent": Lundberg, Erion, Lee 2018, "Consistent individualized feature attribution for tree ensembles").
So what all features did, and the average, add up to the margin to the last digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import factorial
from typing import Literal

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.segments.features import features
from chalicelib.segments.model import scaled
from chalicelib.segments.score import margins, terms_of
from chalicelib.segments.score_model import Linear, ScoreModel, Trees

_FEWEST = 1e-9
"""An effect so small is none."""


class Effects(msgspec.Struct, frozen=True):
    """``average`` is the margin of the average; ``of`` what each feature added. Together they are the margin."""

    average: float
    of: Mapping[str, float]


class Factor(msgspec.Struct, frozen=True):
    """One feature that moved a score, which way, and by how much of its margin; ``value`` is the person's, None if unknown."""

    feature: str
    names: Text
    direction: Literal["raises", "lowers"]
    effect: float
    value: float | None


def top_factors(model: ScoreModel, raw: Sequence[float | None], most: int = 3) -> tuple[Factor, ...]:
    """The features that moved a score most, the strongest first; of topics, those that moved the likeliest one."""
    said = margins(model, scaled(model.columns, raw))
    found = effects(model, raw, max(range(len(said)), key=said.__getitem__)).of
    strongest = sorted(found, key=lambda one: (-abs(found[one]), one))[:most]
    places = {one.feature: one.place for one in model.columns}
    return tuple(
        Factor(one, _names(one), "raises" if found[one] > 0 else "lowers", found[one], raw[places[one]])
        for one in strongest
        if abs(found[one]) > _FEWEST
    )


def effects(model: ScoreModel, raw: Sequence[float | None], output: int = 0) -> Effects:
    """What each feature did to the margin of an output."""
    x = scaled(model.columns, raw)
    moved = [0.0] * len(x)
    average = 0.0
    if model.linear is not None:
        average += model.linear_share * _of_linear(model.linear, x, output, model.linear_share, moved)
    if model.trees is not None and output == 0:
        average += model.trees_share * _of_trees(model.trees, x, model.trees_share, moved)
    named: dict[str, float] = {}
    for column, effect in zip(model.columns, moved, strict=True):
        named[column.feature] = named.get(column.feature, 0.0) + effect
    return Effects(average, named)


def _names(feature: str) -> Text:
    return next((one.names for one in features() if one.id == feature), Text(zh=feature, en=feature))


def _of_linear(linear: Linear, x: Sequence[float], output: int, share: float, moved: list[float]) -> float:
    """Add what the linear part did to ``moved``; the margin of the average."""
    weights, terms = linear.weights[output], terms_of(linear, x)
    average, bases = linear.intercepts[output], len(linear.bases)
    for place, (weight, term, mean) in enumerate(zip(weights, terms, linear.means, strict=True)):
        effect = share * weight * (term - mean)
        average += weight * mean
        if place < bases:
            moved[linear.bases[place][0]] += effect
        else:
            for base in linear.pairs[place - bases]:
                moved[linear.bases[base][0]] += effect / 2
    return average


def _of_trees(trees: Trees, x: Sequence[float], share: float, moved: list[float]) -> float:
    """Add what the trees did to ``moved``; what they come to on average."""
    average = trees.start
    for root in trees.roots:
        average += _of_node(trees, x, root, 1.0, {}, share, moved)
    return average


def _of_node(
    trees: Trees,
    x: Sequence[float],
    node: int,
    reach: float,
    path: dict[int, tuple[float, bool]],
    share: float,
    moved: list[float],
) -> float:
    """Below a node that a share ``reach`` of people come to; ``path``: column → (share that goes on, does this person)."""
    column = trees.columns[node]
    if column < 0:
        _of_leaf(share * trees.values[node], path, moved)
        return reach * trees.values[node]
    mine = trees.lefts[node] if x[column] <= trees.thresholds[node] else trees.rights[node]
    went, did = path.get(column, (1.0, True))
    average = 0.0
    for child in (trees.lefts[node], trees.rights[node]):
        part = trees.covers[child] / trees.covers[node]
        below = {**path, column: (went * part, did and child == mine)}
        average += _of_node(trees, x, child, reach * part, below, share, moved)
    return average


def _of_leaf(value: float, path: Mapping[int, tuple[float, bool]], moved: list[float]) -> None:
    for column, (went, did) in path.items():
        others = [one for other, one in path.items() if other != column]
        moved[column] += value * (did - went) * _come(others)


def _come(others: Sequence[tuple[float, bool]]) -> float:
    """The chance to come to a leaf past other columns, averaged over how many of them are known before this one.

    At a column that is not known people go as people do. One and two others, which are most, are written out.
    """
    if not others:
        return 1.0
    if len(others) == 1:
        went, did = others[0]
        return (did + went) / 2
    if len(others) == 2:
        (went, did), (also_went, also_did) = others
        return (went * also_went + did * also_did) / 3 + (did * also_went + went * also_did) / 6
    chances = [1.0]
    for went, did in others:
        known = [0.0, *chances] if did else [0.0] * (len(chances) + 1)
        chances = [with_it + went * without for with_it, without in zip(known, [*chances, 0.0], strict=True)]
    return sum(share * chance for share, chance in zip(_shares(len(others) + 1), chances, strict=True))


@lru_cache(maxsize=64)
def _shares(columns: int) -> tuple[float, ...]:
    """Shapley's weight of a set of so many others, of ``columns`` in all."""
    whole = factorial(columns)
    return tuple(factorial(one) * factorial(columns - 1 - one) / whole for one in range(columns))
