"""scikit-learn pipelines that can be written down: what learns a margin, and the plain numbers that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from chalicelib.segments.score_model import ABOVE, IS, ITSELF, OVER, Basis, Linear, Trees

KNOTS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Where a curve may bend: at these shares of people."""
_FEWEST_VALUES = 6
"""A number with fewer different values is read as it is."""


class Parts(Protocol):
    """What can learn a margin and be written down."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Parts:
        """Learn."""
        ...

    def margin(self, x: np.ndarray) -> np.ndarray:
        """By scikit-learn: rows × outputs."""
        ...

    def written(self) -> tuple[Linear | None, float, Trees | None, float]:
        """The linear part with its share, and the trees with theirs."""
        ...


class Bases(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Columns as bases, and products of two bases: the numbers that the linear part reads."""

    def __init__(
        self, categories: tuple[int, ...] = (), knots: tuple[float, ...] = (), paired: tuple[int, ...] = ()
    ) -> None:
        self.categories = categories
        self.knots = knots
        self.paired = paired

    def fit(self, x: np.ndarray, y: np.ndarray | None = None) -> Bases:
        """Place the knots of every column. ``paired`` columns' own values are multiplied, each with each."""
        listed = [one for column in range(x.shape[1]) for one in self._of(column, x[:, column])]
        self.bases_ = tuple(listed)
        heads = [
            place for place, (column, kind, _) in enumerate(listed) if column in self.paired and kind in {ITSELF, IS}
        ]
        self.pairs_ = tuple((a, b) for a, b in combinations(heads, 2) if listed[a][0] != listed[b][0])
        return self

    def _of(self, column: int, values: np.ndarray) -> list[Basis]:
        different = np.unique(values)
        if column in self.categories:
            return [(column, IS, float(one)) for one in different]
        listed: list[Basis] = [(column, ITSELF, 0.0)]
        if self.knots and len(different) > _FEWEST_VALUES:
            inner = sorted({float(one) for one in np.quantile(values, self.knots)} - {float(different[-1])})
            listed += [(column, ABOVE, one) for one in inner if one > different[0]]
            if inner and inner[0] == different[0]:
                listed.append((column, OVER, inner[0]))  # many have the least: to have any is a step of its own
        return listed

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Rows × (bases, pairs)."""
        made = np.column_stack([_READ[kind](x[:, column], at) for column, kind, at in self.bases_])
        products = [made[:, a] * made[:, b] for a, b in self.pairs_]
        return np.column_stack([made, *products]) if products else made


_READ: dict[int, Any] = {
    ITSELF: lambda x, at: x,
    ABOVE: lambda x, at: np.maximum(x - at, 0.0),
    OVER: lambda x, at: (x > at).astype(float),
    IS: lambda x, at: (x == at).astype(float),
}


class LinearParts:
    """Bases, put on a scale, under a linear estimator. ``tells_topics``: two classes have a margin each, too."""

    def __init__(self, bases: Bases, estimator: Any, *, tells_topics: bool = False) -> None:
        self.pipeline: Pipeline = make_pipeline(bases, StandardScaler(), estimator)
        self.tells_topics = tells_topics

    def fit(self, x: np.ndarray, y: np.ndarray) -> LinearParts:
        """Learn."""
        self.pipeline.fit(x, y)
        return self

    def margin(self, x: np.ndarray) -> np.ndarray:
        """By scikit-learn: rows × outputs."""
        estimator = self.pipeline[-1]
        say = self.pipeline.decision_function if hasattr(estimator, "decision_function") else self.pipeline.predict
        said = _as_columns(say(x))
        return np.column_stack([np.zeros(len(said)), said]) if self.tells_topics and said.shape[1] == 1 else said

    def written(self) -> tuple[Linear | None, float, Trees | None, float]:
        """The scale is put into the weights."""
        bases, scaler, estimator = (step for _, step in self.pipeline.steps)
        weights = np.atleast_2d(estimator.coef_) / scaler.scale_
        intercepts = np.atleast_1d(estimator.intercept_) - weights @ scaler.mean_
        if self.tells_topics and len(weights) == 1:
            weights, intercepts = np.vstack([np.zeros_like(weights), weights]), np.append(0.0, intercepts)
        linear = Linear(
            _plain(intercepts), bases.bases_, bases.pairs_, tuple(map(_plain, weights)), _plain(scaler.mean_)
        )
        return linear, 1.0, None, 0.0


class TreesParts:
    """Boosted trees of one output: HistGradientBoosting or GradientBoosting, classifier or regressor."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, x: np.ndarray, y: np.ndarray) -> TreesParts:
        """Learn."""
        self.estimator.fit(x, y)
        return self

    def margin(self, x: np.ndarray) -> np.ndarray:
        """By scikit-learn: rows × outputs."""
        estimator = self.estimator
        if hasattr(estimator, "decision_function"):
            return _as_columns(estimator.decision_function(x))
        return _as_columns(estimator.predict(x))

    def written(self) -> tuple[Linear | None, float, Trees | None, float]:
        """All trees in one row of nodes."""
        estimator = self.estimator
        if hasattr(estimator, "_predictors"):
            start = float(np.ravel(estimator._baseline_prediction)[0])  # noqa: SLF001 - nowhere else to be had
            listed = [_of_hist(one[0].nodes) for one in estimator._predictors]  # noqa: SLF001 - nowhere else
        else:
            x = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
            start = float(np.ravel(estimator._raw_predict_init(x))[0])  # noqa: SLF001 - nowhere else to be had
            listed = [_of_tree(one[0].tree_, estimator.learning_rate) for one in estimator.estimators_]
        return None, 0.0, _joined(start, listed), 1.0


class Blend:
    """A linear part and trees, each with a share in the margin."""

    def __init__(self, linear: LinearParts, trees: TreesParts, linear_share: float) -> None:
        self.linear, self.trees, self.share = linear, trees, linear_share

    def fit(self, x: np.ndarray, y: np.ndarray) -> Blend:
        """Learn both."""
        self.linear.fit(x, y)
        self.trees.fit(x, y)
        return self

    def margin(self, x: np.ndarray) -> np.ndarray:
        """By scikit-learn: rows × outputs."""
        return self.share * self.linear.margin(x) + (1 - self.share) * self.trees.margin(x)

    def written(self) -> tuple[Linear | None, float, Trees | None, float]:
        """Both, with their shares."""
        return self.linear.written()[0], self.share, self.trees.written()[2], 1 - self.share


type _Nodes = tuple[Any, Any, Any, Any, Any, Any]
"""Of each node: column, threshold, left, right, value, cover."""


def _of_hist(nodes: np.ndarray) -> _Nodes:
    leaf = nodes["is_leaf"].astype(bool)
    columns = np.where(leaf, -1, nodes["feature_idx"].astype(int))
    thresholds = np.where(leaf, 0.0, nodes["num_threshold"])
    values = np.where(leaf, nodes["value"], 0.0)
    return columns, thresholds, nodes["left"].astype(int), nodes["right"].astype(int), values, nodes["count"]


def _of_tree(tree: Any, rate: float) -> _Nodes:
    leaf = tree.children_left < 0
    columns = np.where(leaf, -1, tree.feature)
    thresholds = np.where(leaf, 0.0, [_as_of_float32(float(one)) for one in tree.threshold])
    values = np.where(leaf, rate * tree.value[:, 0, 0], 0.0)
    return columns, thresholds, tree.children_left, tree.children_right, values, tree.weighted_n_node_samples


def _as_of_float32(threshold: float) -> float:
    """The greatest double that, cut to 32 bits as these trees do with what they read, is at most the threshold."""
    least = np.float32(threshold)
    if float(least) > threshold:
        least = np.nextafter(least, np.float32(-np.inf))
    above = np.nextafter(least, np.float32(np.inf))
    middle = (float(least) + float(above)) / 2
    return middle if float(np.float32(middle)) <= threshold else float(np.nextafter(middle, -np.inf))


def _joined(start: float, listed: Sequence[_Nodes]) -> Trees:
    """Children are numbered on from the trees before."""
    firsts = np.concatenate([[0], np.cumsum([len(one[0]) for one in listed])])
    shifted = [
        (columns, thresholds, *(np.where(columns < 0, 0, side + first) for side in (lefts, rights)), values, covers)
        for first, (columns, thresholds, lefts, rights, values, covers) in zip(firsts, listed, strict=False)
    ]
    columns, thresholds, lefts, rights, values, covers = (np.concatenate(part) for part in zip(*shifted, strict=True))
    return Trees(
        start=start,
        roots=_whole(firsts[:-1]),
        columns=_whole(columns),
        thresholds=_plain(thresholds),
        lefts=_whole(lefts),
        rights=_whole(rights),
        values=_plain(values),
        covers=_plain(covers),
    )


def _whole(values: np.ndarray) -> tuple[int, ...]:
    return tuple(int(one) for one in values)


def _as_columns(said: np.ndarray) -> np.ndarray:
    return said.reshape(len(said), -1)


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(one) for one in values)
