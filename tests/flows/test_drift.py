"""A run looks at its people by the models in force before it learns: a drift is told once, none is told of none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from chalicelib.flows.describe_models import list_models
from chalicelib.flows.model_views import RunView
from chalicelib.flows.services import Change
from chalicelib.flows.tell_drift import drift_counts
from chalicelib.segments.trained import Trained
from chalicelib.store.learned import MOST_REPORT_BYTES
from tests.flows.learning_world import SMALL, Learning, somebody
from tests.flows.world import TENANT_ID

PEOPLE = 300


def world_of(many: int = PEOPLE) -> Learning:
    world = Learning(many, replace(SMALL, people_per_range=100, page_items=50, chunk_people=100))
    world.score = lambda *_: Trained(None, held="too_few_people")
    return world


def become(world: Learning, numbers: Sequence[int]) -> None:
    """Each person behaves as another one of these does."""
    for place, (key, row) in enumerate(world.profiles.rows.items()):
        other = somebody(numbers[place])
        world.profiles.rows[key] = replace(row, body=other.body)


def all_buy(world: Learning) -> None:
    """The drift that is planted: who bought nothing buys as much as a third of people did."""
    become(world, [place * 3 for place in range(len(world.profiles.rows))])


def drifted(world: Learning) -> list[Change]:
    return [one for one in world.published if one.type == "model.drifted"]


def shown(world: Learning, run: str) -> RunView:
    return next(one for one in list_models(TENANT_ID, world.models(), world.learned, world.jobs).runs if one.run == run)


def again(world: Learning, run: str = "run_2") -> RunView:
    world.now += 1_000
    assert world.run(run).phase == "finished"
    return shown(world, run)


def test_drift__planted__is_seen_kept_with_the_run_and_told_once() -> None:
    """Each model that alarms is told of once, as the version that was in force before the run, and metrics count it."""
    world = world_of()
    world.run()
    all_buy(world)
    found = again(world).drift
    assert found is not None and found.verdict == "alarm" and found.people == PEOPLE
    assert found.segments[0].psi > 0.25 and found.segments[0].verdict == "alarm"
    assert all(one.zh.strip() and one.en.strip() for one in found.says) and "PSI" in found.says[0].zh
    told = [(one.detail["model"], one.detail["version"]) for one in drifted(world)]
    assert ("customers", 1) in told and len(told) == len(set(told))
    drift = world.job("run_2").drift
    assert drift is not None and drift_counts(drift.report)["DriftAlarms"] == 1


def test_drift__of_nobody__is_silent() -> None:
    """Negative control: the same behaviour among people in another order is no drift, and a first run says nothing."""
    world = world_of()
    first = world.run()
    assert first.drift is None and shown(world, "run_1").drift is None
    become(world, [*reversed(range(PEOPLE))])
    found = again(world).drift
    assert found is not None and (found.verdict, found.models["customers"]) == ("ok", 1)
    assert [one.zh for one in found.says] == ["与训练时一致。"]
    assert drifted(world) == []
    drift = world.job("run_2").drift
    assert drift is not None and set(drift_counts(drift.report).values()) == {0}


def test_drift__learned_since__is_over() -> None:
    """The next run compares with what the last one learned: who was told of is not told of again."""
    world = world_of()
    world.run()
    all_buy(world)
    again(world)
    world.published.clear()
    found = again(world, "run_3").drift
    assert found is not None and (found.verdict, found.models["customers"]) == ("ok", 2)
    assert drifted(world) == []


def test_drift__whose_retrain_is_held__is_told_again() -> None:
    """What was not learned is still otherwise than the models in force know it."""
    world = world_of()
    world.run()
    all_buy(world)
    learn = world.segments
    world.segments = lambda *given: replace(learn(*given), held="renamed")  # type: ignore[arg-type]
    again(world)
    world.published.clear()
    assert again(world, "run_3").drift is not None
    assert ("customers", 1) in {(one.detail["model"], one.detail["version"]) for one in drifted(world)}


def test_drift__of_too_few_people__is_not_said() -> None:
    """Of a small tenant the verdict is null, and nothing is told."""
    world = world_of(60)
    world.run()
    all_buy(world)
    found = again(world).drift
    assert found is not None and found.verdict is None and drifted(world) == []


def test_reference__is_kept_with_the_version_and_not_shown() -> None:
    """It is of the features that the model reads and of its own answers, and leaves room for the rest of the report."""
    world = world_of()
    world.run()
    version = world.learned.load(TENANT_ID, "customers", 1)
    assert version is not None and len(version.report) < MOST_REPORT_BYTES // 2
    kept = msgspec.json.decode(version.report)["reference"]
    assert (kept["people"], [*kept["features"]], [*kept["segments"]]) == (PEOPLE, ["orders_90d"], ["customers"])
    view = next(
        one for one in list_models(TENANT_ID, world.models(), world.learned, world.jobs).models if one.id == "customers"
    )
    assert [*view.versions[0].report] == ["contest"]


def test_retrain__that_is_worse__stays_out_and_drift_goes_on_by_the_old_one() -> None:
    """The version is kept as worse; the one in force is still the one that people are compared with."""
    world = world_of()
    world.run()
    learn = world.segments
    world.segments = lambda *given: replace(learn(*given), held="worse")  # type: ignore[arg-type]
    again(world)
    assert world.learned.versions(TENANT_ID, "customers", limit=1)[0].state == "worse"
    found = again(world, "run_3").drift
    assert found is not None and found.models["customers"] == 1
