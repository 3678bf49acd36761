"""What features did to a score adds up to it, and is what Shapley says of trees."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.segments.effects import effects, top_factors
from chalicelib.segments.model import Column, scaled
from chalicelib.segments.score import margins
from chalicelib.segments.score_model import ABOVE, ITSELF, OVER, Calibration, Known, Linear, ScoreModel, Trees

WIDTH = 4
FINITE = st.floats(-5, 5, allow_nan=False)
IDS = ("tenure_days", "contacts_30d", "orders_90d", "satisfaction")
COLUMNS = tuple(
    Column(name, place, 0.5, -4.0, 4.0, is_log=False, center=0.0, scale=1.0) for place, name in enumerate(IDS)
)


@st.composite
def linears(draw: st.DrawFn) -> Linear:
    kinds = st.sampled_from((ITSELF, ABOVE, OVER))
    bases = tuple(draw(st.lists(st.tuples(st.integers(0, WIDTH - 1), kinds, FINITE), min_size=2, max_size=8)))
    places = st.integers(0, len(bases) - 1)
    pairs = tuple(draw(st.lists(st.tuples(places, places), max_size=3)))
    size = len(bases) + len(pairs)
    row = st.lists(FINITE, min_size=size, max_size=size).map(tuple)
    return Linear((draw(FINITE),), bases, pairs, (draw(row),), draw(row))


@st.composite
def forests(draw: st.DrawFn) -> Trees:
    """Up to three trees of up to three levels, with people who came by."""
    parts: tuple[list[float], ...] = ([], [], [], [], [], [])
    columns, thresholds, lefts, rights, values, covers = parts

    def grow(cover: int, depth: int) -> int:
        node = len(columns)
        is_leaf = depth == 0 or cover < 2 or draw(st.integers(0, 3)) == 0
        columns.append(-1 if is_leaf else draw(st.integers(0, WIDTH - 1)))
        thresholds.append(0.0 if is_leaf else draw(FINITE))
        values.append(draw(FINITE) if is_leaf else 0.0)
        covers.append(float(cover))
        lefts.append(0)
        rights.append(0)
        if not is_leaf:
            part = draw(st.integers(1, cover - 1))
            lefts[node], rights[node] = grow(part, depth - 1), grow(cover - part, depth - 1)
        return node

    roots = [grow(draw(st.integers(2, 50)), 3) for _ in range(draw(st.integers(1, 3)))]
    return Trees(draw(FINITE), tuple(roots), *(tuple(one) for one in parts))  # type: ignore[arg-type]


@st.composite
def models(draw: st.DrawFn) -> ScoreModel:
    share = draw(st.sampled_from((0.0, 0.3, 1.0)))
    return ScoreModel(
        id="churn", version=1, features_version=1, kind="probability", algorithm="drawn", trained_at=0, people=9,
        base_rate=0.5, columns=COLUMNS, calibration=Calibration("platt"), known=Known(0, (0.0,), (0.0,)),
        linear=draw(linears()) if share else None, linear_share=share,
        trees=draw(forests()) if share < 1 else None, trees_share=1 - share,
    )  # fmt: skip


ROWS = st.lists(st.none() | FINITE, min_size=WIDTH, max_size=WIDTH).map(tuple)


@given(model=models(), raw=ROWS)
def test_effects__with_the_average__are_the_margin(model: ScoreModel, raw: tuple[float | None, ...]) -> None:
    """What each feature did and the average of everybody add up to the margin, whatever the model is made of."""
    told = effects(model, raw)
    assert told.average + sum(told.of.values()) == pytest.approx(margins(model, scaled(COLUMNS, raw))[0], abs=1e-9)


@given(trees=forests(), raw=ROWS)
def test_effects__of_trees__are_shapley_values(trees: Trees, raw: tuple[float | None, ...]) -> None:
    """A feature's effect is its mean contribution over all orders in which features can become known."""
    x = scaled(COLUMNS, raw)
    model = msgspec.structs.replace(BARE, trees=trees, trees_share=1.0)
    found = effects(model, raw).of
    for column in range(WIDTH):
        others = [one for one in range(WIDTH) if one != column]
        value = 0.0
        for size in range(WIDTH):
            weight = factorial(size) * factorial(WIDTH - 1 - size) / factorial(WIDTH)
            for known in combinations(others, size):
                value += weight * (_expected(trees, x, {*known, column}) - _expected(trees, x, {*known}))
        assert found[IDS[column]] == pytest.approx(value, abs=1e-9)


def _expected(trees: Trees, x: tuple[float, ...], known: set[int]) -> float:
    """What trees say where only some columns are known: at the others people go as people did."""

    def below(node: int) -> float:
        column = trees.columns[node]
        if column < 0:
            return trees.values[node]
        left, right = trees.lefts[node], trees.rights[node]
        if column in known:
            return below(left if x[column] <= trees.thresholds[node] else right)
        return (trees.covers[left] * below(left) + trees.covers[right] * below(right)) / trees.covers[node]

    return trees.start + sum(below(root) for root in trees.roots)


BARE = ScoreModel(
    id="churn", version=1, features_version=1, kind="probability", algorithm="none", trained_at=0, people=9,
    base_rate=0.5, columns=COLUMNS, calibration=Calibration("platt"), known=Known(0, (0.0,), (0.0,)),
)  # fmt: skip


def test_top_factors__strongest_first__with_names_direction_and_value() -> None:
    """The strongest features are named in both languages, with the way they moved the score and what was read."""
    bases = tuple((place, ITSELF, 0.0) for place in range(WIDTH))
    linear = Linear((0.0,), bases, (), ((1.0, -3.0, 0.0, 2.0),), (0.0,) * WIDTH)
    found = top_factors(msgspec.structs.replace(BARE, linear=linear, linear_share=1.0), (1.0, 2.0, 3.0, None))
    assert [(one.feature, one.direction, one.effect, one.value) for one in found] == [
        ("contacts_30d", "lowers", -6.0, 2.0),
        ("satisfaction", "raises", 1.0, None),
        ("tenure_days", "raises", 1.0, 1.0),
    ]
    assert (found[0].names.zh, found[0].names.en) == ("近30天联系次数", "contacts in 30 days")
