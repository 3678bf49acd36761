"""What segmentations and scores read of a person, and whether that may be used for what they are declared for.

What somebody is told to be tells what it was made of. So a segmentation or a score serves no purpose that anything that
its features read does not serve, as a tag does not (``tags.uses``). What it is learned from is another thing: outcomes
of many people, of which it tells no single one.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.privacy.uses import Use, wider
from chalicelib.profiles.uses import path_use
from chalicelib.segments.features import features
from chalicelib.segments.score_specs import ScoreSpec
from chalicelib.segments.segmentation import Segmentation

WIDER = "wider_purposes"
"""Why a model is not learned whose declaration says more of it than what it reads allows."""


def features_of(one: Segmentation | ScoreSpec) -> frozenset[str]:
    """The ids of all features that it looks at of a person, those of its conditions among them."""
    if isinstance(one, ScoreSpec):
        return frozenset(one.features)
    rows = (*one.whom, *(row for kind in one.kinds for row in kind.when))
    named = (name for row in rows for condition in row for name in (condition.feature, condition.times))
    return frozenset(name for name in (*(one.features if one.by == "model" else ()), *named) if name)


def beyond(one: Segmentation | ScoreSpec, measured: Mapping[str, Use]) -> dict[str, list[str]]:
    """Feature → the declared purposes that what it reads does not serve. Empty where all is well.

    ``measured``: what each measure may be used for. A measure that there is not tells nothing and binds nothing.
    """
    read = features_of(one)
    found = {feature.id: _beyond(feature.paths, one, measured) for feature in features() if feature.id in read}
    return {id_: purposes for id_, purposes in found.items() if purposes}


def _beyond(paths: tuple[str, ...], one: Segmentation | ScoreSpec, measured: Mapping[str, Use]) -> list[str]:
    uses = (path_use(path, measured) for path in paths)
    return sorted({purpose for use in uses if use is not None for purpose in wider(one.purposes, use)})
