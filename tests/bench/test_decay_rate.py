"""How often a run tells of a decay or shift where there is none, and how often of one that there is: rates over many draws, printed."""

from __future__ import annotations

from random import Random

import pytest

from chalicelib.flows.watch_models import drift_of
from chalicelib.segments.segmentation import shipped_segmentations
from tests.flows.decaying_world import in_force, later_run, sampled

pytestmark = pytest.mark.bench


def told(people: int, seeds: int, *, is_true: bool) -> int:
    """Of how many runs anything is watched or alarms."""
    found = 0
    for seed in range(seeds):
        dice = Random(f"{people}-{seed}")
        drift = drift_of(
            later_run(),
            sampled(people, dice, is_true=is_true),
            in_force(sampled(people, dice)),
            shipped_segmentations(),
        )
        assert drift is not None and drift.report.decay
        found += any(one.verdict != "ok" for one in (*drift.report.decay, *drift.report.scores))
    return found


@pytest.mark.parametrize(("people", "seeds"), [(250, 1_000), (2_000, 300)])
def test_decay__of_chance_alone__is_told_in_less_than_one_run_of_three_hundred(people: int, seeds: int) -> None:
    """Other people of one world, each run: nothing is to be told of them."""
    wrong = told(people, seeds, is_true=True)
    print(f"{people} people: told of nothing in {wrong} of {seeds} runs")
    assert wrong <= seeds / 300


@pytest.mark.parametrize(("people", "seeds"), [(250, 200), (2_000, 60)])
def test_decay__that_is_planted__is_told(people: int, seeds: int) -> None:
    """The score knows nothing any more: it is found in nearly all runs of few people, and in all of many."""
    right = told(people, seeds, is_true=False)
    print(f"{people} people: a score that knows nothing is told of in {right} of {seeds} runs")
    assert right >= seeds * 0.95
