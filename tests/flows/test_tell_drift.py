"""Who listens is told which models drifted, once each, and metrics are told that none does, too."""

from __future__ import annotations

from chalicelib.flows.tell_drift import drift_changes, drift_counts
from chalicelib.segments.decay import Decay
from chalicelib.segments.watch import DriftReport, drift_report
from tests.unit.segments.people import people
from tests.unit.segments.test_watch import CALMER, KEPT, NOW, compared

VERSIONS = {"churn": 3, "customers": 5, "value": 1}


def told(report: DriftReport) -> list[dict[str, object]]:
    return [one.detail for one in drift_changes("acme", report, VERSIONS)]


def test_tell_drift__models_whose_answers_moved__are_named_with_their_version() -> None:
    """One event for each model that alarms, with the farthest features; none for one that does not."""
    report = compared(KEPT, people(1_000, 1, CALMER))
    found = told(report)
    assert [(one["model"], one["version"]) for one in found] == [("churn", 3), ("customers", 5)]
    assert {one["feature"] for one in found[0]["features"]} == CALMER.keys()  # type: ignore[attr-defined]
    assert drift_counts(report) == {"DriftAlarms": 1, "DriftedModels": 2, "DecayedScores": 0, "DriftedFeatures": 3}


def test_tell_drift__a_score_that_decayed__says_by_what() -> None:
    """A decay alarms by itself, and says the measure, then and now."""
    decay = Decay("value", "mae", 10.0, 14.0, 0.4, 500, "alarm")
    report = drift_report(KEPT, people(300, 1), {}, {}, NOW, [decay])
    (found,) = told(report)
    assert found["model"] == "value"
    assert found["decay"] == {"measure": "mae", "trained": 10.0, "now": 14.0}
    assert drift_counts(report)["DecayedScores"] == 1


def test_tell_drift__many_features_and_no_answer__names_every_model() -> None:
    """Where a fifth of all features shifted, everything that reads them is in doubt."""
    report = drift_report(KEPT, people(500, 2, dict.fromkeys([*KEPT.features][5:25], 5.0)), {}, {}, NOW)
    assert [one["model"] for one in told(report)] == ["churn", "customers", "value"]


def test_tell_drift__nothing_alarming__tells_nothing_and_counts_zero() -> None:
    """Negative control: people as they were are no event, and every count is told as 0, which ends an alarm."""
    report = compared(KEPT, people(500, 2))
    assert told(report) == []
    assert set(drift_counts(report).values()) == {0}
