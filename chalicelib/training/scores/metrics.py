"""How good values are beside what came: each row's loss, which decides, and the figures that people read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from chalicelib.segments.score_model import Kind

_LEAST_CHANCE = 1e-12
BINS = 10


class Point(msgspec.Struct, frozen=True, array_like=True):
    """One tenth of the people, by value: what was said on average, what came on average, and how many they are."""

    said: float
    came: float
    people: int


def losses(kind: Kind, said: np.ndarray, came: np.ndarray) -> np.ndarray:
    """Of each row: log loss of a probability or of topics, the squared error of an amount."""
    if kind == "amount":
        squared: np.ndarray = (said - came) ** 2
        return squared
    of_topics = kind == "topic"
    told = said[np.arange(len(came)), came.astype(int)] if of_topics else np.where(came > 0.5, said, 1.0 - said)
    lost: np.ndarray = -np.log(np.clip(told, _LEAST_CHANCE, 1.0))
    return lost


def curve(said: np.ndarray, came: np.ndarray, bins: int = BINS) -> tuple[Point, ...]:
    """What was said beside what came, in groups of equal size."""
    groups = np.array_split(np.argsort(said, kind="stable"), min(bins, len(said)))
    return tuple(Point(float(said[one].mean()), float(came[one].mean()), len(one)) for one in groups)


def calibration_error(points: tuple[Point, ...]) -> float:
    """Expected calibration error: the mean distance of what was said and what came, over the groups."""
    people = sum(one.people for one in points)
    return sum(abs(one.said - one.came) * one.people for one in points) / people


def figures(kind: Kind, said: np.ndarray, came: np.ndarray) -> Mapping[str, float]:
    """What people read of a score, by name."""
    lost = losses(kind, said, came)
    if kind == "probability":
        both = len(np.unique(came)) > 1
        return {
            "auc": float(roc_auc_score(came, said)) if both else float("nan"),
            "log_loss": float(lost.mean()),
            "brier": float(((said - came) ** 2).mean()),
            "ece": calibration_error(curve(said, came)),
        }
    if kind == "amount":
        total = float(came.sum())
        return {
            "mae": float(np.abs(said - came).mean()),
            "rmse": float(np.sqrt(lost.mean())),
            "spearman": float(spearmanr(said, came).statistic) if np.ptp(said) and np.ptp(came) else float("nan"),
            "total": float(said.sum()) / total - 1.0 if total else float("nan"),
        }
    sure, right = said.max(axis=1), (said.argmax(axis=1) == came).astype(float)
    return {"log_loss": float(lost.mean()), "right": float(right.mean()), "ece": calibration_error(curve(sure, right))}


def paired(ours: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """By how much the mean of our losses is over others' of the same rows, and the standard error of that."""
    apart = ours - others
    return float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else 0.0
