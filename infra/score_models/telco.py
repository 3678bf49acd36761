"""Customers of a telephone company who left or stayed (``telco_churn``): the learning code on columns that are not ours.

Five folds of a fixed seed. In each the whole of ``learn_score`` (contest, calibration) runs on the other four
and sees nothing of the fold; what is judged is what ``segments.score`` says from the model as it went through JSON.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chalicelib.segments.score import score
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.score_specs import score_specs
from chalicelib.training.scores.inputs import Input
from chalicelib.training.scores.learn import Row, learn_score
from chalicelib.training.scores.metrics import Point, calibration_error, curve, figures
from infra.matches.material import FOLDER

FILE = FOLDER / "telco_churn" / "Telco-Customer-Churn.csv.gz"
NUMBERS = ("tenure", "MonthlyCharges", "TotalCharges")
SEED, OTHER_SEEDS, FOLDS = 7, (0, 42), 5
LEAST_AUC, MOST_ECE = 0.848, 0.03


class Telco(msgspec.Struct, frozen=True):
    """The customers. Categories are codes, from 0 in the order of their names."""

    rows: Sequence[Row]
    left: np.ndarray
    inputs: tuple[Input, ...]


class Fold(msgspec.Struct, frozen=True):
    """What one fold came to."""

    recipe: str
    calibration: str
    auc: float
    ece: float


class Folds(msgspec.Struct, frozen=True):
    """What the folds of a seed came to: means over folds, and all people of all folds together."""

    seed: int
    folds: tuple[Fold, ...]
    together: Mapping[str, float]
    curve: tuple[Point, ...]

    @property
    def auc(self) -> float:
        """The mean over the folds."""
        return float(np.mean([one.auc for one in self.folds]))

    @property
    def ece(self) -> float:
        """The mean over the folds, of ten groups each."""
        return float(np.mean([one.ece for one in self.folds]))


def telco() -> Telco:
    """The file. Numbers are told as the product tells days and money: in logarithms."""
    with gzip.open(FILE, "rt") as lines:
        listed = list(csv.DictReader(lines))
    coded = [name for name in listed[0] if name not in {*NUMBERS, "customerID", "Churn"}]
    codes = {
        name: {value: float(at) for at, value in enumerate(sorted({one[name] for one in listed}))} for name in coded
    }
    inputs = [Input(name, place, is_log=True) for place, name in enumerate(NUMBERS)]
    inputs += [Input(name, len(NUMBERS) + place, is_category=True) for place, name in enumerate(coded)]
    rows = [
        (
            *(float(one[name]) if one[name].strip() else None for name in NUMBERS),
            *(codes[name][one[name]] for name in coded),
        )
        for one in listed
    ]
    return Telco(rows, np.array([float(one["Churn"] == "Yes") for one in listed]), tuple(inputs))


def folds_of(given: Telco, seed: int, tell: Callable[[str], None]) -> Folds:
    """Learn and judge in every fold of a seed."""
    said, found = np.zeros(len(given.left)), []
    for taught, apart in _splits(given, seed):
        learned = learn_score(
            [given.rows[one] for one in taught],
            given.left[taught].tolist(),
            [0] * len(taught),
            score_specs()["churn"],
            None,
            seed,
            given.inputs,
        )
        model = msgspec.json.decode(msgspec.json.encode(learned.model), type=ScoreModel)
        said[apart] = [score(model, given.rows[one]).value for one in apart]
        told = figures("probability", said[apart], given.left[apart])
        found.append(Fold(model.algorithm, model.calibration.kind, told["auc"], told["ece"]))
    points = curve(said, given.left)
    together = {**figures("probability", said, given.left), "ece": calibration_error(points)}
    result = Folds(seed, tuple(found), together, points)
    tell(f"telco_churn, seed {seed}: AUC {result.auc:.4f}, calibration error {result.ece:.4f}")
    return result


def yardsticks(given: Telco, seed: int) -> Mapping[str, float]:
    """The mean AUC over the same folds of plain scikit-learn: a logistic regression, and gradient boosting as it comes."""
    table = np.array([[0.0 if one is None else one for one in row] for row in given.rows])
    coded = [one.place for one in given.inputs if one.is_category]
    hot = [(table[:, place] == code).astype(float) for place in coded for code in np.unique(table[:, place])]
    wide = np.column_stack([table[:, : len(NUMBERS)], *hot])
    machines: Mapping[str, Any] = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)),
        "gradient boosting": GradientBoostingClassifier(random_state=seed),
    }
    return {name: _mean_auc(given, wide, machine, seed) for name, machine in machines.items()}


def _mean_auc(given: Telco, table: np.ndarray, machine: Any, seed: int) -> float:
    found = []
    for taught, apart in _splits(given, seed):
        said = machine.fit(table[taught], given.left[taught]).predict_proba(table[apart])[:, 1]
        found.append(roc_auc_score(given.left[apart], said))
    return float(np.mean(found))


def _splits(given: Telco, seed: int) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return list(split.split(np.zeros((len(given.left), 1)), given.left))
