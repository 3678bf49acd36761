"""Learns each model of a run from its sample, keeps what was learned as versions, and puts in force what may be.

Each version says which run made it, so an order that is worked on again goes on with the model that is missing. What is
put in force is one write of the head. Models that are held or worse are kept, and the ones before stay in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from chalicelib.flows.learning_job import LearningJob, Outcome, job_of, job_row, sample_keys
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
    tenant_id: str, job_id: str, services: TrainServices, now: Millis, has_time: Callable[[], bool]
) -> LearningJob | None:
    """Train what a run has not trained yet, while there is time. Returns the run as it then stands, if there is one.

    Raises Unavailable when a service cannot be reached: the order comes again.
    """
    row = services.jobs.load(tenant_id, job_id)
    job = None if row is None else job_of(row)
    if row is None or job is None or job.phase != "training":
        if job is not None and job.phase == "assigning":
            # Led on before, and perhaps killed before anything was queued: the run itself queues what is left.
            services.go_on(tenant_id, job_id, [""], 0)
        return job
    version, sample, declared = row.version, Sample(), services.segmentations(tenant_id)
    done = {one.id for one in job.outcomes}
    for kind, id_ in _wanted(declared):
        if id_ in done:
            continue
        if not has_time():
            services.train(tenant_id, job_id)
            return job
        if not sample.people:
            sample = read_sample(job, services)
        if not job.outcomes:
            # Before anything is learned: later the head may hold what this very run has made.
            job = replace(job, drift=drift_of(job, sample, services.learned, declared))
        job = replace(job, outcomes=(*job.outcomes, _learn(job, kind, id_, sample, services, declared)))
        version += 1
        if not services.jobs.advance(job_row(job, version)):
            # Somebody else works on the same order.
            return job
    return _publish(job, version, services, now)


def read_sample(job: LearningJob, services: TrainServices) -> Sample:
    """What the run has sampled, in an order that does not depend on who was killed when."""
    sample = Sample()
    for key in sample_keys(job, services.jobs):
        sample.add(services.samples.whole(key))
    return sample


def _wanted(declared: Segmentations) -> Iterator[tuple[ModelKind, str]]:
    for one in declared.values():
        if one.by == "model":
            yield "segment", one.id
    for id_ in score_specs():
        yield "score", id_


def _learn(
    job: LearningJob, kind: ModelKind, id_: str, sample: Sample, services: TrainServices, declared: Segmentations
) -> Outcome:
    """One model as a version; the one that this run made before it was killed, if it did."""
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
