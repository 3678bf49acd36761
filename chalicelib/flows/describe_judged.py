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
from chalicelib.segments.model import Judged, Membership
from chalicelib.segments.purposes import may_serve, purposes_of
from chalicelib.segments.segmentation import Segmentations

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
    segments, scores, declared = seen.services.segment_purposes(), purposes_of("scores"), seen.services.segmentations()
    # A kind that is gone stands beside people until they are judged anew: it is shown to the law alone.
    there = {id_: one for id_, one in found.segments.items() if purpose == "legal" or _is_kind(id_, one, declared)}
    return Judged(
        at=found.at,
        segments={id_: one for id_, one in there.items() if may_serve(segments, id_, purpose)},
        scores={id_: one for id_, one in found.scores.items() if may_serve(scores, id_, purpose)},
    )


def _is_kind(segmentation_id: str, one: Membership, declared: Segmentations) -> bool:
    spec = declared.get(segmentation_id)
    return spec is not None and spec.kind(one.segment) is not None


def segments_of(judged: Judged | None, declared: Segmentations) -> Iterator[SegmentView]:
    """The learned segments of a person."""
    for id_, one in sorted(judged.segments.items()) if judged is not None else ():
        view = SegmentView(
            id=segment_id(id_, one.segment),
            name=name_of(id_, one.segment, declared),
            since=format_moment(one.since),
            model_version=str(one.model_version),
        )
        yield view


def segment_id(segmentation_id: str, segment: str) -> str:
    """A segment's id where segments of all segmentations stand together."""
    return f"{segmentation_id}.{segment}"


def name_of(segmentation_id: str, segment: str, declared: Segmentations) -> Text:
    """What a segment is called; its id where it is no longer declared."""
    spec = declared.get(segmentation_id)
    kind = spec.kind(segment) if spec is not None else None
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
