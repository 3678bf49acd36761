"""Learn one score: contest, calibration, validation on later people, and whether the model in force is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from chalicelib.kernel.moments import Millis
from chalicelib.segments.accuracy import GoesLive, goes_live, of_figures
from chalicelib.segments.effects import effects
from chalicelib.segments.features import FEATURES_VERSION
from chalicelib.segments.model import Column
from chalicelib.segments.score import chances, known_of, score
from chalicelib.segments.score_model import Known, ScoreModel
from chalicelib.segments.score_specs import ScoreSpec
from chalicelib.training.scores.confidence import learned_known
from chalicelib.training.scores.contest import Entry, Held, contest, folds_of, shape_of, unseen
from chalicelib.training.scores.inputs import Input, fitted_columns, inputs_of, made_ready
from chalicelib.training.scores.metrics import Point, curve, figures
from chalicelib.training.scores.recipes import target

TENURE = "tenure_days"
_TOLD = 200
"""Effects of so many people say which features matter."""

type Row = Sequence[float | None]
type Reason = Literal["", "too_few_people", "too_few_outcomes", "worse", "not_measured"]


class Validation(msgspec.Struct, frozen=True):
    """How good a model is on people it was not learned from. ``before``: the figures of the one in force, on the same.

    They are those of the latest cutoff, so that a later run can compare its own; where these are too few, of all
    ``cutoffs``.
    """

    by: Literal["time", "folds"]
    people: int
    figures: Mapping[str, float]
    before: Mapping[str, float]
    curve: tuple[Point, ...]
    cutoffs: int = 1


class ScoreLearned(msgspec.Struct, frozen=True):
    """What was learned. ``held`` says why ``model`` may not go live; '' = it may. Without a model nothing was learned.

    ``goes_live`` is what the rule of going live says (``segments.accuracy``).
    ``importances``: feature → its share of all that features did to the margins of people.
    """

    model: ScoreModel | None
    contest: tuple[Entry, ...] = ()
    validation: Validation | None = None
    importances: Mapping[str, float] = {}
    held: Reason = ""
    goes_live: GoesLive | None = None


def learn_score(
    rows: Sequence[Row],
    outcomes: Sequence[float | None],
    times: Sequence[Millis],
    spec: ScoreSpec,
    before: ScoreModel | None,
    seed: int,
    inputs: Sequence[Input] | None = None,
) -> ScoreLearned:
    """Learn a score from people's features as of a cutoff each, and what followed.

    ``rows`` are raw vectors, ``outcomes`` what ``segments.outcomes`` tells (None: nothing to learn of this one; of topics
    the place in ``spec.labels``), ``times`` the cutoffs. Where there are several cutoffs, the model is validated on the
    latest by one learned from the earlier ones alone, and then learned of all; else by folds. ``before`` is the model in
    force: one that is worse than it on the same people, by the rule of going live, is held. ``inputs``: other columns than the score's features.
    """
    given = _given(rows, outcomes, times, spec)
    if reason := _too_few(given, spec):
        return ScoreLearned(None, held=reason)
    listed = inputs_of(spec) if inputs is None else tuple(inputs)
    later = given.times == given.times.max()
    by_time = bool(later.any() and not later.all()) and not _too_few(given.part(~later), spec)
    learned_from = given.part(~later) if by_time else given
    columns, x = _ready(learned_from, listed)
    held, table = contest(spec.kind, x, learned_from.y, _categories(columns, listed), seed)
    model = _model(held, columns, x, learned_from, spec, before, seed, listed)
    seen = later if not _too_few(given.part(later), spec) else np.ones(len(later), dtype=bool)
    tested = given.part(later if by_time else seen)
    said = _said(model, tested.rows, model.labels) if by_time else held.said[seen]
    validation, live = _validated("time" if by_time else "folds", said, tested, spec, before, model.labels)
    if by_time:
        model = _relearned(held, given, spec, before, seed, listed)
    return ScoreLearned(model, table, validation, _importances(model, given.rows), _held(live), live)


def _held(live: GoesLive) -> Reason:
    return "" if live.live else "worse" if live.code == "worse" else "not_measured"


class _Given(msgspec.Struct, frozen=True):
    """The rows that something is known to have followed of."""

    rows: list[Row]
    y: np.ndarray
    times: np.ndarray
    labels: tuple[str, ...]

    def part(self, which: np.ndarray) -> _Given:
        """The rows of a mask."""
        kept = [row for row, take in zip(self.rows, which, strict=True) if take]
        return _Given(kept, self.y[which], self.times[which], self.labels)


def _given(rows: Sequence[Row], outcomes: Sequence[float | None], times: Sequence[Millis], spec: ScoreSpec) -> _Given:
    """Of topics only those that enough people had, counted anew."""
    told = [place for place, one in enumerate(outcomes) if one is not None]
    y = np.array([outcomes[one] for one in told], dtype=float)
    labels: tuple[str, ...] = ()
    if spec.kind == "topic":
        seen = {place: int((y == place).sum()) for place in range(len(spec.labels))}
        kept = [place for place, people in seen.items() if people >= spec.least_outcomes]
        told = [one for one in told if outcomes[one] in kept]
        y = np.array([kept.index(int(outcomes[one] or 0)) for one in told], dtype=float)
        labels = tuple(spec.labels[one] for one in kept)
    return _Given([rows[one] for one in told], y, np.array([times[one] for one in told], dtype=np.int64), labels)


def _too_few(given: _Given, spec: ScoreSpec) -> Reason:
    if len(given.rows) < max(spec.least_people, 1):
        return "too_few_people"
    if spec.kind == "topic":
        return "" if len(np.unique(given.y)) > 1 else "too_few_outcomes"
    had = int((given.y != 0).sum())
    least = had if spec.kind == "amount" else min(had, len(given.y) - had)
    return "too_few_outcomes" if least < spec.least_outcomes else ""


def _ready(given: _Given, inputs: Sequence[Input]) -> tuple[tuple[Column, ...], np.ndarray]:
    columns = fitted_columns(given.rows, inputs)
    return columns, made_ready(given.rows, columns)


def _categories(columns: Sequence[Column], inputs: Sequence[Input]) -> tuple[int, ...]:
    coded = {one.id for one in inputs if one.is_category}
    return tuple(place for place, one in enumerate(columns) if one.feature in coded)


def _relearned(
    held: Held, given: _Given, spec: ScoreSpec, before: ScoreModel | None, seed: int, inputs: Sequence[Input]
) -> ScoreModel:
    """The recipe that won, on everybody, the latest people too."""
    columns, x = _ready(given, inputs)
    categories = _categories(columns, inputs)
    shape, folds = shape_of(spec.kind, x, given.y, categories), folds_of(spec.kind, given.y, seed)
    again = unseen(held.recipe, spec.kind, x, given.y, shape, folds, seed)
    return _model(again, columns, x, given, spec, before, seed, inputs)


def _model(
    held: Held,
    columns: tuple[Column, ...],
    x: np.ndarray,
    given: _Given,
    spec: ScoreSpec,
    before: ScoreModel | None,
    seed: int,
    inputs: Sequence[Input],
) -> ScoreModel:
    shape = shape_of(spec.kind, x, given.y, _categories(columns, inputs))
    machine = held.recipe.make(shape, seed).fit(x, target(spec.kind, given.y))
    linear, linear_share, trees, trees_share = machine.written()
    tenure = next((place for place, one in enumerate(columns) if one.feature == TENURE), -1)
    model = ScoreModel(
        id=spec.id,
        version=1 if before is None else before.version + 1,
        features_version=FEATURES_VERSION,
        kind=spec.kind,
        algorithm=held.recipe.name,
        trained_at=int(given.times.max()),
        people=len(given.rows),
        base_rate=_base_rate(given, spec),
        columns=columns,
        calibration=held.calibration,
        known=Known(tenure, (0.0,), (0.0,)),
        linear=linear,
        linear_share=linear_share,
        trees=trees,
        trees_share=trees_share,
        labels=given.labels,
    )
    amounts = np.array([known_of(model, row) for row in given.rows])
    said, came = held.said, given.y
    if spec.kind == "topic":
        said, came = said.max(axis=1), (said.argmax(axis=1) == came).astype(float)
    return msgspec.structs.replace(model, known=learned_known(tenure, amounts, said, came))


def _base_rate(given: _Given, spec: ScoreSpec) -> float:
    """The mean outcome; of topics the share of the most frequent."""
    if spec.kind == "topic":
        return float(np.bincount(given.y.astype(int)).max() / len(given.y))
    return float(given.y.mean())


def _said(model: ScoreModel, rows: Sequence[Row], labels: Sequence[str]) -> np.ndarray:
    """What a model says, by the code that serves it; of these topics, of which one that it does not know never comes."""
    if labels:
        told = (chances(model, row) for row in rows)
        return np.array([[of.get(label, 0.0) for label in labels] for of in told])
    return np.array([score(model, row).value for row in rows])


def _validated(
    by: Literal["time", "folds"],
    said: np.ndarray,
    tested: _Given,
    spec: ScoreSpec,
    before: ScoreModel | None,
    labels: tuple[str, ...],
) -> tuple[Validation, GoesLive]:
    """The figures, and whether the model goes live in place of the one in force, by the figures of that on the same people."""
    points = curve(said.max(axis=1), said.argmax(axis=1) == tested.y) if spec.kind == "topic" else curve(said, tested.y)
    people, ours = len(tested.rows), figures(spec.kind, said, tested.y)
    bare = Validation(by, people, ours, {}, points, len(np.unique(tested.times)))
    if before is None or before.features_version != FEATURES_VERSION:
        # A model of other features is served to nobody any more.
        return bare, goes_live(of_figures(people, ours), None)
    theirs = figures(spec.kind, _said(before, tested.rows, labels), tested.y)
    live = goes_live(of_figures(people, ours), of_figures(people, theirs))
    return msgspec.structs.replace(bare, before=theirs), live


def _importances(model: ScoreModel, rows: Sequence[Row]) -> dict[str, float]:
    """By what features did to some people, evenly taken; the greatest first."""
    summed: dict[str, float] = {}
    for row in rows[:: max(1, len(rows) // _TOLD)]:
        for output in range(max(1, len(model.labels))):
            for feature, effect in effects(model, row, output).of.items():
                summed[feature] = summed.get(feature, 0.0) + abs(effect)
    whole = sum(summed.values()) or 1.0
    return {one: summed[one] / whole for one in sorted(summed, key=lambda name: (-summed[name], name))}
