"""Drift that was planted is seen, and what is chance is not."""

from __future__ import annotations

import pytest

from chalicelib.segments.decay import LEAST_PEOPLE, Decay
from chalicelib.segments.psi import Reference, reference
from chalicelib.segments.watch import DriftReport, drift_report
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


def test_drift__a_score_that_decayed__alarms_with_the_report_and_is_said() -> None:
    """What a score said and what followed count beside where people lie."""
    decayed = Decay("churn", "auc", 0.8, 0.6, 0.2, 500, "alarm")
    report = drift_report(KEPT, people(LEAST_PEOPLE, 1), {}, {}, NOW, [decayed])
    assert report.verdict == "alarm"
    assert any("churn" in one.zh and "AUC" in one.zh for one in report.says)
