"""A score that is no longer right, or says something else, is told of once and rings; of chance and of people who are alike nothing is."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import replace

from chalicelib.flows.learning_job import Drift
from chalicelib.flows.learning_sample import Sample
from chalicelib.flows.services import Change
from chalicelib.flows.tell_drift import drift_changes, drift_counts
from chalicelib.flows.watch_models import drift_of
from chalicelib.kernel.moments import DAY_MS
from chalicelib.segments import decay
from chalicelib.segments.decay import LEAST_OUTCOMES
from chalicelib.segments.segmentation import shipped_segmentations
from chalicelib.segments.trained import Trained
from chalicelib.training import served
from tests.flows.decaying_world import SCORE, in_force, later_run, live, sampled, town
from tests.flows.learning_world import SMALL, Learning
from tests.flows.world import TENANT_ID

PEOPLE, SEEDS = 350, 20


def drifted(world: Learning) -> list[Change]:
    return [one for one in world.published if one.type == "model.drifted"]


def next_run(world: Learning, number: int, *, is_true: bool, people: int = PEOPLE) -> Drift:
    """Everybody lives for two months, and the tenant learns again."""
    world.now += 60 * DAY_MS
    live(world, people, number, is_true=is_true)
    assert world.run(f"run_{number}").phase == "finished"
    drift = world.job(f"run_{number}").drift
    assert drift is not None
    return drift


def compared(before: Sample, now: Sample) -> Drift:
    """What the next run finds of people, by the model that was learned of others."""
    found = drift_of(later_run(), now, in_force(before), shipped_segmentations())
    assert found is not None and found.report.decay, "it is compared"
    return found


def test_decay__planted__is_told_once_and_rings() -> None:
    """Who complains is no longer who asked much: the next run says so of the version in force, by its measure, and counts it."""
    world = town(PEOPLE, 1)
    world.run()
    drift = next_run(world, 2, is_true=False)
    worst = {one.measure: one for one in drift.report.decay}["auc"]
    assert (worst.verdict, worst.score) == ("alarm", SCORE) and worst.now < 0.6 and worst.trained > 0.75
    (told,) = drifted(world)
    assert (told.detail["model"], told.detail["version"]) == (SCORE, 1)
    assert told.detail["decay"] == {"measure": worst.measure, "trained": worst.trained, "now": worst.now}
    assert drift_counts(drift.report)["DriftAlarms"] == 1 and drift_counts(drift.report)["DecayedScores"] == 1
    assert any("不如训练时准确" in one.zh and "less right" in one.en for one in drift.report.says)
    again = next_run(world, 3, is_true=False)
    assert drift_counts(again.report)["DecayedScores"] == 0, "it was learned anew since: that is how right it is"
    assert len(drifted(world)) == 1


def test_decay__of_people_who_complain_as_before__is_not_told() -> None:
    """Negative control: two months later everybody has asked anew, complained anew, and is known for longer."""
    world = town(PEOPLE, 1)
    world.run()
    for number in (2, 3):
        drift = next_run(world, number, is_true=True)
        assert drift.report.decay and {one.verdict for one in drift.report.decay} == {"ok"}
        assert drift_counts(drift.report)["DriftAlarms"] == drift_counts(drift.report)["DecayedScores"] == 0
    assert drifted(world) == []


def test_decay__of_the_retrain_that_is_held__is_told_again() -> None:
    """What was not learned is still less right: the version in force is told of until it is replaced."""
    world = town(PEOPLE, 1)
    world.run()
    train = world.score
    world.score = lambda *given: replace(train(*given), held="worse" if given[3].id == SCORE else "too_few_people")
    for number in (2, 3):
        next_run(world, number, is_true=False)
    assert [one.detail["version"] for one in drifted(world)] == [1, 1]


def test_decay__in_a_world_where_everybody_came_on_one_day__is_not_told() -> None:
    """By real training: everybody's tenure is the same, other at each cutoff. People do as they did before.

    The figures of training are those of the latest cutoff, as the next run's are; over all cutoffs they were other people's.
    """
    world = Learning(510, replace(SMALL, people_per_range=300, page_items=300, chunk_people=300, scored_people=510))
    world.segments = lambda *_: Trained(None, held=served.TOO_FEW)
    world.score = lambda *given: served.score(*given) if given[3].id == "value" else Trained(None, held=served.TOO_FEW)
    world.run()
    world.now += 1_000
    world.run("run_2")
    drift = world.job("run_2").drift
    assert drift is not None and [one.score for one in drift.report.decay] == ["value"]
    assert (drift.report.decay[0].verdict, drift.report.verdict) == ("ok", "ok")
    assert drifted(world) == []


@pytest.mark.parametrize("people", [250, 1_000])
def test_decay__of_chance_alone__is_told_in_none_of_twenty_draws(people: int) -> None:
    """The rate at which nothing is taken for a decay, or for a shift of what a score says."""
    for seed in range(SEEDS):
        dice = Random(seed)
        report = compared(sampled(people, dice), sampled(people, dice)).report
        assert [one for one in (*report.decay, *report.scores) if one.verdict != "ok"] == []
        assert list(drift_changes(TENANT_ID, report, {SCORE: 1})) == []


def test_decay__that_is_planted__is_told_in_all_of_twenty_draws() -> None:
    """The rate at which it is found in a thousand people; the answers of the score have not moved."""
    for seed in range(SEEDS):
        dice = Random(seed)
        report = compared(sampled(1_000, dice), sampled(1_000, dice, is_true=False)).report
        assert report.verdict == "alarm" and report.scores[0].verdict == "ok"
        assert [one.detail["model"] for one in drift_changes(TENANT_ID, report, {SCORE: 1})] == [SCORE]


def test_decay__without_the_bound_of_chance__would_be_told_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: by the difference alone, small tenants would hear of a decay that is none."""
    monkeypatch.setattr(decay, "SURE", 0.0)
    monkeypatch.setattr(decay, "_NORMAL_MEAN", 0.0)
    told = 0
    for seed in range(SEEDS):
        dice = Random(seed)
        told += compared(sampled(250, dice), sampled(250, dice)).report.verdict != "ok"
    assert told > SEEDS // 4


@pytest.mark.parametrize("asked", [0, 4, 9])
def test_decay__of_people_who_are_all_alike__is_not_told(asked: int) -> None:
    """A degenerate world: everybody asked as often. The score says one thing of all, which comes true, and tells nobody apart."""
    for seed in range(10):
        dice = Random(seed)
        found = drift_of(
            later_run(), sampled(1_000, dice, of=[asked]), in_force(sampled(1_000, dice)), shipped_segmentations()
        )
        assert found is not None and {one.verdict for one in found.report.decay} <= {"ok"}


def test_decay__of_few_outcomes__is_not_said() -> None:
    """Where hardly anybody complains nothing is compared, however it came out."""
    dice = Random(1)
    before, now = sampled(1_000, dice), sampled(1_000, dice, is_true=False)
    came = now.cuts["30-0"][2][SCORE]
    for place, one in enumerate(came):
        came[place] = 1.0 if one and sum(came[:place]) < LEAST_OUTCOMES - 1 else 0.0
    found = drift_of(later_run(), now, in_force(before), shipped_segmentations())
    assert found is not None and found.report.decay == ()


def test_score__that_says_something_else_of_people__is_told_by_its_index() -> None:
    """Everybody asks twice as often: the answers shift and alarm with their index, and so does what they rest on, in all draws."""
    for seed in range(10):
        dice = Random(seed)
        before, now = sampled(500, dice), sampled(500, dice, of=range(0, 19, 2))
        found = drift_of(later_run(), now, in_force(before), shipped_segmentations())
        assert found is not None and found.report.verdict == "alarm"
        assert found.report.scores[0].id == SCORE and found.report.scores[0].psi > 0.25
        (told,) = drift_changes(TENANT_ID, found.report, {SCORE: 1})
        assert told.detail["psi"] == found.report.scores[0].psi and told.detail["decay"] is None
        assert drift_counts(found.report) == {
            "DriftAlarms": 1,
            "DriftedModels": 1,
            "DecayedScores": 0,
            "DriftedFeatures": 1,
        }


def test_score__of_people_who_are_all_alike__does_not_shift_by_a_hair() -> None:
    """Everybody has one answer, and the next run another that differs by less than a hundredth of it: that is no shift."""
    from chalicelib.segments.psi import SAME_ANSWER, binned, counted, psi_of_counts

    for value in (0.002, 0.25, 0.9999, 130.0, -3.0):
        bins = binned([value] * 500, SAME_ANSWER)
        for by in (-0.4, 0.0, 0.4):
            now = counted(bins, [value + by * SAME_ANSWER * max(abs(value), 0.5)] * 300, SAME_ANSWER)
            assert psi_of_counts(bins.counts, now) < 0.01
        far = counted(bins, [value + 5 * SAME_ANSWER * max(abs(value), 0.5)] * 300, SAME_ANSWER)
        assert psi_of_counts(bins.counts, far) > 1
        exact = binned([value] * 500)
        assert psi_of_counts(exact.counts, counted(exact, [value + 1e-6] * 300)) > 1, "control: else a hair is a shift"
