"""Reads the models that a head names, as far as they are not known already."""

from __future__ import annotations

from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.kernel.codec import decode
from chalicelib.segments.assign import fits
from chalicelib.segments.features import FEATURES_VERSION
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.segmentation import Segmentations
from chalicelib.store.learned import LearnedHead, LearnedStore, LearnedVersion

MODEL_LIMIT_BYTES = 8_000_000
"""What a model may open to."""


def read_models(
    tenant_id: str, head: LearnedHead, store: LearnedStore, had: LearnedHead | None = None, known: Models = NO_MODELS
) -> Models:
    """The models of a head; ``known`` are those of the head ``had``. Raises Unavailable."""
    segments: dict[str, SegmentModel] = {}
    scores: dict[str, ScoreModel] = {}
    for id_, entry in sorted(head.models.items()):
        was = None if had is None else had.models.get(id_)
        if was is not None and (was.kind, was.number) == (entry.kind, entry.number):
            model = known.segments.get(id_) or known.scores.get(id_)
        else:
            version = store.load(tenant_id, id_, entry.number) if entry.number else None
            model = None if version is None else model_of(version)
        if isinstance(model, SegmentModel):
            segments[id_] = model
        elif model is not None:
            scores[id_] = model
    return Models(head.version, segments, scores)


def fitting(models: Models, declared: Segmentations) -> Models:
    """The models that fit to these segmentations, and all scores."""
    segments = {id_: model for id_, model in models.segments.items() if fits(model, declared)}
    return Models(models.version, segments, models.scores, declared)


def model_of(version: LearnedVersion) -> SegmentModel | ScoreModel | None:
    """The model of a version; None where it would read other features than those of today."""
    if version.features_version != FEATURES_VERSION:
        return None
    if version.kind == "segment":
        return decode(version.model, SegmentModel, limit_bytes=MODEL_LIMIT_BYTES)
    return decode(version.model, ScoreModel, limit_bytes=MODEL_LIMIT_BYTES)
