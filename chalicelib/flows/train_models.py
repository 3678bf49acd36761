"""Learns each model of a run from its sample, keeps what was learned as versions, and puts in force what may be.

Each model is an order of its own, so that several functions train at once. Each version says which run made it, so an
order that is worked on again finds what it made. Whoever finds all parts done puts them in force, in one write of the
head. Models that are held or worse are kept, and the ones before stay in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from chalicelib.flows.learning_job import (
    DRIFT,
    TRAIN,
    LearningJob,
    LearningPart,
    Outcome,
    job_of,
    job_row,
    left_of,
    part_of,
    part_row,
    parts_of,
    sample_keys,
)
from chalicelib.flows.learning_sample import Sample
from chalicelib.flows.learning_services import TrainServices
from chalicelib.flows.read_models import model_of
from chalicelib.flows.watch_models import drift_of, with_reference
from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import TooLarge, Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.measures import load_measures
from chalicelib.segments.assign import fits
from chalicelib.segments.features import FEATURES_VERSION
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.reads import WIDER, beyond
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import Segmentation, Segmentations, meaning_of
from chalicelib.segments.trained import Trained
from chalicelib.store.learned import LearnedHead, LearnedVersion, ModelKind, TrainedState

MODEL_LIMIT_BYTES = 8_000_000
NOTHING_LEARNED = "nothing_learned"
_ATTEMPTS = 5
_SEED = 7
_WORSE = "worse"


def train_models(
    tenant_id: str, job_id: str, part: str, services: TrainServices, now: Millis, has_time: Callable[[], bool]
) -> LearningJob | None:
    """Plan the training of a run, or do a part of it if there is time. Returns the run as it then stands, if there is one.

    Raises Unavailable when a service cannot be reached: the order comes again.
    """
    row = services.jobs.load(tenant_id, job_id)
    job = None if row is None else job_of(row)
    if row is None or job is None or job.phase != "training":
        if job is not None and job.phase == "assigning":
            # Led on before, and perhaps killed before anything was queued: the run itself queues what is left.
            services.go_on(tenant_id, job_id, [""], 0)
        return job
    if not job.training:
        return _plan(job, row.version, services)
    if part not in job.training:
        return _lead_on(job, services)
    if not _is_done(job, part, services, has_time):
        return job
    return _end(job, services, now)


def _plan(job: LearningJob, version: int, services: TrainServices) -> LearningJob:
    """A part for each model, and one for the drift since those in force were learned. Each order is a part's."""
    watched = any(one.number for one in services.learned.head(job.tenant_id).models.values())
    models = (f"{TRAIN}-{id_}" for id_ in _wanted(services.segmentations(job.tenant_id)))
    planned = replace(job, training=(*models, DRIFT) if watched else tuple(models))
    # Somebody else may have planned it: then their orders stand.
    return _lead_on(planned, services) if services.jobs.advance(job_row(planned, version + 1)) else job


def _lead_on(job: LearningJob, services: TrainServices) -> LearningJob:
    """Order what is left."""
    services.train(job.tenant_id, job.job_id, left_of(job, services.jobs))
    return job


def _is_done(job: LearningJob, name: str, services: TrainServices, has_time: Callable[[], bool]) -> bool:
    """Whether a part is done by now."""
    row = services.jobs.load(job.tenant_id, job.job_id, name)
    if part_of(row).is_done:
        return True
    if not has_time():
        services.train(job.tenant_id, job.job_id, [name])
        return False
    sample, declared = read_sample(job, services), services.segmentations(job.tenant_id)
    if name == DRIFT:
        # What is in force is what was before this run: it publishes when all parts are done.
        part = LearningPart(is_done=True, drift=drift_of(job, sample, services.learned, declared))
    else:
        part = LearningPart(is_done=True, outcome=_learn(job, name, sample, services, declared))
    # Whoever else works on the same order and was sooner found the same.
    return services.jobs.advance(part_row(job, name, part, 1 if row is None else row.version + 1))


def _end(job: LearningJob, services: TrainServices, now: Millis) -> LearningJob:
    """Publish when all parts are done. Two that find so at once write the same."""
    row = services.jobs.load(job.tenant_id, job.job_id)
    parts = parts_of(job, services.jobs)
    if row is None or job_of(row).phase != "training" or not all(one.is_done for one in parts.values()):
        return job if row is None else job_of(row)
    outcomes = tuple(one.outcome for one in parts.values() if one.outcome is not None)
    drift = parts[DRIFT].drift if DRIFT in parts else None
    return _publish(replace(job_of(row), outcomes=outcomes, drift=drift), row.version, services, now)


def read_sample(job: LearningJob, services: TrainServices) -> Sample:
    """What the run has sampled, in an order that does not depend on who was killed when."""
    sample = Sample()
    for key in sample_keys(job, services.jobs):
        sample.add(services.samples.whole(key))
    return sample


def _wanted(declared: Segmentations) -> Iterator[str]:
    for one in declared.values():
        if one.by == "model":
            yield one.id
    yield from score_specs()


def _learn(job: LearningJob, part: str, sample: Sample, services: TrainServices, declared: Segmentations) -> Outcome:
    """One model as a version; the one that this run made before it was killed, if it did."""
    id_ = part.removeprefix(f"{TRAIN}-")
    kind: ModelKind = "score" if id_ in score_specs() else "segment"
    if kind == "segment" and id_ not in declared:
        # Withdrawn since the training was planned.
        return Outcome(id_, 0, NOTHING_LEARNED)
    newest = next(iter(services.learned.versions(job.tenant_id, id_, limit=1)), None)
    if newest is not None and newest.run_id == job.job_id:
        return Outcome(id_, newest.number, newest.reason)
    before = _in_force(job.tenant_id, id_, services)
    trained = _trained(kind, id_, sample, before, services, declared)
    if trained.model is None:
        return Outcome(id_, 0, trained.held or NOTHING_LEARNED)
    number = 1 if newest is None else newest.number + 1
    model = replace(trained.model, version=number, trained_at=job.at)
    if isinstance(model, SegmentModel):
        model = replace(model, meaning=meaning_of(declared[id_]))
    state: TrainedState = "worse" if trained.held == _WORSE else "held" if trained.held else "trained"
    made = LearnedVersion(
        kind=kind,
        id=id_,
        number=number,
        state=state,
        features_version=FEATURES_VERSION,
        run_id=job.job_id,
        at=job.at,
        reason=trained.held,
        model=encode(model, limit_bytes=MODEL_LIMIT_BYTES),
        report=with_reference(trained.report, model, sample, declared),
    )
    try:
        kept = services.learned.keep(job.tenant_id, made)
    except TooLarge as refused:
        return Outcome(id_, 0, refused.code)
    if not kept:
        raise Unavailable("contended", "Another run made a version of this model; try again.")
    return Outcome(id_, number, trained.held)


def _in_force(tenant_id: str, id_: str, services: TrainServices) -> SegmentModel | ScoreModel | None:
    entry = services.learned.head(tenant_id).models.get(id_)
    version = None if entry is None else services.learned.load(tenant_id, id_, entry.number)
    return None if version is None else model_of(version)


def _trained(
    kind: ModelKind,
    id_: str,
    sample: Sample,
    before: SegmentModel | ScoreModel | None,
    services: TrainServices,
    declared: Segmentations,
) -> Trained:
    spec = declared[id_] if kind == "segment" else score_specs()[id_]
    if beyond(spec, load_measures().uses):
        # It would tell a purpose what that purpose may not read.
        return Trained(None, held=WIDER)
    if isinstance(spec, Segmentation):
        # Names of other kinds are not to be kept, and whoever gets a new one by them is not renamed.
        of_kind = before if isinstance(before, SegmentModel) and fits(before, declared) else None
        return services.segments(sample.people_now(), spec, of_kind, _SEED)
    told = before if isinstance(before, ScoreModel) else None
    return services.score(*sample.learned_from(id_), spec, told, _SEED)


def _publish(job: LearningJob, version: int, services: TrainServices, now: Millis) -> LearningJob:
    """Put in force what may be, and lead on to everybody."""
    for _ in range(_ATTEMPTS):
        before = services.learned.head(job.tenant_id)
        head = _head(job, before, services)
        if head == before or services.learned.publish(job.tenant_id, head):
            break
    else:
        raise Unavailable("contended", "Models of this tenant are published by others; try again.")
    if not any(one.number for one in head.models.values()):
        over = replace(job, phase="failed", failure=NOTHING_LEARNED, finished_at=now)
        services.jobs.advance(job_row(over, version + 1))
        return over
    seconds = services.limits.settle_seconds
    led = replace(job, phase="assigning", begins_at=now + seconds * 1000)
    if services.jobs.advance(job_row(led, version + 1)):
        services.go_on(job.tenant_id, job.job_id, led.parts, seconds)
    return led


def _head(job: LearningJob, before: LearnedHead, services: TrainServices) -> LearnedHead:
    """The head with all that this run may put in force; written as one version more than the one before."""
    head = before
    for one in job.outcomes:
        made = services.learned.load(job.tenant_id, one.id, one.number) if one.number and not one.reason else None
        entry = head.models.get(one.id)
        if made is not None and (entry is None or made.number not in entry.withdrawn):
            head = head.with_published(made, job.at, job.principal)
    return head if head == before else replace(head, version=before.version + 1)
