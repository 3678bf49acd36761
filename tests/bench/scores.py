"""Learned scores: CPU of all six of a person, each as dear as its contest can make it, and of what moved them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from chalicelib.segments.effects import top_factors
from chalicelib.segments.score import score
from chalicelib.segments.score_model import Calibration, Known, ScoreModel
from chalicelib.segments.score_specs import ScoreSpec, score_specs
from chalicelib.training.scores.calibrate import isotonic
from chalicelib.training.scores.inputs import fitted_columns, inputs_of, made_ready
from chalicelib.training.scores.recipes import Shape, recipes, target
from tests.bench.measure import Row

PEOPLE, ASKED = 2_000, 200
BOUND_US = 200.0
_ROUNDS = 9


def rows() -> Iterator[Row]:
    """All six scores together against 200 µs; the model of each is the dearest that its contest has."""
    people = _people()
    with threadpool_limits(1):
        models = [_dearest(one, people) for one in score_specs().values()]
    asked = people[:ASKED]
    for model in models:
        each = _cpu_us(lambda row, model=model: score(model, row), asked)  # type: ignore[misc]
        print(f"  {model.id:16} {model.algorithm:26} {each:6.1f} µs, {len(msgspec.json.encode(model)):,} bytes")
    whole = _cpu_us(lambda row: [score(model, row) for model in models], asked)
    why = _cpu_us(lambda row: [top_factors(model, row) for model in models], asked[:20])
    yield Row(
        what="all six scores of a person, the dearest models",
        measured=f"{whole:.0f} µs",
        yardstick=f"{BOUND_US:.0f} µs",
        ratio=whole / BOUND_US,
        bound=1.0,
        note=f"What moved all six takes {why / 1000:.1f} ms more, where somebody asks for it.",
    )


def _people() -> list[tuple[float | None, ...]]:
    drawn = np.random.default_rng(7)
    width = 1 + max(one.place for spec in score_specs().values() for one in inputs_of(spec))
    table = drawn.poisson(drawn.exponential(3, width), (PEOPLE, width)) + drawn.random((PEOPLE, width))
    gaps = drawn.random((PEOPLE, width)) < 0.1
    return [
        tuple(None if gap else float(one) for one, gap in zip(*two, strict=True))
        for two in zip(table, gaps, strict=True)
    ]


def _dearest(spec: ScoreSpec, people: list[tuple[float | None, ...]]) -> ScoreModel:
    columns = fitted_columns(people, inputs_of(spec))
    x = made_ready(people, columns)
    drawn = np.random.default_rng(8)
    labels = spec.labels
    y = {
        "probability": (drawn.random(PEOPLE) < 1 / (1 + np.exp(-x[:, 0]))).astype(float),
        "amount": np.exp(x[:, 0]),
        "topic": drawn.permutation(np.arange(PEOPLE) % max(1, len(labels))).astype(float),
    }[spec.kind]
    recipe = recipes(spec.kind)[-1]
    machine = recipe.make(Shape(len(columns), (), tuple(range(7))), 7).fit(x, target(spec.kind, y))
    linear, linear_share, trees, trees_share = machine.written()
    calibration = Calibration("none") if labels else isotonic(machine.margin(x), y)
    made = ScoreModel(
        id=spec.id, version=1, features_version=1, kind=spec.kind, algorithm=recipe.name, trained_at=0, people=PEOPLE,
        base_rate=0.5, columns=columns, calibration=calibration, known=Known(0, (0.0, 5.0, 12.0), (0.0, 0.5, 1.0)),
        linear=linear, linear_share=linear_share, trees=trees, trees_share=trees_share, labels=labels,
    )  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(made), type=ScoreModel)


def _cpu_us(say: Callable[[tuple[float | None, ...]], object], people: list[tuple[float | None, ...]]) -> float:
    seen = []
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        for row in people:
            say(row)
        seen.append((time.process_time_ns() - began) / len(people) / 1_000)
    return median(seen)
