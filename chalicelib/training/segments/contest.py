"""The contest: every algorithm by what it would serve, and the written rule that decides.

Gates come first. An algorithm is refused whose smallest group holds less than the declared share (``least_share``),
whose groups are not found again when people are resampled (``stability`` below the declared one), whose groups are not
what the nearest centroid serves (``fidelity`` below 0.8), or one of whose groups is rather the opposite of what its
name means (``agreement`` not above 0), or that made fewer groups than asked for (``groups``).

Of the rest, each gets points: 0.30 agreement + 0.20 stability + 0.20 silhouette + 0.10 ÷ (1 + Davies–Bouldin)
+ 0.10 balance + 0.10 fidelity. The most points win; within 0.02 of the most, the earliest of the list does, which
K-means heads: another algorithm must be clearly better. Where nobody passes, K-means is kept and the run is held.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

from chalicelib.segments.model import Column
from chalicelib.segments.segmentation import Segmentation
from chalicelib.training.segments.columns import Floats, Ints
from chalicelib.training.segments.fits import ALGORITHMS, K_MEANS, Limits, fitted, nearest, served
from chalicelib.training.segments.model import ContestRow
from chalicelib.training.segments.names import agreement_table, by_meaning, mean_agreement

LEAST_FIDELITY = 0.8
CLEARLY = 0.02
WEIGHTS = {
    "agreement": 0.3,
    "stability": 0.2,
    "silhouette": 0.2,
    "separation": 0.1,
    "balance": 0.1,
    "fidelity": 0.1,
}
"""What each measure counts; ``separation`` is 1 ÷ (1 + Davies–Bouldin)."""


class Entry(msgspec.Struct, frozen=True):
    """An algorithm's row of the table, and the centroids that it would serve."""

    row: ContestRow
    centroids: Floats


class Field(msgspec.Struct, frozen=True):
    """What all algorithms of a contest are given: the people, how many groups, where to begin."""

    spec: Segmentation
    columns: tuple[Column, ...]
    seen: Floats
    groups: int
    seed: int
    starts: tuple[Floats, ...]
    limits: Limits


def contest(field: Field) -> tuple[Entry, tuple[ContestRow, ...]]:
    """The winner, and the whole table."""
    entries = [_entry(field, algorithm) for algorithm in ALGORITHMS]
    winner = decided(entries)
    rows = tuple(msgspec.structs.replace(one.row, won=one is winner) for one in entries)
    return winner, rows


def decided(entries: Sequence[Entry]) -> Entry:
    """The winner by the written rule; entries stand in the order of preference."""
    passed = [one for one in entries if not one.row.refused]
    if not passed:
        return next(one for one in entries if one.row.algorithm == K_MEANS)
    most = max(one.row.points for one in passed)
    return next(one for one in passed if one.row.points >= most - CLEARLY)


def groups_of(field: Field) -> int:
    """How many groups there should be: of the declared numbers, the one whose K-means has the best silhouette."""
    fewest, most = field.spec.k
    if fewest == most:
        return fewest
    tried = []
    for groups in range(fewest, most + 1):
        labels = fitted(K_MEANS, field.seen, groups, field.seed, (), field.limits)
        tried.append((silhouette(field.seen, nearest(field.seen, served(field.seen, labels)), field), -groups))
    return -max(tried)[1]


def silhouette(seen: Floats, labels: Ints, field: Field) -> float:
    """The mean silhouette of some of the people, -1 to 1; -1 where there is but one group."""
    most = field.limits.silhouette_rows
    part = (
        slice(None) if len(seen) <= most else np.random.default_rng(field.seed).choice(len(seen), most, replace=False)
    )
    groups = len(np.unique(labels[part]))
    return float(silhouette_score(seen[part], labels[part])) if 1 < groups < len(labels[part]) else -1.0


def _entry(field: Field, algorithm: str) -> Entry:
    own = fitted(algorithm, field.seen, field.groups, field.seed, field.starts, field.limits)
    centroids = served(field.seen, own)
    labels = nearest(field.seen, centroids)
    shares = np.bincount(labels, minlength=len(centroids)) / len(labels)
    fits = agreement_table(field.spec, field.columns, centroids)
    names = by_meaning(field.spec, fits)
    places = {kind.id: at for at, kind in enumerate(field.spec.kinds)}
    row = ContestRow(
        algorithm=algorithm,
        groups=len(centroids),
        silhouette=silhouette(field.seen, labels, field),
        davies_bouldin=float(davies_bouldin_score(field.seen, labels)) if len(np.unique(labels)) > 1 else float("inf"),
        stability=_stability(field, algorithm, labels),
        least_share=float(shares.min()),
        balance=_balance(shares),
        agreement=mean_agreement(field.spec, fits, names),
        fidelity=float(np.mean(np.unique(own, return_inverse=True)[1] == labels)),
        points=0.0,
        refused=(),
        won=False,
    )
    worst = min(float(fits[at, places[name]]) for at, name in enumerate(names))
    gates = refused(field.spec, field.groups, row, worst)
    return Entry(msgspec.structs.replace(row, points=points(row), refused=gates), centroids)


def points(row: ContestRow) -> float:
    """What an algorithm is ranked by."""
    measures = {
        "agreement": row.agreement,
        "stability": row.stability,
        "silhouette": row.silhouette,
        "separation": 1 / (1 + row.davies_bouldin),
        "balance": row.balance,
        "fidelity": row.fidelity,
    }
    return sum(WEIGHTS[name] * value for name, value in measures.items())


def refused(spec: Segmentation, groups: int, row: ContestRow, worst_agreement: float) -> tuple[str, ...]:
    """The gates that an algorithm does not pass, by code."""
    gates = (
        ("groups", row.groups == groups),
        ("least_share", row.least_share >= spec.least_share),
        ("stability", row.stability >= spec.least_stability),
        ("fidelity", row.fidelity >= LEAST_FIDELITY),
        ("agreement", worst_agreement > 0),
    )
    return tuple(name for name, passed in gates if not passed)


def _stability(field: Field, algorithm: str, labels: Ints) -> float:
    """How alike fits of resampled people put everybody: the mean adjusted Rand index with the fit of all."""
    rng, found, limits = np.random.default_rng(field.seed + 1), [], field.limits
    fewer = msgspec.structs.replace(limits, starts=max(1, limits.starts // 2))
    for turn in range(limits.resamples):
        drawn = field.seen[np.sort(rng.integers(0, len(field.seen), min(len(field.seen), limits.resample_rows)))]
        # Without the beginnings of the fit that it is compared with: those would make anything look steady.
        fit = fitted(algorithm, drawn, field.groups, field.seed + 2 + turn, (), fewer)
        found.append(adjusted_rand_score(labels, nearest(field.seen, served(drawn, fit))))
    return float(np.mean(found)) if found else 1.0


def _balance(shares: Floats) -> float:
    """The entropy of the groups' sizes, as a share of that of even ones."""
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum() / np.log(len(shares))) if len(shares) > 1 else 0.0
