"""What models in force say of the people of a run, beside what they said when they were learned, and how right it was.

With each version is kept how the features that it reads, and what it says, lay over the people of its own run. The next
run compares its people with that, and what scores said as of its latest cutoff with what has followed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from chalicelib.flows.learning_job import Drift, LearningJob
from chalicelib.flows.learning_sample import Sample
from chalicelib.flows.read_models import model_of
from chalicelib.segments.assign import fits, placed
from chalicelib.segments.decay import Before, Decay, decay_of_amount, decay_of_share
from chalicelib.segments.features import FEATURES_VERSION
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.psi import Bins, Reference, reference
from chalicelib.segments.score import score
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import Segmentations
from chalicelib.segments.watch import drift_report
from chalicelib.store.learned import LearnedStore, LearnedVersion

LOOKED_AT = 10_000
"""People at most, taken evenly: chance moves an index of so many by a hundredth."""

type Row = Sequence[float | None]
type Model = SegmentModel | ScoreModel


class _Kept(msgspec.Struct, frozen=True):
    """What of a version's report is read again."""

    reference: Reference | None = None
    validation: Before | None = None


def with_reference(report: bytes, model: Model, sample: Sample, declared: Segmentations) -> bytes:
    """The report of a version with how the features that it reads, and what it says, lay over the people of its run."""
    rows = sample.some_now(LOOKED_AT)
    read = {one.feature for one in model.columns}
    of_model = reference(rows, *answers({model.id: model}, rows, declared), read)
    told = msgspec.json.decode(report, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**told, "reference": of_model})


def drift_of(job: LearningJob, sample: Sample, learned: LearnedStore, declared: Segmentations) -> Drift | None:
    """The people of a run beside the training of the models in force; None where none of these can be watched."""
    head = learned.head(job.tenant_id).models
    loaded = (learned.load(job.tenant_id, id_, entry.number) for id_, entry in sorted(head.items()) if entry.number)
    versions = [one for one in loaded if one is not None and one.at < job.at]
    models: dict[str, Model] = {}
    kept: dict[str, _Kept] = {}
    # The newest first: of a feature that several models read, the oldest training is the one to be compared with.
    for version in sorted(versions, key=lambda one: -one.at):
        model, of = model_of(version), _kept(version)
        if isinstance(model, SegmentModel) and not fits(model, declared):
            continue
        if model is not None and of.reference is not None:
            models[version.id], kept[version.id] = model, of
    if not models:
        return None
    rows = sample.some_now(LOOKED_AT)
    decay = [one for id_, model in sorted(models.items()) for one in _decay(model, kept[id_], sample)]
    report = drift_report(_together(kept.values()), rows, *answers(models, rows, declared), job.at, decay)
    return Drift(report, {id_: model.version for id_, model in sorted(models.items())})


def answers(
    models: Mapping[str, Model], rows: Sequence[Row], declared: Segmentations
) -> tuple[dict[str, list[float]], dict[str, Mapping[str, int]]]:
    """What models say of people: score → values, segmentation → segment → people."""
    scores: dict[str, list[float]] = {}
    segments: dict[str, Mapping[str, int]] = {}
    for id_, model in models.items():
        spec = declared.get(id_)
        if isinstance(model, ScoreModel):
            scores[id_] = [score(model, row).value for row in rows]
        elif spec is not None:
            found = (placed(spec, model, row) for row in rows)
            segments[id_] = Counter(one.segment for one in found if one is not None)
    return scores, segments


def _kept(version: LearnedVersion) -> _Kept:
    return msgspec.json.decode(version.report, type=_Kept)


def _together(kept: Iterable[_Kept]) -> Reference:
    """The references of several models as one: each of its own answers, and of a feature that of the last model."""
    features: dict[str, Bins] = {}
    scores: dict[str, Bins] = {}
    segments: dict[str, dict[str, int]] = {}
    people = 0
    for one in kept:
        if one.reference is not None:
            features.update(one.reference.features)
            scores.update(one.reference.scores)
            segments.update(one.reference.segments)
            people = one.reference.people
    return Reference(FEATURES_VERSION, people, features, scores, segments)


def _decay(model: Model, kept: _Kept, sample: Sample) -> tuple[Decay, ...]:
    """How right a score is of what followed the latest cutoff, beside how right it was when it was learned."""
    spec = score_specs().get(model.id)
    if not isinstance(model, ScoreModel) or spec is None or kept.validation is None:
        return ()
    rows, came = sample.latest(model.id)
    said = [score(model, row) for row in rows]
    values = [one.value for one in said]
    if spec.kind == "amount":
        return decay_of_amount(model.id, kept.validation, values, came)
    if spec.kind == "topic":
        right = [one.label == spec.labels[int(place)] for one, place in zip(said, came, strict=True)]
        # Of a topic the value says how sure it is: that comes true as often, or the model no longer tells them.
        return decay_of_share(model.id, kept.validation, values, right)
    return decay_of_share(model.id, kept.validation, values, [one > 0.5 for one in came])
