"""Who is called what: groups matched to declared kinds by meaning, and to the groups of the run before by people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from chalicelib.segments.model import Column, SegmentModel
from chalicelib.segments.naming import agreements
from chalicelib.segments.segmentation import Segmentation
from chalicelib.training.segments.columns import Floats, Ints
from chalicelib.training.segments.model import Steadiness

_MEANING_SLACK = 0.1
"""By how much the mean agreement may be less than the best possible before names and meanings contradict."""


def agreement_table(spec: Segmentation, columns: Sequence[Column], centroids: Floats) -> Floats:
    """How well each group (row) fits each kind (column)."""
    return np.array(agreements(spec.kinds, columns, [tuple(one) for one in centroids.tolist()]))


def by_meaning(spec: Segmentation, fits: Floats) -> tuple[str, ...]:
    """A name for each group, so that all of them together fit best."""
    groups, kinds = linear_sum_assignment(fits, maximize=True)
    names = dict(zip(groups.tolist(), kinds.tolist(), strict=True))
    return tuple(spec.kinds[names[at]].id for at in range(len(fits)))


def by_people(spec: Segmentation, before: SegmentModel, then: Ints, now: Ints, groups: int) -> tuple[str, ...] | None:
    """The former names, each to the group that most of its people are in; None where they cannot be given on.

    ``then``, ``now``: the places of the same people's groups in the run before and in this one.
    """
    known = {kind.id for kind in spec.kinds}
    if len(before.segments) != groups or not known.issuperset(before.segments):
        return None
    together = np.zeros((groups, groups))
    np.add.at(together, (now, then), 1)
    # As shares of the former groups: a small one keeps its name against a part of a large one.
    together /= np.maximum(together.sum(axis=0), 1)
    rows, places = linear_sum_assignment(together, maximize=True)
    names = dict(zip(rows.tolist(), places.tolist(), strict=True))
    return tuple(before.segments[names[at]] for at in range(groups))


def mean_agreement(spec: Segmentation, fits: Floats, names: Sequence[str]) -> float:
    """How well groups fit the names that they are given, on the whole."""
    places = {kind.id: at for at, kind in enumerate(spec.kinds)}
    return float(np.mean([fits[at, places[name]] for at, name in enumerate(names)]))


def contradicts(spec: Segmentation, fits: Floats, names: Sequence[str]) -> bool:
    """Whether other names would fit the meaning clearly better than these."""
    best = mean_agreement(spec, fits, by_meaning(spec, fits))
    return best - mean_agreement(spec, fits, names) > _MEANING_SLACK


def steadiness(before: Sequence[str], after: Sequence[str], then: Ints, now: Ints) -> Steadiness:
    """How many people keep their name."""
    kept = float(np.mean(np.array(before)[then] == np.array(after)[now]))
    return Steadiness(kept, float(adjusted_rand_score(then, now)), len(now))
