"""What a drift report says, for the bus and for metrics: ids of models, indexes and verdicts, and nothing of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.flows.services import Change
from chalicelib.kernel.moments import format_moment
from chalicelib.segments.decay import ALARMS
from chalicelib.segments.watch import DriftReport, Shifted

_NAMED = 3


def drift_changes(tenant_id: str, report: DriftReport, versions: Mapping[str, int]) -> Iterator[Change]:
    """``model.drifted`` of each model that alarms. ``versions``: the models in force, id → version.

    Where many features shift and no model's answers do, every model in force reads what is no longer so.
    """
    if report.verdict != "alarm":
        return
    moved = {one.id: one for one in (*report.scores, *report.segments) if one.verdict == "alarm"}
    # Of several measures of a score the one by which it is worst is told.
    worst = sorted(
        (one for one in report.decay if one.verdict == "alarm"), key=lambda one: one.worse / ALARMS[one.measure]
    )
    decayed = {one.score: one for one in worst}
    farthest = [_shown(one) for one in report.features[:_NAMED] if one.verdict != "ok"]
    alarming = moved.keys() | decayed.keys() or versions.keys()
    for model in sorted(alarming & versions.keys()):
        shift, worse = moved.get(model), decayed.get(model)
        detail: dict[str, object] = {
            "tenant": tenant_id,
            "model": model,
            "version": versions[model],
            "at": format_moment(report.at),
            "people": report.people,
            "psi": None if shift is None else shift.psi,
            "decay": None if worse is None else {"measure": worse.measure, "trained": worse.trained, "now": worse.now},
            "features": farthest,
        }
        yield Change("model.drifted", detail)


def drift_counts(report: DriftReport) -> dict[str, int]:
    """Metrics by name. A count of 0 is told as well: it ends the alarm."""
    answers = (*report.scores, *report.segments)
    return {
        "DriftAlarms": int(report.verdict == "alarm"),
        "DriftedModels": sum(one.verdict == "alarm" for one in answers) if report.verdict else 0,
        "DecayedScores": len({one.score for one in report.decay if one.verdict == "alarm"}),
        "DriftedFeatures": sum(one.verdict == "alarm" for one in report.features) if report.verdict else 0,
    }


def _shown(one: Shifted) -> dict[str, object]:
    return {"feature": one.id, "psi": one.psi}
