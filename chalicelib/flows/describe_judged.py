"""What models said of a person, as api.md writes it: the learned segments and scores that serve a purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.flows.for_purpose import Seen
from chalicelib.flows.models import Models
from chalicelib.flows.views import FactorView, ScoreView, SegmentView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.profiles.measures import MeasureSet
from chalicelib.segments.model import Judged
from chalicelib.segments.purposes import may_serve
from chalicelib.segments.segmentation import segmentation

if TYPE_CHECKING:
    from chalicelib.segments.effects import Factor
    from chalicelib.segments.model import ScoreValue
    from chalicelib.segments.score_model import ScoreModel

_MOST_FACTORS = 3


def judged_for(seen: Seen, purpose: str, now: Millis) -> Judged | None:
    """What models said of somebody that the purpose may use; None of a past that they had not judged."""
    coded = seen.profile.judged
    if not coded or seen.permitted.unjudged:
        return None
    found = decode(coded, Judged)
    if found.at > now:
        return None
    return Judged(
        at=found.at,
        segments={id_: one for id_, one in found.segments.items() if may_serve("segments", id_, purpose)},
        scores={id_: one for id_, one in found.scores.items() if may_serve("scores", id_, purpose)},
    )


def segments_of(judged: Judged | None) -> Iterator[SegmentView]:
    """The learned segments of a person."""
    for id_, one in sorted(judged.segments.items()) if judged is not None else ():
        view = SegmentView(
            segment_id(id_, one.segment), name_of(id_, one.segment), format_moment(one.since), str(one.model_version)
        )
        yield view


def segment_id(segmentation_id: str, segment: str) -> str:
    """A segment's id where segments of all segmentations stand together."""
    return f"{segmentation_id}.{segment}"


def name_of(segmentation_id: str, segment: str) -> Text:
    """What a segment is called; its id where it is no longer declared."""
    declared = segmentation(segmentation_id)
    kind = declared.kind(segment) if declared is not None else None
    return kind.names if kind is not None else Text(zh=segment, en=segment)


def scores_of(judged: Judged | None, seen: Seen, models: Models, measures: MeasureSet) -> dict[str, ScoreView]:
    """The scores of a person.

    What moved each is told by the model in force, where that gave it or says the same of them, within the score's step.
    """
    if judged is None:
        return {}
    told: dict[str, ScoreView] = {}
    for id_, one in sorted(judged.scores.items()):
        model = models.scores.get(id_)
        factors: tuple[FactorView, ...] = ()
        if model is not None:
            factors = tuple(map(_factor, _factors(one, model, seen, measures, judged.at)))
        told[id_] = ScoreView(one.value, one.confidence, str(one.model_version), one.label or None, factors)
    return told


def _factors(kept: ScoreValue, model: ScoreModel, seen: Seen, measures: MeasureSet, at: Millis) -> tuple[Factor, ...]:
    # Who shows no score reads nothing of what tells effects.
    from chalicelib.segments.effects import top_factors
    from chalicelib.segments.features import raw_vector
    from chalicelib.segments.moved import is_other
    from chalicelib.segments.score import score

    raw = raw_vector(seen.profile, at, measures)
    if model.version != kept.model_version and is_other(model.id, kept, score(model, raw)):
        return ()
    return top_factors(model, raw, _MOST_FACTORS)


def _factor(one: Factor) -> FactorView:
    return FactorView(one.feature, one.names, one.direction, round(one.effect, 6), one.value)
