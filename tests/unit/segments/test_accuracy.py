"""How right scores are, by hand; and the rule of going live, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.segments.accuracy import MARGIN, Accuracy, auc, auc_error, ece, goes_live, mae

OLD = Accuracy(1_000, auc=0.80, ece=0.02, mae=40.0)


def test_auc__by_hand__counts_pairs_and_ties_in_half() -> None:
    """Of four pairs of one with and one without, two are in order, one is not, one is tied."""
    assert auc([0.9, 0.5, 0.5, 0.7], [True, True, False, False]) == pytest.approx(2.5 / 4)
    assert auc([0.9, 0.1], [True, False]) == 1
    assert auc([0.9], [True]) is None


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=2, max_size=40))
def test_auc__any_scores__is_that_of_all_pairs(drawn: list[tuple[float, bool]]) -> None:
    """It equals what counting every pair comes to, and the other way round is one less it."""
    held = [value for value, outcome in drawn if outcome]
    lacked = [value for value, outcome in drawn if not outcome]
    found = auc([value for value, _ in drawn], [outcome for _, outcome in drawn])
    if not held or not lacked:
        assert found is None
        return
    won = sum((one > other) + (one == other) / 2 for one in held for other in lacked)
    assert found == pytest.approx(won / len(held) / len(lacked))


def test_auc_error__by_hand__is_hanley_and_mcneils() -> None:
    """0.8 of 50 with and 50 without: Q1 = 0.6667, Q2 = 0.7111."""
    assert auc_error(0.8, 50, 50) == pytest.approx(
        ((0.16 + 49 * (2 / 3 - 0.64) + 49 * (1.28 / 1.8 - 0.64)) / 2500) ** 0.5
    )


def test_ece_and_mae__by_hand() -> None:
    """A tenth said and a half true is off by 0.4; amounts off by 1 and 3 are off by 2."""
    assert ece([0.1] * 100, [place % 2 == 0 for place in range(100)]) == pytest.approx(0.4)
    assert ece([], []) is None
    assert mae([1.0, 5.0], [2.0, 2.0]) == 2
    assert mae([], []) is None


@pytest.mark.parametrize(
    ("new", "old", "live", "code"),
    [
        (OLD, None, True, "first"),
        (OLD, OLD, True, "no_worse"),
        (Accuracy(1_000, auc=0.79, ece=0.02, mae=40.0), OLD, True, "no_worse"),
        (Accuracy(1_000, auc=0.78, ece=0.02, mae=40.0), OLD, False, "worse"),
        (Accuracy(1_000, auc=0.90, ece=0.04, mae=40.0), OLD, False, "worse"),
        (Accuracy(1_000, auc=0.90, ece=0.01, mae=41.0), OLD, False, "worse"),
        (Accuracy(1_000, mae=40.3), OLD, True, "no_worse"),
        (Accuracy(1_000), OLD, False, "not_measured"),
        (Accuracy(1_000, mae=1.0), Accuracy(1_000, auc=0.8), False, "not_measured"),
    ],
)
def test_goes_live__by_the_rule(new: Accuracy, old: Accuracy | None, live: bool, code: str) -> None:
    """No worse than the one in force by more than the margin in anything that both were measured by."""
    found = goes_live(new, old)
    assert (found.live, found.code) == (live, code)
    assert found.says.zh and found.says.en


@given(st.floats(0.5, 1), st.floats(0.5, 1), st.floats(0, 0.1))
def test_goes_live__any_aucs__never_the_worse_by_more_than_the_margin(new: float, old: float, margin: float) -> None:
    """What goes live is never worse by more than the margin; and without a margin what is better always does."""
    found = goes_live(Accuracy(9, auc=new), Accuracy(9, auc=old), margin)
    assert found.live == (old - new <= margin + 1e-9)
    assert goes_live(Accuracy(9, auc=max(new, old)), Accuracy(9, auc=min(new, old)), 0.0).live
    assert 0 < MARGIN < 0.05
