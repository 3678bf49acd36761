"""Scores without numpy: shapes of the model, links, what is missing, and how sure they are."""

from __future__ import annotations

import math

import msgspec
import pytest

from chalicelib.segments.model import Column, ScoreValue
from chalicelib.segments.score import between, chances, known_of, logistic, score
from chalicelib.segments.score_model import (
    ABOVE,
    IS,
    ITSELF,
    OVER,
    Calibration,
    Known,
    Linear,
    ScoreModel,
    Trees,
)

COLUMNS = (
    Column("tenure_days", 0, 0.0, 0.0, 100.0, is_log=False, center=10.0, scale=2.0),
    Column("kind", 1, -1.0, -1.0, 3.0, is_log=False, center=0.0, scale=1.0),
)
LINEAR = Linear(
    intercepts=(0.5,),
    bases=((0, ITSELF, 0.0), (0, ABOVE, 1.0), (0, OVER, 1.0), (1, IS, 2.0)),
    pairs=((0, 3),),
    weights=((1.0, 10.0, 100.0, 1000.0, 10_000.0),),
    means=(0.0,) * 5,
)
TREES = Trees(
    start=0.25,
    roots=(0, 3),
    columns=(0, -1, -1, -1),
    thresholds=(1.5, 0.0, 0.0, 0.0),
    lefts=(1, 0, 0, 0),
    rights=(2, 0, 0, 0),
    values=(0.0, -2.0, 4.0, 0.125),
    covers=(10.0, 5.0, 5.0, 10.0),
)
MODEL = ScoreModel(
    id="churn",
    version=3,
    features_version=1,
    kind="amount",
    algorithm="by hand",
    trained_at=0,
    people=10,
    base_rate=0.5,
    columns=COLUMNS,
    calibration=Calibration("none"),
    known=Known(0, (0.0, 4.0), (0.0, 0.8)),
    linear=LINEAR,
    linear_share=1.0,
)


def changed(**parts: object) -> ScoreModel:
    return msgspec.structs.replace(MODEL, **parts)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ((10.0, 0.0), 0.5),  # x = 0: nothing but the intercept
        ((14.0, 0.0), 0.5 + 2 + 10 * 1 + 100),  # x = 2: itself, above 1, over 1
        ((14.0, 2.0), 0.5 + 2 + 10 + 100 + 1000 + 10_000 * 2),  # and the category, and the product
        ((None, 2.0), 0.5 - 5 + 1000 + 10_000 * -5),  # missing days are 0 days
        ((1e9, None), 0.5 + 45 + 10 * 44 + 100),  # more than the bound is the bound
    ],
)
def test_score__linear_part__adds_bases_and_products(raw: tuple[float | None, ...], value: float) -> None:
    """A margin is the intercept, and weights over columns, their parts, categories and products."""
    assert score(MODEL, raw).value == pytest.approx(value)


def test_score__trees__go_left_up_to_the_threshold() -> None:
    """A node sends left what is at most its threshold; every tree adds its leaf to the start."""
    trees = changed(linear=None, linear_share=0.0, trees=TREES, trees_share=1.0)
    assert score(trees, (13.0, 0.0)).value == 0.25 - 2.0 + 0.125
    assert score(trees, (13.1, 0.0)).value == 0.25 + 4.0 + 0.125


def test_score__both_parts__are_weighed_by_their_shares() -> None:
    """A blend adds its parts in the margin."""
    both = changed(linear_share=0.25, trees=TREES, trees_share=0.75)
    assert score(both, (10.0, 0.0)).value == 0.25 * 0.5 + 0.75 * (0.25 - 2.0 + 0.125)


def test_score__isotonic__is_straight_between_points_and_level_beyond() -> None:
    """A calibrated value lies between the values of its neighbours, and never beyond the outermost."""
    places, heights = (-1.0, 0.0, 2.0), (0.1, 0.3, 0.9)
    assert [between(places, heights, one) for one in (-9.0, -1.0, -0.5, 0.0, 1.0, 2.0, 9.0)] == pytest.approx(
        [0.1, 0.1, 0.2, 0.3, 0.6, 0.9, 0.9]
    )


def test_score__extreme_margins__are_probabilities() -> None:
    """A margin of any size is a probability, and raises nothing."""
    assert logistic(1e6) == pytest.approx(1.0)
    assert logistic(-1e6) == pytest.approx(0.0, abs=1e-300)
    steep = changed(kind="probability", calibration=Calibration("platt", slope=1e9))
    assert score(steep, (100.0, 2.0)).value == 1.0


def test_score__topics__is_the_likeliest_with_its_label() -> None:
    """Of topics the value is the probability of the likeliest; all probabilities add up to 1."""
    topics = msgspec.structs.replace(
        LINEAR, intercepts=(0.0, 1.0, 2.0), pairs=(), weights=((0.0,) * 4, (0.0,) * 4, (-10.0, 0.0, 0.0, 0.0))
    )
    model = changed(kind="topic", linear=topics, labels=("logistics", "refund", "fault"))
    raised = [1.0, math.e, math.e**2]
    assert chances(model, (10.0, 0.0)) == pytest.approx(
        dict(zip(model.labels, (one / sum(raised) for one in raised), strict=True))
    )
    assert score(model, (10.0, 0.0)).label == "fault"
    assert score(model, (20.0, 0.0)).label == "refund"


def test_score__of_whom_nothing_is_known__is_not_sure() -> None:
    """Somebody new, with nothing done yet, is scored with no confidence; the more is known, the more of it."""
    new, seen, old = ((0.0, None), (3.0, 1.0), (90.0, 1.0))
    assert [known_of(MODEL, one) for one in (new, seen)] == [0.0, math.log2(4) + math.log2(3)]
    sure = [score(MODEL, one).confidence for one in (new, (1.0, None), seen, old)]
    assert sure[0] == 0.0
    assert sure == sorted(sure)
    assert sure[-1] == 0.8


def test_model__through_json__says_the_same() -> None:
    """What is stored says what was learned, to the last digit."""
    both = changed(linear_share=0.3, trees=TREES, trees_share=0.7)
    again = msgspec.json.decode(msgspec.json.encode(both), type=ScoreModel)
    assert again == both
    said = score(again, (13.3, 2.0))
    assert isinstance(said, ScoreValue) and said == score(both, (13.3, 2.0))
