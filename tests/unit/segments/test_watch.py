"""Drift that was planted is seen, what is chance is not, and a score that gets worse is told from one that does not."""

from __future__ import annotations

from random import Random

import pytest

from chalicelib.segments.accuracy import Accuracy, of_amounts, of_shares
from chalicelib.segments.psi import Reference, reference
from chalicelib.segments.watch import (
    LEAST_OUTCOMES,
    LEAST_PEOPLE,
    DriftReport,
    decay_of_amount,
    decay_of_share,
    drift_report,
)
from tests.unit.segments.people import Row, people, score_of, segments_of

NOW = 1_767_225_600_000
CALMER = {"complaints_180d": 0.3, "contacts_30d": 0.4, "silent_days": 0.2}


def learned_of(rows: list[Row]) -> Reference:
    return reference(rows, {"churn": [score_of(row) for row in rows]}, segments_of(rows))


def compared(kept: Reference, rows: list[Row]) -> DriftReport:
    return drift_report(kept, rows, {"churn": [score_of(row) for row in rows]}, segments_of(rows), NOW)


KEPT = learned_of(people(4_000, 0))


@pytest.mark.parametrize("many", [LEAST_PEOPLE, 1_000])
def test_drift__other_people_of_the_same_kind__is_none_in_forty_draws(many: int) -> None:
    """Negative control: chance alone moves nothing, of any feature, score or segment, however few people there are."""
    for seed in range(1, 41):
        found = compared(KEPT, people(many, seed))
        assert found.verdict == "ok", [
            one for one in (*found.features, *found.scores, *found.segments) if one.verdict != "ok"
        ]
        assert [one.zh for one in found.says] == ["与训练时一致。"]


@pytest.mark.parametrize("seed", range(1, 6))
def test_drift__one_feature_of_three_times_as_much__is_watched_and_stands_first(seed: int) -> None:
    """Everybody spends three times as much: that feature is the farthest, and no score shifts by it."""
    found = compared(KEPT, people(1_000, seed, {"spend_90d": 3.0}))
    assert found.verdict == "watch"
    assert found.features[0].id == "spend_90d"
    assert found.features[0].psi > 0.25
    assert found.scores[0].verdict == "ok"
    assert "PSI" in found.says[0].en and "PSI" in found.says[0].zh


@pytest.mark.parametrize("seed", range(1, 6))
def test_drift__what_a_score_rests_on_moved__alarms(seed: int) -> None:
    """A drift of the features behind a score moves the score and the segments, and that alarms."""
    found = compared(KEPT, people(1_000, seed, CALMER))
    assert found.verdict == "alarm"
    assert {one.id for one in found.features[:3]} == CALMER.keys()
    assert found.scores[0].verdict == found.segments[0].verdict == "alarm"


def test_drift__a_fifth_of_all_features_moved__alarms_whatever_scores_say() -> None:
    """Many features that shift together are a source that broke, and not a season."""
    many = {id_: 5.0 for id_ in [*KEPT.features][5:25] if id_ not in CALMER}
    rows = people(1_000, 3, many)
    found = drift_report(KEPT, rows, {}, {}, NOW)
    assert found.verdict == "alarm"
    assert found.scores == found.segments == ()


def test_drift__against_a_reference_of_the_same_shifted_people__is_none() -> None:
    """Negative control: what alarms is the distance to the reference, and not the people."""
    assert compared(learned_of(people(4_000, 0, CALMER)), people(1_000, 3, CALMER)).verdict == "ok"


def test_drift__of_few_people__says_nothing() -> None:
    """Below the least number there is no verdict, however far they lie."""
    found = compared(KEPT, people(LEAST_PEOPLE - 1, 1, CALMER))
    assert found.verdict is None
    assert found.says[0].en == "There are too few people to tell."


def test_drift__a_score_that_the_reference_does_not_know__is_not_compared() -> None:
    """A new score and a feature of another version have nothing to be compared with."""
    kept = Reference(1, 10, {"gone": next(iter(KEPT.features.values()))}, {}, {})
    found = drift_report(kept, people(LEAST_PEOPLE, 1), {"churn": []}, {"customers": {}}, NOW)
    assert (found.features, found.scores, found.segments, found.verdict) == ((), (), (), "ok")


def outcomes(many: int, seed: int, noise: float = 0.0, by: float = 1.0) -> tuple[list[float], list[bool]]:
    """A calibrated score and what followed; with noise it knows less, and ``by`` makes outcomes rarer than it says."""
    dice = Random(seed)
    truth = [dice.betavariate(1, 3) for _ in range(many)]
    followed = [dice.random() < one * by for one in truth]
    return [dice.betavariate(1, 3) if dice.random() < noise else one for one in truth], followed


TRAINED = of_shares(*outcomes(20_000, 0))


@pytest.mark.parametrize("many", [LEAST_PEOPLE, 1_000, 5_000])
def test_decay__a_score_as_right_as_it_was__is_ok_in_sixty_draws(many: int) -> None:
    """Negative control: a score that is what it was is never said to be less right."""
    for seed in range(1, 61):
        found = decay_of_share("churn", TRAINED, *outcomes(many, seed))
        assert all(one.verdict == "ok" for one in found), found


@pytest.mark.parametrize("seed", range(1, 6))
def test_decay__half_of_it_noise__alarms(seed: int) -> None:
    """A score that tells people apart less well alarms by its AUC, and the report with it."""
    found = decay_of_share("churn", TRAINED, *outcomes(3_000, seed, noise=0.5))
    auc = next(one for one in found if one.measure == "auc")
    assert auc.verdict == "alarm" and auc.now < auc.trained and auc.worse > 0.05
    report = drift_report(KEPT, people(LEAST_PEOPLE, seed), {}, {}, NOW, found)
    assert report.verdict == "alarm"
    assert any("churn" in one.zh and "AUC" in one.zh for one in report.says)


@pytest.mark.parametrize("seed", range(1, 6))
def test_decay__outcomes_half_as_frequent__is_seen_by_calibration(seed: int) -> None:
    """A score that orders people as well as before, and says twice what comes true, is found by its calibration error."""
    found = {one.measure: one for one in decay_of_share("churn", TRAINED, *outcomes(3_000, seed, by=0.5))}
    assert found["ece"].verdict == "alarm"


def test_decay__too_few_outcomes__says_nothing() -> None:
    """Below the least numbers of people, or of those with the outcome, nothing is said."""
    said, followed = outcomes(1_000, 1)
    assert decay_of_share("churn", TRAINED, said[: LEAST_PEOPLE - 1], followed[: LEAST_PEOPLE - 1]) == ()
    rare = [place < LEAST_OUTCOMES - 1 for place in range(1_000)]
    assert decay_of_share("churn", TRAINED, said, rare) == ()
    assert decay_of_amount("value", Accuracy(10), said, said) == ()


@pytest.mark.parametrize("seed", range(1, 6))
def test_decay__amounts__by_their_mean_error(seed: int) -> None:
    """A mean error half as much again alarms; one of the same spread does not."""

    def drawn(seed: int, spread: float) -> tuple[list[float], list[float]]:
        dice = Random(seed)
        said = [dice.lognormvariate(3, 1) for _ in range(2_000)]
        return said, [one + dice.gauss(0, spread) for one in said]

    trained = of_amounts(*drawn(0, 10))
    (same,) = decay_of_amount("value", trained, *drawn(seed, 10))
    (worse,) = decay_of_amount("value", trained, *drawn(seed, 15))
    assert (same.verdict, worse.verdict) == ("ok", "alarm")
