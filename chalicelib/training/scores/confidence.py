"""How sure a score may be of somebody of whom little is known: learned from what came true of such people."""

from __future__ import annotations

import numpy as np

from chalicelib.segments.score_model import Known

_BANDS = 6
_HALF_SURE = 100
"""A band of so many people is believed by half of what it shows."""


def learned_known(tenure: int, amounts: np.ndarray, said: np.ndarray, came: np.ndarray) -> Known:
    """Confidence by how much is known (``score.known_of``), from values said of people that were not seen.

    In each band of people it is the slope of what came on what was said, from the average on: 1 where what a score
    says beyond the average comes true, 0 where people are no more than average whatever it says. Few people in a
    band are believed less. It never falls as more is known, and is 0 where nothing is.
    """
    order = np.argsort(amounts, kind="stable")
    groups = [one for one in np.array_split(order, _BANDS) if len(one)]
    centers = [float(np.median(amounts[one])) for one in groups]
    sure = [_slope(said[one], came[one]) * len(one) / (len(one) + _HALF_SURE) for one in groups]
    for place in range(len(sure) - 2, -1, -1):
        sure[place] = min(sure[place], sure[place + 1])
    places, heights = [0.0], [0.0]
    for center, height in zip(centers, sure, strict=True):
        if center > places[-1] + 1e-6:
            places.append(center)
            heights.append(height)
    return Known(tenure, tuple(places), tuple(heights))


def _slope(said: np.ndarray, came: np.ndarray) -> float:
    apart = said - said.mean()
    spread = float((apart**2).sum())
    if spread <= 1e-12:
        return 0.0
    return float(np.clip((apart * (came - came.mean())).sum() / spread, 0.0, 1.0))
