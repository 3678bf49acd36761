"""What a run of learning tells of those it looked at: metrics that an alarm listens to, log lines, the bus, and risks of the silent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from chalicelib.entrypoints import learning, models, queue_learning, schedule_timers, timing
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.models import learned
from chalicelib.flows.learning_job import Drift, LearningJob, job_row
from chalicelib.flows.services import Change
from chalicelib.flows.watch_models import drift_of
from chalicelib.kernel.moments import HOUR_MS, format_moment
from chalicelib.segments.score_model import Linear
from chalicelib.segments.segmentation import shipped_segmentations
from tests.entrypoints.service import Invocation, Shop, forget_composed, unique
from tests.entrypoints.test_outreach import PLAN, publish, suggestions
from tests.flows import decaying_world
from tests.flows.decaying_world import SCORE, in_force, later_run, sampled

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operate/drift.md").read_text()
DOCUMENTED = {"DriftAlarms", "DriftedModels", "DecayedScores", "DriftedFeatures"}
LINE = {"level", "location", "message", "timestamp", "service", "tenant", "job_id", "code", "count", "xray_trace_id"}
SCHEDULED = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
PEOPLE = 4
Read = Callable[[], str]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Change]]:
    """What both functions put on the bus."""
    told = list[Change]()

    def publish(changes: Sequence[Change]) -> None:
        told.extend(changes)

    monkeypatch.setattr(learning, "publish", publish)
    monkeypatch.setattr(timing, "publish", publish)
    learning.learning_services.cache_clear()
    yield told
    learning.learning_services.cache_clear()


@pytest.fixture
def people(shop: Shop) -> dict[str, str]:
    """Some people who looked at a page: what they are called → profile."""
    names = [unique("somebody") for _ in range(PEOPLE)]
    calls = [
        {
            "type": "track",
            "event": "Page Viewed",
            "userId": one,
            "messageId": unique("m"),
            "timestamp": format_moment(now() - HOUR_MS),
            "properties": {},
        }
        for one in names
    ]
    assert shop.send("/v1/batch", {"batch": calls}).status == 200
    shop.lambdas.ingest()
    return {one: shop.lookup("user_id", one).json["profile_id"] for one in names}


def finish(shop: Shop, drift: Drift | None) -> None:
    """The last range of a run that found this before it learned."""
    job = LearningJob(shop.tenant_id, unique("run"), "learn", "t_admin", now(), "assigning", drift=drift)
    job = replace(job, people=PEOPLE, ranges=1)
    assert learning.learning_jobs().advance(job_row(job, 1))
    models.models_in_force.cache_clear()
    body = json.dumps({"tenant": shop.tenant_id, "job_id": job.job_id, "part": "assign-0"})
    event = {"Records": [{"messageId": "m1", "body": body}]}
    assert queue_learning.learn_ranges(event, Invocation(900_000)) == {"batchItemFailures": []}  # type: ignore[operator]


def found(*, is_true: bool) -> Drift:
    """What a run finds of people who complain as the model knows, or not."""
    dice = Random(5)
    drift = drift_of(
        later_run(), sampled(500, dice, is_true=is_true), in_force(sampled(500, dice)), shipped_segmentations()
    )
    assert drift is not None
    return drift


def parted(written: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The line with the metrics, and the others."""
    lines = [json.loads(one) for one in written.splitlines()]
    (metrics,) = [one for one in lines if "_aws" in one]
    return metrics, [one for one in lines if "_aws" not in one]


def alarm() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load((ROOT / "infra/templates/learning.yaml").read_text())
    found: dict[str, Any] = whole["Resources"]["ModelsDriftedAlarm"]["Properties"]
    return found


def rings(metrics: dict[str, Any]) -> bool:
    """Whether CloudWatch would let the alarm of the template ring by such a line of this function."""
    listens, (told,) = alarm(), metrics["_aws"]["CloudWatchMetrics"]
    assert (listens["Namespace"], listens["ComparisonOperator"]) == (told["Namespace"], "GreaterThanThreshold")
    assert [[one["Name"] for one in listens["Dimensions"]]] == told["Dimensions"] == [["function"]]
    assert [one["Value"] for one in listens["Dimensions"]] == [{"Ref": "LearnRanges"}]
    assert listens["MetricName"] in {one["Name"] for one in told["Metrics"]}
    return bool(metrics[listens["MetricName"]] > listens["Threshold"])


@pytest.mark.parametrize("is_true", [False, True], ids=["decayed", "as it was"])
def test_run__that_looked_at_people__writes_the_metrics_that_the_alarm_listens_to(
    shop: Shop, people: dict[str, str], bus: list[Change], log: Read, *, is_true: bool
) -> None:
    """The names of the page, by function alone, 0 where there is nothing; the alarm rings by a decay and by nothing else."""
    finish(shop, found(is_true=is_true))
    metrics, lines = parted(log())
    assert set(re.findall(r"`(D[a-z]+(?:Alarms|Models|Scores|Features))`", PAGE)) == DOCUMENTED
    assert set(metrics) - {"_aws", "function"} == {*DOCUMENTED, "PeopleJudged", "PeopleJudgedAnew"}
    assert rings(metrics) is not is_true
    assert [metrics[one] for one in sorted(DOCUMENTED)] == ([0, 0, 0, 0] if is_true else [1, 1, 0, 0])
    warned = [one for one in lines if one["message"] == "models_drifted"]
    assert [(one["level"], one["tenant"], one["count"]) for one in warned] == (
        [] if is_true else [("WARNING", shop.tenant_id, 1)]
    )
    assert [one.detail["model"] for one in bus if one.type == "model.drifted"] == ([] if is_true else [SCORE])


def test_run__that_looked_at_people__writes_nothing_of_anybody(
    shop: Shop, people: dict[str, str], bus: list[Change], log: Read
) -> None:
    """Log lines have ids of tenant and run, codes and numbers; neither names nor profiles stand in any, nor on the bus of drift."""
    finish(shop, found(is_true=False))
    written = log()
    metrics, lines = parted(written)
    assert all(set(one) <= LINE for one in lines), lines
    assert all(isinstance(value, int | float) for name, value in metrics.items() if name not in ("_aws", "function"))
    told = json.dumps([one.detail for one in bus if one.type == "model.drifted"])
    for one in (*people, *people.values()):
        assert one not in written and one not in told


def test_run__that_had_no_model_to_watch__leaves_the_alarm_without_a_point(
    shop: Shop, people: dict[str, str], bus: list[Change], log: Read
) -> None:
    """Negative control: a first run, or one after a roll back, says nothing of drift; the alarm takes that for none."""
    finish(shop, None)
    metrics, _ = parted(log())
    assert set(metrics) - {"_aws", "function"} == {"PeopleJudged", "PeopleJudgedAnew"}
    assert alarm()["TreatMissingData"] == "notBreaching"


def likely_to_complain(tenant_id: str) -> None:
    """A score in force that expects a complaint of everybody."""
    known = decaying_world.model()
    model = replace(known, linear=Linear((4.0,), *([()] * 2), ((),), ()))
    made = decaying_world.version_of(model, "run_0", now() - HOUR_MS, b"{}")
    assert learned().keep(tenant_id, made)
    assert learned().publish(tenant_id, learned().head(tenant_id).with_published(made, made.at, "t_admin"))


def a_minute_of_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function that runs every minute; of so few people all are due by now."""
    monkeypatch.setattr(schedule_timers, "_AWAKE_MS", 0)
    schedule_timers.schedule_timers(SCHEDULED | {"detail": {}, "resources": []}, Invocation())  # type: ignore[operator]


def raised(bus: list[Change], people: dict[str, str]) -> list[str]:
    of = [one.detail for one in bus if one.type == "risk.raised" and one.detail["profile_id"] in people.values()]
    return sorted(str(one["profile_id"]) for one in of)


def test_run__whose_scores_let_a_risk_be_seen__is_followed_by_the_timers(
    shop: Shop, people: dict[str, str], bus: list[Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through both functions and the index: nobody sends an event, everybody is raised once, and the desk lists them."""
    planned = {**PLAN, "off": ["repeated_complaints"]}
    assert publish(shop, planned).status == 200
    likely_to_complain(shop.tenant_id)
    finish(shop, None)
    assert raised(bus, people) == [], "the run decides on nobody"
    for _ in range(2):
        a_minute_of_timers(monkeypatch)
        assert raised(bus, people) == sorted(people.values())
    listed = {(one["profile_id"], one["risk"]) for one in suggestions(shop)}
    assert listed >= {(one, "complaint_risk") for one in people.values()}
    forget_composed()
