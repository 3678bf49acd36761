"""What training functions say, as the run that ordered them keeps it: a model, a report as JSON, why it is held."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.score_specs import ScoreSpec
from chalicelib.segments.segmentation import Segmentation
from chalicelib.segments.trained import Trained
from chalicelib.training.scores.learn import learn_score
from chalicelib.training.segments.fits import Limits
from chalicelib.training.segments.learn import learn_segments
from chalicelib.training.segments.model import TooFewPeopleError

TOO_FEW = "too_few_people"
_DEFAULT = Limits()


def segments(
    rows: Sequence[Sequence[float | None]],
    spec: Segmentation,
    before: SegmentModel | None,
    seed: int,
    limits: Limits = _DEFAULT,
) -> Trained:
    """Learn a segmentation. ``limits`` bound what its contest may cost."""
    try:
        found = learn_segments(rows, spec, before, seed, limits)
    except TooFewPeopleError:
        return Trained(None, held=TOO_FEW)
    report = {
        "contest": found.contest,
        "steadiness": found.steadiness,
        "shares": found.shares,
        "agreements": found.agreements,
    }
    return Trained(found.model, msgspec.json.encode(report), found.held)


def score(
    rows: Sequence[Sequence[float | None]],
    outcomes: Sequence[float | None],
    times: Sequence[Millis],
    spec: ScoreSpec,
    before: ScoreModel | None,
    seed: int,
) -> Trained:
    """Learn a score."""
    found = learn_score(rows, outcomes, times, spec, before, seed)
    report = {
        "contest": found.contest,
        "validation": found.validation,
        "importances": found.importances,
        "goes_live": found.goes_live,
    }
    return Trained(found.model, msgspec.json.encode(report), found.held)
