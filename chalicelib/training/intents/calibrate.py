"""How sure is sure: a confidence learned from texts that the scoring model had not seen, and the threshold of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from chalicelib.routing.intent_model import OUT_OF_SCOPE, Calibration, confidence_of

_PLACES = 6
"""Decimals of what is learned. Past the fourteenth, sums differ by the processor, and the file must be the same of any."""

type Truth = tuple[str, str, tuple[float, ...]]
"""The intent it is, the one the model said, and what the confidence is made of."""


def calibrated(truths: Sequence[Truth], most_lost: float) -> Calibration:
    """The confidence that a named intent is right, and the threshold at which ``most_lost`` of the texts within scope
    are answered with "don't know". What is out of scope is always wrong to name.
    """
    signs = np.array([one for _, _, one in truths])
    right = np.array([true == said for true, said, _ in truths])
    within = np.array([true != OUT_OF_SCOPE for true, _, _ in truths])
    if right.all():
        return _with((1.0, 0.0, 0.0, 0.0, 4.0), signs[within], most_lost)
    fit = LogisticRegression(C=10.0, max_iter=1000).fit(signs, right)
    return _with((*(float(one) for one in fit.coef_[0]), float(fit.intercept_[0])), signs[within], most_lost)


def _with(weights: tuple[float, ...], within: np.ndarray, most_lost: float) -> Calibration:
    score, lead, over_unknown, known, constant = (round(one, _PLACES) for one in weights)
    bare = Calibration(score, lead, over_unknown, known, constant, 0.0)
    confidences = [confidence_of(bare, tuple(float(one) for one in row)) for row in within]
    return Calibration(
        score, lead, over_unknown, known, constant, round(float(np.quantile(confidences, most_lost)), _PLACES)
    )
