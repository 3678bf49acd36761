"""A tenant's learned models that are in force, as a value that every start can afford to read: it decodes none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    # Most tenants have no model, and then nobody reads what models are made of.
    from chalicelib.segments.model import SegmentModel
    from chalicelib.segments.score_model import ScoreModel


class Models(msgspec.Struct, frozen=True):
    """``version`` is that of the head that says what is in force."""

    version: int = 0
    segments: Mapping[str, SegmentModel] = {}
    scores: Mapping[str, ScoreModel] = {}

    def __bool__(self) -> bool:
        """Whether there is any. Segmentations by rule are told beside learned ones, and cost nothing before."""
        return bool(self.segments or self.scores)


NO_MODELS = Models()


def no_models(_tenant_id: str) -> Models:
    """Nobody has a model."""
    return NO_MODELS
