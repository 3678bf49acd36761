"""Whether the learning layer holds all that training needs: two small fits whose answers are known beforehand."""

from __future__ import annotations

import resource
import sys

import msgspec
import numpy as np
import scipy
import sklearn
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier

from chalicelib.kernel.errors import ZhiyinError

KINDS = 5
ROWS = 200
_SEED = 20261122
_APART = 10.0
"""The kinds' centres are so many standard deviations apart: whoever finds others is broken."""


class LayerBroken(ZhiyinError):
    """The libraries of the layer load, and answer wrongly."""


class Probed(msgspec.Struct, frozen=True):
    """What trained: ``versions`` as an id, and the most memory that this process ever had, in bytes."""

    versions: str
    peak_bytes: int


def probe() -> Probed:
    """Cluster generated rows, and classify them. Raises LayerBroken ``layer_broken`` when either finds other kinds."""
    kinds = np.arange(ROWS) % KINDS
    rows = np.random.default_rng(_SEED).normal(size=(ROWS, KINDS)) + _APART * np.eye(KINDS)[kinds]
    found = KMeans(KINDS, n_init=3, random_state=_SEED).fit_predict(rows)
    told = HistGradientBoostingClassifier(max_iter=5, random_state=_SEED).fit(rows, kinds % 2).predict(rows)
    # One to one: as many clusters, and as many pairs of kind and cluster, as there are kinds.
    are_kinds = len(set(found)) == len(set(zip(kinds, found, strict=True))) == KINDS
    if not are_kinds or not np.array_equal(told, kinds % 2):
        raise LayerBroken("layer_broken", "The learning layer finds other kinds than were made.")
    versions = f"scikit-learn-{sklearn.__version__}:scipy-{scipy.__version__}:numpy-{np.__version__}"
    return Probed(versions=versions, peak_bytes=_peak_bytes())


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on a developer's Mac.
    return peak if sys.platform == "darwin" else peak * 1024
