"""The contest: every recipe on people that it had not seen, and who wins by the written rule.

The rule: the least mean loss wins (log loss; of amounts the squared error), except that the simplest recipe whose loss is
within one standard error of the least is served, because it is read, explained and carried more cheaply. The standard
error is that of the difference, person by person. Ways of calibrating are chosen by the same rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from chalicelib.segments.score_model import Calibration, Kind
from chalicelib.training.scores.calibrate import WAYS, applied, candidates
from chalicelib.training.scores.machines import LinearParts
from chalicelib.training.scores.metrics import figures, losses, paired
from chalicelib.training.scores.recipes import Recipe, Shape, recipes, target

FOLDS = 5
_PAIRED = 7
"""So many columns go into products: those with the greatest weights."""


class Entry(msgspec.Struct, frozen=True):
    """One who took part: its mean loss, by how much that is over the least with the standard error, and its figures."""

    recipe: str
    calibration: str
    loss: float
    over_best: float
    error: float
    figures: Mapping[str, float]
    wins: bool = False


class Held(msgspec.Struct, frozen=True):
    """What a recipe said of people it had not seen: margins, and values of a calibration that had not seen them either."""

    recipe: Recipe
    way: str
    margins: np.ndarray
    said: np.ndarray
    calibration: Calibration


def shape_of(kind: Kind, x: np.ndarray, y: np.ndarray, categories: tuple[int, ...]) -> Shape:
    """What recipes may know of the columns. Those of the greatest weights are multiplied with each other."""
    bare = Shape(x.shape[1], categories, ())
    if kind != "probability":
        return bare
    machine = recipes(kind)[0].make(bare, 0)
    assert isinstance(machine, LinearParts)
    machine.fit(x, y)
    bases, weights = machine.pipeline[0].bases_, np.abs(machine.pipeline[-1].coef_[0])
    strength = np.zeros(x.shape[1])
    for (column, _, _), weight in zip(bases, weights, strict=True):
        strength[column] = max(strength[column], weight)
    return Shape(x.shape[1], categories, tuple(sorted(np.argsort(-strength, kind="stable")[:_PAIRED].tolist())))


def folds_of(kind: Kind, y: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each row; outcomes are shared out alike."""
    split = KFold(FOLDS, shuffle=True, random_state=seed)
    if kind != "amount":
        split = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    place = np.zeros(len(y), dtype=int)
    for fold, (_, held_out) in enumerate(split.split(np.zeros((len(y), 1)), y)):
        place[held_out] = fold
    return place


def unseen(
    recipe: Recipe, kind: Kind, x: np.ndarray, y: np.ndarray, shape: Shape, folds: np.ndarray, seed: int
) -> Held:
    """A recipe's margins and values of every row, by machines and calibrations that had not seen it."""
    rows: list[np.ndarray] = [np.empty(0)] * len(y)
    for fold in range(FOLDS):
        apart = folds == fold
        machine = recipe.make(shape, seed).fit(x[~apart], target(kind, y[~apart]))
        for place, said in zip(np.flatnonzero(apart), machine.margin(x[apart]), strict=True):
            rows[place] = said
    margins = np.array(rows)
    ways = [_calibrated(recipe, way, kind, margins, y, folds) for way in candidates(kind)]
    return ways[_winner([losses(kind, one.said, y) for one in ways])[0]]


def _calibrated(recipe: Recipe, way: str, kind: Kind, margins: np.ndarray, y: np.ndarray, folds: np.ndarray) -> Held:
    said = np.zeros(margins.shape if kind == "topic" else len(y))
    for fold in range(FOLDS):
        apart = folds == fold
        said[apart] = applied(WAYS[way](margins[~apart], y[~apart]), margins[apart], kind)
    return Held(recipe, way, margins, said, WAYS[way](margins, y))


def contest(
    kind: Kind, x: np.ndarray, y: np.ndarray, categories: tuple[int, ...], seed: int
) -> tuple[Held, tuple[Entry, ...]]:
    """The winner, and the whole table."""
    shape, folds = shape_of(kind, x, y, categories), folds_of(kind, y, seed)
    held = [unseen(one, kind, x, y, shape, folds, seed) for one in recipes(kind)]
    lost = [losses(kind, one.said, y) for one in held]
    winner, apart = _winner(lost)
    table = tuple(
        Entry(one.recipe.name, one.way, float(loss.mean()), *over, figures(kind, one.said, y), place == winner)
        for place, (one, loss, over) in enumerate(zip(held, lost, apart, strict=True))
    )
    return held[winner], table


def _winner(lost: Sequence[np.ndarray]) -> tuple[int, list[tuple[float, float]]]:
    """The place of the first within one standard error of the least loss, and by how much each is over the least."""
    best = min(range(len(lost)), key=lambda one: float(lost[one].mean()))
    apart = [paired(one, lost[best]) for one in lost]
    return next(place for place, (over, error) in enumerate(apart) if over <= error), apart
