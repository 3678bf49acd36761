"""What is served equals scikit-learn within 1e-9: every recipe, random models, random people, through JSON."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from chalicelib.segments.model import Column
from chalicelib.segments.score import chances, of_trees, score
from chalicelib.segments.score_model import Calibration, Known, ScoreModel
from chalicelib.training.scores.calibrate import isotonic, platt
from chalicelib.training.scores.inputs import Input, fitted_columns, made_ready
from chalicelib.training.scores.machines import Parts
from chalicelib.training.scores.recipes import Shape, recipes, target

PEOPLE, WIDTH = 300, 5
INPUTS = (
    Input("tenure_days", 0, is_log=True),
    Input("contacts_30d", 1, is_log=True),
    Input("satisfaction", 2, typical=True),
    Input("plan", 3, is_category=True),
    Input("orders_90d", 4),
)
CASES = [(kind, place) for kind in ("probability", "amount", "topic") for place in range(len(recipes(kind)))]
SEEDS = range(3)

type Raw = tuple[float | None, ...]


@cache
def taught(kind: str, place: int, seed: int) -> tuple[ScoreModel, Parts, tuple[Column, ...], np.ndarray, np.ndarray]:
    """A model through JSON, the machine it was written from, and margins and outcomes that calibrations were fitted to."""
    drawn = np.random.default_rng(seed)
    table = np.column_stack(
        [
            drawn.exponential(200, PEOPLE), drawn.poisson(1.0, PEOPLE), drawn.uniform(1, 5, PEOPLE),
            drawn.integers(0, 4, PEOPLE), drawn.normal(0, 2, PEOPLE),
        ]
    )  # fmt: skip
    gaps = drawn.random((PEOPLE, WIDTH)) < 0.1
    rows = [
        tuple(None if gap else float(one) for one, gap in zip(*pair, strict=True))
        for pair in zip(table, gaps, strict=True)
    ]
    pull = np.log1p(table[:, 0]) - 0.7 * table[:, 4] + table[:, 3] - 5
    y = {
        "probability": (drawn.random(PEOPLE) < 1 / (1 + np.exp(-pull))).astype(float),
        "amount": np.maximum(0.0, drawn.normal(np.exp(pull / 2), 1.0)),
        "topic": drawn.integers(0, 2 + seed, PEOPLE).astype(float),
    }[kind]
    columns = fitted_columns(rows, INPUTS)
    x = made_ready(rows, columns)
    machine = recipes(kind)[place].make(Shape(WIDTH, (3,), (0, 3, 4)), seed).fit(x, target(kind, y))
    margins = machine.margin(x)
    calibration = Calibration("none", slope=1.0) if kind == "topic" else isotonic(margins, y)
    if kind == "probability" and seed % 2:
        calibration = platt(margins, y)
    linear, linear_share, trees, trees_share = machine.written()
    labels = tuple(map(str, range(2 + seed))) if kind == "topic" else ()
    model = ScoreModel(
        id="churn", version=1, features_version=1, kind=kind, algorithm="drawn", trained_at=0, people=PEOPLE,
        base_rate=0.5, columns=columns, calibration=calibration, known=Known(0, (0.0,), (0.0,)), linear=linear,
        linear_share=linear_share, trees=trees, trees_share=trees_share, labels=labels,
    )  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(model), type=ScoreModel), machine, columns, margins, y


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads of scikit-learn that wait for each other would make tests of many small calls slow."""
    with threadpool_limits(1):
        yield


def by_scikit_learn(kind: str, place: int, seed: int, raws: list[Raw]) -> np.ndarray:
    """The same values by scikit-learn's own estimators; the calibrated points are those that are served."""
    model, machine, columns, margins, y = taught(kind, place, seed)
    x = made_ready(raws, columns)
    if kind == "topic":
        said: np.ndarray = machine.pipeline.predict_proba(x)  # type: ignore[attr-defined]
        return said
    margin = machine.margin(x)
    if model.calibration.kind == "platt":
        fit = LogisticRegression(C=1e6, max_iter=1_000).fit(margins[:, :1], y)
        chances_: np.ndarray = fit.predict_proba(margin)[:, 1]
        return chances_
    points = IsotonicRegression(out_of_bounds="clip").fit(model.calibration.margins, model.calibration.values)
    values: np.ndarray = points.predict(margin[:, 0])
    return values


def raws() -> st.SearchStrategy[Raw]:
    number = st.none() | st.floats(-1e9, 1e9) | st.floats(0, 400) | st.integers(0, 6).map(float)
    return st.tuples(
        number.filter(lambda one: one is None or one >= 0),
        number.filter(lambda one: one is None or one >= 0),
        number,
        st.none() | st.integers(0, 5).map(float),
        number,
    )


@pytest.mark.parametrize(("kind", "place"), CASES)
@settings(max_examples=10, deadline=None)
@given(seed=st.sampled_from(SEEDS), given_rows=st.lists(raws(), min_size=1, max_size=30))
def test_score__any_model_and_person__equals_scikit_learn(
    kind: str, place: int, seed: int, given_rows: list[Raw]
) -> None:
    """Served values are scikit-learn's within 1e-9, with anything missing and anything out of bounds."""
    model = taught(kind, place, seed)[0]
    for raw, expected in zip(given_rows, by_scikit_learn(kind, place, seed, given_rows), strict=True):
        said = list(chances(model, raw).values()) if kind == "topic" else score(model, raw).value
        assert said == pytest.approx(list(expected) if kind == "topic" else expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_score__at_the_thresholds_of_trees__equals_scikit_learn(kind: str, place: int) -> None:
    """Where a column is at a threshold, or a last digit beside it, the same leaf is come to."""
    model, machine, columns, _, _ = taught(kind, place, 0)
    if model.trees is None:
        return

    trees = model.trees
    rows = []
    for column, threshold in zip(trees.columns, trees.thresholds, strict=True):
        for beside in (
            (np.nextafter(threshold, -np.inf), threshold, np.nextafter(threshold, np.inf)) if column >= 0 else ()
        ):
            row = np.zeros(len(columns))
            row[column] = beside
            rows.append(row)
    parts = getattr(machine, "trees", machine)
    expected = parts.margin(np.array(rows))[:, 0]
    assert [of_trees(trees, list(map(float, row))) for row in rows] == pytest.approx(list(expected), abs=1e-9)


def test_score__another_digit_of_a_weight__is_told_apart() -> None:
    """The comparison can fail: a model that differs by a millionth is not equal."""
    model = taught("probability", 0, 1)[0]
    assert model.linear is not None
    other = msgspec.structs.replace(
        model, linear=msgspec.structs.replace(model.linear, intercepts=(model.linear.intercepts[0] + 1e-6,))
    )
    raw = (100.0, 1.0, 3.0, 1.0, 0.0)
    assert score(other, raw).value != pytest.approx(by_scikit_learn("probability", 0, 1, [raw])[0], rel=1e-9, abs=1e-9)
