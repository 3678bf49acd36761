"""What moved a score is told by the model in force, where that gave the score or says the same."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from chalicelib.flows.describe_judged import scores_of
from chalicelib.flows.models import Models
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Profile
from chalicelib.segments.features import raw_vector
from chalicelib.segments.model import Column, Judged
from chalicelib.segments.score import score
from chalicelib.segments.score_model import ITSELF, Calibration, Known, Linear, ScoreModel
from chalicelib.segments.score_specs import score_specs
from tests.flows.test_for_purpose import EVENTS, ONE, THEN
from tests.unit.tags.persons import person

MODEL = ScoreModel(
    id="churn", version=2, features_version=1, kind="probability", algorithm="none", trained_at=0, people=9,
    base_rate=0.5, columns=(Column("tenure_days", 0, 0.0, -9.0, 9.0, False, 0.0, 1.0),),
    calibration=Calibration("platt"), known=Known(0, (0.0,), (0.5,)), linear_share=1.0,
    linear=Linear((-1.0,), ((0, ITSELF, 0.0),), (), ((0.5,),), (9.0,)),
)  # fmt: skip


@dataclass
class Shown:
    """A person as they are shown, without what serves whom."""

    profile: Profile


@pytest.mark.parametrize(
    ("version", "away", "is_told"),
    [(2, 0.0, True), (1, 0.0, True), (1, 0.9, True), (1, 1.1, False), (2, 1.1, True)],
)
def test_scores__of_an_earlier_version__are_explained_while_the_next_says_the_same(
    version: int, away: float, *, is_told: bool
) -> None:
    """``away`` in steps of the score. What another model would explain otherwise is not explained by it."""
    profile, measures = person(EVENTS, ONE), load_measures()
    said = score(MODEL, raw_vector(profile, THEN, measures))
    kept = replace(said, value=said.value - away * score_specs()["churn"].step, model_version=version)
    judged = Judged(THEN, {}, {"churn": kept})
    view = scores_of(judged, Shown(profile), Models(1, {}, {"churn": MODEL}), measures)["churn"]  # type: ignore[arg-type]
    assert (view.value, view.model_version) == (kept.value, str(version))
    assert bool(view.top_factors) is is_told
    assert not scores_of(judged, Shown(profile), Models(), measures)["churn"].top_factors  # type: ignore[arg-type]
