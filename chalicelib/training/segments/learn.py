"""Learn the segments of a tenant: columns, contest, names, and whether the outcome may go in force.

The same people in any order and the same seed give the same model: rows are put in an order of their own first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chalicelib.segments.assign import is_for
from chalicelib.segments.features import FEATURES_VERSION, place_of
from chalicelib.segments.model import Column, SegmentModel
from chalicelib.segments.saying import in_units
from chalicelib.segments.segmentation import Segmentation
from chalicelib.training.segments.columns import Floats, Ints, columns_of, ready, table
from chalicelib.training.segments.contest import Entry, Field, contest, groups_of
from chalicelib.training.segments.fits import K_MEANS, Limits, fitted, nearest, served
from chalicelib.training.segments.model import (
    MEANING_CHANGED,
    NONE_PASSED,
    RENAMED,
    ContestRow,
    SegmentsLearned,
    Steadiness,
    TooFewPeopleError,
)
from chalicelib.training.segments.names import agreement_table, by_meaning, by_people, contradicts, steadiness

LEAST_PEOPLE = 20
"""For each group."""
_FITTING = 0.02
"""The part of people, those who fit a kind's signs best, whose middle a beginning of K-means is."""
_DEFAULT = Limits()


def learn_segments(
    rows: Sequence[Sequence[float | None]],
    spec: Segmentation,
    before: SegmentModel | None,
    seed: int,
    limits: Limits = _DEFAULT,
) -> SegmentsLearned:
    """A model of these people. ``rows``: all features of each, as ``features.raw_vector`` gives them;
    those whom the segmentation is not for are left out.

    ``before``: the model in force, whose names are kept where people stay together; one of other features counts as
    none. Raises TooFewPeopleError, and ValueError for a segmentation by rule: there is nothing to learn in it.
    """
    if spec.by == "rule":
        raise ValueError(f"{spec.id} goes by rules.")
    before = before if before is not None and before.features_version == FEATURES_VERSION else None
    concerned = [row for row in rows if is_for(spec, row)] if spec.whom else rows
    if len(concerned) < LEAST_PEOPLE * spec.k[0]:
        raise TooFewPeopleError(f"{len(concerned)} people are too few for {spec.k[0]} groups.")
    raw = _ordered(table(concerned, [place_of(one) for one in spec.features]), seed, limits.rows)
    columns = columns_of(raw, spec.features)
    seen = ready(columns, raw)
    if len(np.unique(seen[: limits.contest_rows], axis=0)) < spec.k[1]:
        raise TooFewPeopleError(f"There are fewer than {spec.k[1]} different people.")
    part = _some(seen, seed, limits.contest_rows)
    field = Field(spec, columns, part, spec.k[1], seed, (), limits)
    groups = groups_of(field)
    starts = _starts(spec, columns, part, before, groups)
    winner, table_ = contest(Field(spec, columns, part, groups, seed, starts, limits))
    centroids = _on_all(winner, seen, limits)
    return _named(spec, columns, centroids, (raw, seen), before, (winner, table_))


def _named(
    spec: Segmentation,
    columns: tuple[Column, ...],
    centroids: Floats,
    people: tuple[Floats, Floats],
    before: SegmentModel | None,
    outcome: tuple[Entry, tuple[ContestRow, ...]],
) -> SegmentsLearned:
    raw, seen = people
    fits, now, held = agreement_table(spec, columns, centroids), nearest(seen, centroids), ""
    names, steady = by_meaning(spec, fits), None
    if before is not None and {one.feature for one in before.columns} <= set(spec.features):
        then = _then(spec, before, raw)
        kept = by_people(spec, before, then, now, len(centroids))
        if kept is not None:
            names = kept
            held = MEANING_CHANGED if contradicts(spec, fits, kept) or _moved(before, columns, centroids, kept) else ""
        steady = steadiness(before.segments, names, then, now)
        held = RENAMED if _renamed(spec, steady) else held
    winner, rows = outcome
    places = {kind.id: at for at, kind in enumerate(spec.kinds)}
    counts = np.bincount(now, minlength=len(centroids)) / len(now)
    return SegmentsLearned(
        model=SegmentModel(
            id=spec.id,
            version=1 if before is None else before.version + 1,
            features_version=FEATURES_VERSION,
            algorithm=winner.row.algorithm,
            trained_at=0,
            people=len(seen),
            columns=columns,
            centroids=tuple(tuple(one) for one in centroids.tolist()),
            segments=names,
        ),
        contest=rows,
        steadiness=steady,
        shares={name: float(counts[at]) for at, name in enumerate(names)},
        agreements={name: float(fits[at, places[name]]) for at, name in enumerate(names)},
        held=NONE_PASSED if winner.row.refused else held,
    )


def _renamed(spec: Segmentation, steady: Steadiness) -> bool:
    return 1 - steady.kept > spec.most_renamed


def _then(spec: Segmentation, before: SegmentModel, raw: Floats) -> Ints:
    """Where the model before puts these people today."""
    at = [spec.features.index(one.feature) for one in before.columns]
    return nearest(ready(before.columns, raw[:, at]), np.array(before.centroids))


def _on_all(winner: Entry, seen: Floats, limits: Limits) -> Floats:
    """The centroids to serve. K-means goes on from the contest's with everybody; others stand as they are."""
    if winner.row.algorithm != K_MEANS:
        return winner.centroids
    groups = len(winner.centroids)
    one_start = Limits(starts=0)
    return served(seen, fitted(K_MEANS, seen, groups, 0, (winner.centroids,), one_start))


def _starts(
    spec: Segmentation, columns: Sequence[Column], seen: Floats, before: SegmentModel | None, groups: int
) -> tuple[Floats, ...]:
    """Where K-means begins besides at random: at the groups before, and at who fits each kind's signs best."""
    found = []
    if before is not None and len(before.centroids) == groups:
        found.append(_rescaled(before.columns, before.centroids, columns))
    if groups == len(spec.kinds):
        signs = np.array([[kind.signs.get(one.feature, 0.0) for one in columns] for kind in spec.kinds])
        fits = np.tanh(seen) @ (signs / np.abs(signs).sum(axis=1, keepdims=True)).T
        most = max(LEAST_PEOPLE, int(len(seen) * _FITTING))
        found.append(
            np.array([seen[np.argsort(-fits[:, at], kind="stable")[:most]].mean(axis=0) for at in range(groups)])
        )
    return tuple(found)


def _moved(before: SegmentModel, columns: Sequence[Column], centroids: Floats, names: Sequence[str]) -> bool:
    """Whether the model before, asked for the middle of a group, would call it something else."""
    middles = _rescaled(columns, centroids.tolist(), before.columns)
    then = nearest(middles, np.array(before.centroids))
    return any(before.segments[at] != name for at, name in zip(then, names, strict=True))


def _rescaled(columns: Sequence[Column], centroids: Sequence[Sequence[float]], into: Sequence[Column]) -> Floats:
    """Centroids on the scales of other columns; in a feature that is not among theirs they stand in the middle."""
    places = {one.feature: at for at, one in enumerate(columns)}
    parts = []
    for column in into:
        at = places.get(column.feature)
        if at is None:
            parts.append(np.zeros(len(centroids)))
            continue
        values = np.array([in_units(columns[at], one[at]) for one in centroids])
        parts.append(ready((column,), values[:, None])[:, 0])
    return np.column_stack(parts)


def _ordered(raw: Floats, seed: int, most: int) -> Floats:
    """The rows in an order that tells nothing of how they came, and at most so many."""
    ordered = raw[np.lexsort(np.nan_to_num(raw, nan=-1.0).T[::-1])]
    return _some(ordered, seed, most)


def _some(seen: Floats, seed: int, most: int) -> Floats:
    """As many as that, drawn, in an order drawn as well: sorted people would make batches of likes."""
    return seen[np.random.default_rng(seed).permutation(len(seen))[:most]]
