"""What models are learned of, as it is written and read again."""

from __future__ import annotations

from array import array
from math import nan

from chalicelib.flows.learning_sample import Sample
from chalicelib.segments.features import features


def _row(value: float) -> list[float]:
    return [value, *([0.0] * (len(features()) - 1))]


def test_latest__of_several_cutoffs__is_of_the_last_that_the_score_has() -> None:
    """What somebody is judged by came up to the run itself; who tells nothing is left out."""
    numbers = array("d", [*_row(1.0), *_row(nan), *_row(3.0)])
    early, late = array("d", [0.0, 0.0, 0.0]), array("d", [1.0, 0.0, nan])
    sample = Sample(
        cuts={
            "30-0": (200, numbers, {"churn": late}),
            "30-1": (100, numbers, {"churn": early}),
            "90-0": (300, numbers, {"value": early}),
        }
    )
    rows, followed = sample.latest("churn")
    assert [row[0] for row in rows] == [1.0, None] and followed == [1.0, 0.0]
    assert sample.latest("complaint") == ([], [])
