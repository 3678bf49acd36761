"""What a learned score says of somebody, in pure Python: equal to what scikit-learn would say, without it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import exp, log2
from operator import mul

from chalicelib.segments.model import ScoreValue, scaled
from chalicelib.segments.score_model import ABOVE, IS, ITSELF, Calibration, Known, Linear, ScoreModel, Trees

_STEEPEST = 700.0
"""Beyond it e^x overflows; a probability is 0 or 1 to the last digit long before."""


def score(model: ScoreModel, raw: Sequence[float | None]) -> ScoreValue:
    """The value of a score for a person's features (``features.raw_vector``), and how sure it is.

    A probability is 0–1; an amount is in its own unit; of topics it is the probability of the likeliest, with its label.
    """
    said = margins(model, scaled(model.columns, raw))
    confidence = confidence_of(model.known, known_of(model, raw))
    if model.labels:
        chances = softmax(model.calibration, said)
        best = max(range(len(chances)), key=chances.__getitem__)
        return ScoreValue(chances[best], confidence, model.version, model.labels[best])
    return ScoreValue(calibrated(model.calibration, said[0]), confidence, model.version)


def chances(model: ScoreModel, raw: Sequence[float | None]) -> dict[str, float]:
    """The probability of each label of a score of topics; they add up to 1."""
    said = softmax(model.calibration, margins(model, scaled(model.columns, raw)))
    return dict(zip(model.labels, said, strict=True))


def margins(model: ScoreModel, x: Sequence[float]) -> list[float]:
    """The margin of each output for scaled columns."""
    linear, trees = model.linear, model.trees
    if linear is None:
        return [model.trees_share * of_trees(trees, x)] if trees is not None else [0.0]
    terms = terms_of(linear, x)
    said = [
        model.linear_share * (intercept + sum(map(mul, weights, terms)))
        for intercept, weights in zip(linear.intercepts, linear.weights, strict=True)
    ]
    if trees is not None:
        said[0] += model.trees_share * of_trees(trees, x)
    return said


def terms_of(linear: Linear, x: Sequence[float]) -> list[float]:
    """What bases and pairs come to for scaled columns."""
    terms: list[float] = []
    add = terms.append
    # One loop without calls: it goes round a hundred times a score, and scores are asked for with every event.
    for column, kind, at in linear.bases:
        value = x[column]
        if kind == ABOVE:
            add(value - at if value > at else 0.0)
        elif kind == ITSELF:
            add(value)
        else:
            add(1.0 if (value == at if kind == IS else value > at) else 0.0)
    terms += [terms[left] * terms[right] for left, right in linear.pairs]
    return terms


def of_trees(trees: Trees, x: Sequence[float]) -> float:
    """The start plus the leaf of every tree for scaled columns."""
    columns, thresholds, lefts, rights, values = (
        trees.columns,
        trees.thresholds,
        trees.lefts,
        trees.rights,
        trees.values,
    )
    said = trees.start
    for root in trees.roots:
        at = root
        while (column := columns[at]) >= 0:
            at = lefts[at] if x[column] <= thresholds[at] else rights[at]
        said += values[at]
    return said


def calibrated(calibration: Calibration, margin: float) -> float:
    """The value of a margin."""
    if calibration.kind == "platt":
        return logistic(calibration.slope * margin + calibration.intercept)
    if calibration.kind == "isotonic":
        return between(calibration.margins, calibration.values, margin)
    return margin


def softmax(calibration: Calibration, said: Sequence[float]) -> list[float]:
    """Probabilities of margins, that add up to 1."""
    greatest = max(said)
    raised = [exp(max(calibration.slope * (one - greatest), -_STEEPEST)) for one in said]
    whole = sum(raised)
    return [one / whole for one in raised]


def logistic(z: float) -> float:
    """1 / (1 + e^−z), without overflow."""
    if z >= 0:
        return 1.0 / (1.0 + exp(-min(z, _STEEPEST)))
    raised = exp(max(z, -_STEEPEST))
    return raised / (1.0 + raised)


def between(places: Sequence[float], heights: Sequence[float], place: float) -> float:
    """The height at a place, straight between points and level beyond them. ``places`` rise."""
    after = bisect_right(places, place)
    if after == 0:
        return heights[0]
    if after == len(places):
        return heights[-1]
    left, low = places[after - 1], heights[after - 1]
    return low + (heights[after] - low) * ((place - left) / (places[after] - left))


def known_of(model: ScoreModel, raw: Sequence[float | None]) -> float:
    """How much is known of somebody: log2(1 + days known) + log2(1 + features of the model that ever happened).

    0 for somebody of whom there is nothing.
    """
    tenure = model.known.tenure
    days = raw[model.columns[tenure].place] if tenure >= 0 else 0.0
    told = len([1 for column in model.columns if raw[column.place]])
    return log2(1.0 + max(0.0, days or 0.0)) + log2(1.0 + told)


def confidence_of(known: Known, amount: float) -> float:
    """How sure a score is, 0–1, where so much is known."""
    return between(known.amounts, known.confidences, amount)
