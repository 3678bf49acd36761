"""From margins to values, learned from margins of people that the machine had not seen."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from chalicelib.segments.score_model import Calibration, Kind

_GROUP = 50
_MOST_POINTS = 30
_HARDLY = 1e-4
"""Margins nearer than this, as a share of all, are one point: between two a value must not jump."""
_FREE = 1e6


def platt(margins: np.ndarray, outcomes: np.ndarray) -> Calibration:
    """Platt's scaling: a logistic regression on the margin alone (Platt 1999)."""
    fit = LogisticRegression(C=_FREE, max_iter=1_000).fit(margins[:, :1], outcomes)
    return Calibration("platt", float(fit.coef_[0, 0]), float(fit.intercept_[0]))


def isotonic(margins: np.ndarray, outcomes: np.ndarray) -> Calibration:
    """Isotonic regression over groups of at least ``_GROUP`` people, joined by straight lines.

    Of amounts learned as square roots it gives back the mean in their own unit, so that totals come out right.
    """
    order = np.argsort(margins[:, 0], kind="stable")
    groups = [one for one in np.split(order, _ends(len(order))) if len(one)]
    places = np.array([margins[one, 0].mean() for one in groups])
    heights = np.array([outcomes[one].mean() for one in groups])
    weights = np.array([len(one) for one in groups], dtype=float)
    risen = IsotonicRegression(out_of_bounds="clip").fit_transform(places, heights, sample_weight=weights)
    least_step = _HARDLY * max(float(np.ptp(places)), 1e-9)
    kept = [0]
    for place in range(1, len(places)):
        if places[place] - places[kept[-1]] > least_step:
            kept.append(place)
    return Calibration(
        "isotonic", margins=tuple(float(places[one]) for one in kept), values=tuple(float(risen[one]) for one in kept)
    )


def _ends(people: int) -> list[int]:
    """Where groups end: evenly, and ever finer towards both ends, where values are far from the average."""
    evenly = np.linspace(0, people, _MOST_POINTS + 1)[1:-1]
    step = people / _MOST_POINTS
    finer = [step / 2**power for power in range(1, 12)]
    ends = sorted({int(one) for one in (*evenly, *finer, *(people - one for one in finer))})
    kept = [0]
    for end in ends:
        if end - kept[-1] >= _GROUP and people - end >= _GROUP:
            kept.append(end)
    return kept[1:]


def tempered(margins: np.ndarray, outcomes: np.ndarray) -> Calibration:
    """How sharply margins part topics: one slope for all (temperature scaling, Guo et al. 2017)."""
    places = outcomes.astype(int)

    def loss(log_slope: float) -> float:
        return float(-np.log(chances_of(np.exp(log_slope) * margins)[np.arange(len(places)), places] + 1e-15).mean())

    return Calibration("none", slope=float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x)))


def applied(calibration: Calibration, margins: np.ndarray, kind: Kind) -> np.ndarray:
    """The values of margins: rows; of topics rows × labels."""
    if kind == "topic":
        return chances_of(calibration.slope * margins)
    if calibration.kind == "isotonic":
        straight: np.ndarray = np.interp(margins[:, 0], calibration.margins, calibration.values)
        return straight
    if calibration.kind == "platt":
        said: np.ndarray = expit(calibration.slope * margins[:, 0] + calibration.intercept)
        return said
    return margins[:, 0]


def chances_of(margins: np.ndarray) -> np.ndarray:
    """The softmax of each row."""
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def candidates(kind: Kind) -> tuple[str, ...]:
    """The ways of calibrating that a kind may choose from, the simplest first."""
    return {"probability": ("platt", "isotonic"), "amount": ("isotonic",), "topic": ("tempered",)}[kind]


WAYS = {"platt": platt, "isotonic": isotonic, "tempered": tempered}
