"""Whether somebody is judged otherwise than is kept of them, by so much that it is worth a write.

Models are learned anew every week, and what they say moves a little each time. A segment that is another one counts, and
so does a score that moves by its declared step (``scores.json``). What is kept is thus never further than a step from
what the models said last, and names the version that said it. A version's number alone is no reason to write 50 million
items, unless it is above the one in force: that was withdrawn, and nothing that it said is left standing.
"""

from __future__ import annotations

from chalicelib.segments.model import Judged, ScoreValue
from chalicelib.segments.score_specs import score_specs

CONFIDENCE_STEP = 0.1


def is_moved(kept: Judged | None, found: Judged | None) -> bool:
    """Whether what is found is to be written in place of what is kept."""
    if kept is None or found is None:
        return kept is not found
    if kept.segments.keys() != found.segments.keys() or kept.scores.keys() != found.scores.keys():
        return True
    for id_, one in kept.segments.items():
        now = found.segments[id_]
        if one.segment != now.segment or one.model_version > now.model_version:
            return True
    return any(
        one.model_version > found.scores[id_].model_version or is_other(id_, one, found.scores[id_])
        for id_, one in kept.scores.items()
    )


def is_other(score_id: str, kept: ScoreValue, found: ScoreValue) -> bool:
    """Whether a score moved by its step: so far as such, and by such a share of what is kept. Another label always does."""
    if kept.label != found.label or abs(kept.confidence - found.confidence) >= CONFIDENCE_STEP:
        return True
    spec = score_specs().get(score_id)
    if spec is None:
        return kept.value != found.value
    return abs(kept.value - found.value) >= max(spec.step, spec.step_share * abs(kept.value))
