"""A tenant's learned models that are in force, as a value that every start can afford to read: it decodes none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    # Most tenants have no model, and then nobody reads what models are made of.
    from chalicelib.segments.model import SegmentModel
    from chalicelib.segments.score_model import ScoreModel
    from chalicelib.segments.segmentation import Segmentations


class Models(msgspec.Struct, frozen=True):
    """``version`` is that of the head that says what is in force.

    ``declared`` are the tenant's segmentations, to which all of ``segments`` fit; None: those that ship.
    """

    version: int = 0
    segments: Mapping[str, SegmentModel] = {}
    scores: Mapping[str, ScoreModel] = {}
    declared: Segmentations | None = None

    @property
    def segmentations(self) -> Segmentations:
        """The segmentations that people are judged by."""
        if self.declared is not None:
            return self.declared
        from chalicelib.segments.segmentation import shipped_segmentations

        return shipped_segmentations()

    def __bool__(self) -> bool:
        """Whether there is any. Segmentations by rule are told beside learned ones, and cost nothing before."""
        return bool(self.segments or self.scores)


NO_MODELS = Models()


def no_models(_tenant_id: str) -> Models:
    """Nobody has a model."""
    return NO_MODELS
