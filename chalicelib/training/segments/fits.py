"""The algorithms of the contest, each from people to groups, with bounds on what they may cost.

K-means begins several times: at random as scikit-learn does (k-means++), at the groups of the run before, and at the
people who fit the declared signs best. Of beginnings that end within 1% of the least inertia, the run before comes
first and the meaning second: equally good groups should be those that people know.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from sklearn.cluster import AgglomerativeClustering, Birch, KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture

from chalicelib.training.segments.columns import Floats, Ints

K_MEANS = "k_means"


class Limits(msgspec.Struct, frozen=True):
    """How much of people each step takes, so that a run is bounded whatever the size of a tenant."""

    rows: int = 100_000
    contest_rows: int = 8_000
    mixture_rows: int = 5_000
    tree_rows: int = 4_000
    silhouette_rows: int = 3_000
    resample_rows: int = 4_000
    resamples: int = 4
    starts: int = 4


_NEARLY = 1.01
_BIRCH_SUBCLUSTERS = 400
type Fit = Callable[[Floats, int, int, Sequence[Floats], Limits], Ints]
"""People, how many groups, seed, beginnings, limits → the group of each."""


def served(seen: Floats, labels: Ints) -> Floats:
    """The middle of each group, in the order of its number; a group that nobody is in has none."""
    return np.array([seen[labels == one].mean(axis=0) for one in np.unique(labels)])


def nearest(seen: Floats, centroids: Floats) -> Ints:
    """The place of the nearest centroid for everybody; of equally near ones, the first."""
    return np.asarray(pairwise_distances_argmin(seen, centroids), dtype=np.int64)


def k_means(seen: Floats, groups: int, seed: int, starts: Sequence[Floats], limits: Limits) -> Ints:
    """Lloyd's, from all beginnings."""
    fits = [KMeans(groups, init=one, n_init=1).fit(seen) for one in starts if len(one) == groups]
    if limits.starts:
        fits.append(KMeans(groups, n_init=limits.starts, random_state=seed).fit(seen))
    least = min(one.inertia_ for one in fits)
    return np.asarray(next(one for one in fits if one.inertia_ <= least * _NEARLY).labels_, dtype=np.int64)


def _mini_batch(seen: Floats, groups: int, seed: int, starts: Sequence[Floats], limits: Limits) -> Ints:
    fit = MiniBatchKMeans(groups, n_init=max(1, limits.starts), random_state=seed).fit(seen)
    return np.asarray(fit.labels_, dtype=np.int64)


def _mixture(seen: Floats, groups: int, seed: int, starts: Sequence[Floats], limits: Limits) -> Ints:
    """Gaussians with variances of their own and no covariances; learned on some, told for all."""
    part = _part(seen, seed, limits.mixture_rows)
    fit = GaussianMixture(groups, covariance_type="diag", reg_covar=1e-3, max_iter=100, random_state=seed).fit(part)
    return np.asarray(fit.predict(seen), dtype=np.int64)


def _birch(seen: Floats, groups: int, seed: int, starts: Sequence[Floats], limits: Limits) -> Ints:
    """A tree of subclusters whose width lets some hundreds of them be, joined by Ward's method."""
    part = _part(seen, seed, limits.tree_rows)
    width = 0.25 * float(np.sqrt(part.var(axis=0).sum()))
    while True:
        fit = Birch(threshold=width, n_clusters=None).fit(part)
        if len(fit.subcluster_centers_) <= _BIRCH_SUBCLUSTERS:
            break
        width *= 1.3
    centers = fit.subcluster_centers_
    if len(centers) < groups:
        return nearest(seen, centers)
    joined = AgglomerativeClustering(groups).fit_predict(centers)
    return np.asarray(joined[nearest(seen, centers)], dtype=np.int64)


def _agglomerative(seen: Floats, groups: int, seed: int, starts: Sequence[Floats], limits: Limits) -> Ints:
    """Ward's method on some; everybody else goes to the nearest of the groups' middles."""
    part = _part(seen, seed, limits.tree_rows // 2)
    return nearest(seen, served(part, AgglomerativeClustering(groups).fit_predict(part)))


ALGORITHMS: Mapping[str, Fit] = {
    K_MEANS: k_means,
    "mini_batch_k_means": _mini_batch,
    "gaussian_mixture": _mixture,
    "birch": _birch,
    "agglomerative": _agglomerative,
}
"""In the order of preference between equals."""


def fitted(algorithm: str, seen: Floats, groups: int, seed: int, starts: Sequence[Floats], limits: Limits) -> Ints:
    """The group of everybody by one algorithm. That it stopped at its bound is no news: the contest measures it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ALGORITHMS[algorithm](seen, groups, seed, starts, limits)


def _part(seen: Floats, seed: int, most: int) -> Floats:
    if len(seen) <= most:
        return seen
    return seen[np.sort(np.random.default_rng(seed).choice(len(seen), most, replace=False))]
