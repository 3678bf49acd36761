"""What of a judgement is worth a write: another segment, a score that moves by its step, and no version's number alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.segments.model import Judged, Membership, ScoreValue
from chalicelib.segments.moved import CONFIDENCE_STEP, is_moved
from chalicelib.segments.score_specs import score_specs

KEPT = Judged(
    1,
    {"customers": Membership("value", 1, 1), "stages": Membership("active", 1, 1)},
    {
        "churn": ScoreValue(0.40, 0.5, 1),
        "value": ScoreValue(200.0, 0.5, 1),
        "next_intent": ScoreValue(0.5, 0.5, 1, "fault"),
    },
)


def scored(id_: str, **told: object) -> Judged:
    one = replace(KEPT.scores[id_], model_version=2, **told)  # type: ignore[arg-type]
    return replace(KEPT, at=9, scores={**KEPT.scores, id_: one})


def placed(segment: str) -> Judged:
    return replace(KEPT, segments={**KEPT.segments, "customers": Membership(segment, 1, 2)})


@pytest.mark.parametrize(
    ("found", "is_worth_it"),
    [
        (replace(KEPT, at=9), False),
        (placed("value"), False),
        (placed("ordinary"), True),
        (scored("churn"), False),
        (scored("churn", value=0.449), False),
        (scored("churn", value=0.351), False),
        (scored("churn", value=0.46), True),
        (scored("churn", value=0.34), True),
        (scored("churn", confidence=0.51 + CONFIDENCE_STEP), True),
        (scored("value", value=219.0), False),
        (scored("value", value=221.0), True),
        (scored("next_intent", value=0.55), False),
        (scored("next_intent", label="bill"), True),
        (replace(KEPT, segments={**KEPT.segments, "customers": Membership("value", 1, 0)}), True),
        (replace(KEPT, scores={**KEPT.scores, "churn": ScoreValue(0.4, 0.5, 0)}), True),
        (replace(KEPT, scores={}), True),
        (replace(KEPT, segments={}), True),
        (None, True),
    ],
)
def test_is_moved__by_a_step_and_not_by_less(found: Judged | None, *, is_worth_it: bool) -> None:
    """A step up or down, another label, another segment, who is judged no more, and what a withdrawn version said."""
    assert is_moved(KEPT, found) is is_worth_it


def test_is_moved__little_by_little__is_told_in_the_end() -> None:
    """Small moves are held against what is kept, not against each other: they cannot creep away."""
    written = [KEPT]
    for place in range(40):
        found = scored("churn", value=0.40 + place / 100)
        if is_moved(written[-1], found):
            written.append(found)
        assert abs(written[-1].scores["churn"].value - found.scores["churn"].value) < score_specs()["churn"].step
    assert len(written) == 8


def test_is_moved__of_nobody__is_not() -> None:
    """Who is not judged and was not needs no write; a score that nobody declares is written whenever it differs."""
    assert not is_moved(None, None)
    unknown = replace(KEPT, scores={"old": ScoreValue(0.5, 0.5, 1)})
    assert not is_moved(unknown, unknown)
    assert is_moved(unknown, replace(KEPT, scores={"old": ScoreValue(0.5001, 0.5, 1)}))


def test_steps__are_smaller_than_what_they_are_of() -> None:
    """A probability has no step of a tenth or more but the topic's, whose label tells; no share is as large as a half."""
    for one in score_specs().values():
        assert 0 < one.step <= (0.05 if one.kind == "probability" else 1.0)
        assert one.step_share < 0.5
