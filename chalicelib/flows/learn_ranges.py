"""Goes on with a run of learning: planned once, then each range page by page, and led on by whoever finds all done.

What a page comes to is written in one row with where the next one begins: a kill loses nothing and counts nobody twice.
People are told of, and then written, before the checkpoint. A page that is repeated tells again of whom it had not
written yet, and of nobody else: who was, stands where they are judged to be.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
from msgspec.structs import replace

from chalicelib.flows.describe_judged import segment_id
from chalicelib.flows.judge import judged, judgement, moves, with_judged
from chalicelib.flows.learning_job import (
    ASSIGN,
    LearningJob,
    LearningPart,
    added,
    job_of,
    job_row,
    left_of,
    part_of,
    part_row,
    parts_of,
    sample_key,
    sample_keys,
    slice_of,
)
from chalicelib.flows.learning_sample import Sampling
from chalicelib.flows.learning_services import LearningServices
from chalicelib.flows.models import Models
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.risks_of_runs import hand_over
from chalicelib.flows.services import Change
from chalicelib.flows.tell_drift import drift_changes
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Body
from chalicelib.segments.model import Judged
from chalicelib.segments.moved import is_moved
from chalicelib.store.judged import write_units_of
from chalicelib.store.learned import SegmentSizes
from chalicelib.store.people import Page, Slice
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import Catalogue

_PILOT_SLICES = 64
_ENOUGH = 2_000
"""People counted, an estimate is about 2% off."""
_ITEMS_OF_A_PILOT = 4_000
_SLICES_OF_A_SAMPLE = 16


def learn_range(
    tenant_id: str, job_id: str, part: str, services: LearningServices, now: Millis, has_time: Callable[[], bool]
) -> LearningJob | None:
    """Plan a run, or go on with a part of it while there is time. Returns the run as it then stands, if there is one.

    Raises Unavailable when a service cannot be reached: the message comes again.
    """
    row = services.jobs.load(tenant_id, job_id)
    job = None if row is None else job_of(row)
    if row is None or job is None or job.is_over:
        return job
    if job.phase == "waiting":
        return _begin(job, row.version, services)
    if part not in job.parts:
        # A part of the phase before, whose last checkpoint led on, or the run itself, planned before.
        return _lead_on(job, services)
    if now < job.begins_at:
        services.go_on(tenant_id, job_id, [part], -(-(job.begins_at - now) // 1000))
        return job
    return _go_on(job, part, services, now, has_time)


def _begin(job: LearningJob, version: int, services: LearningServices) -> LearningJob:
    people = estimate(job, services)
    limits = services.limits
    ranges = min(max(-(-people // limits.people_per_range), 1), limits.most_ranges)
    scan = _sample(job, people, ranges, services) if job.sort == "learn" else ()
    phase = "scanning" if job.sort == "learn" else "assigning"
    begun = replace(job, phase=phase, people=people, ranges=ranges, scan=scan)
    # Somebody else may have planned it: then it is their plan that counts.
    return _lead_on(begun, services) if services.jobs.advance(job_row(begun, version + 1)) else job


def estimate(job: LearningJob, services: LearningServices) -> int:
    """About how many people a tenant has: some slices are counted, until they hold enough to tell, or are all."""
    of = max(services.people.size() // _ITEMS_OF_A_PILOT, _PILOT_SLICES)
    counted = looked_at = 0
    for one in _draw(job, of, _PILOT_SLICES):
        counted += services.people.count(job.tenant_id, Slice(one, of))
        looked_at += 1
        if counted >= _ENOUGH:
            break
    return counted * of // looked_at


def _sample(job: LearningJob, people: int, ranges: int, services: LearningServices) -> tuple[Slice, ...]:
    """The slices that hold the sample. In which slice somebody is follows from a keyed hash: some are a fair sample."""
    wanted = services.limits.sample_people
    if people <= wanted:
        return tuple(Slice(one, ranges) for one in range(ranges))
    of = max(people * _SLICES_OF_A_SAMPLE // wanted, 1)
    return tuple(Slice(one, of) for one in sorted(_draw(job, of, _SLICES_OF_A_SAMPLE)))


def _draw(job: LearningJob, of: int, how_many: int) -> list[int]:
    """Slices by chance, the same ones whenever the run is planned again."""
    return Random(job.job_id).sample(range(of), min(how_many, of))  # noqa: S311 - no secret


def _lead_on(job: LearningJob, services: LearningServices) -> LearningJob:
    """Queue what is left of the phase; or order the training again, which finds what it has done before."""
    if job.phase == "training":
        services.train(job.tenant_id, job.job_id, [""])
        return job
    services.go_on(job.tenant_id, job.job_id, left_of(job, services.jobs), 0)
    return job


def _go_on(
    job: LearningJob, name: str, services: LearningServices, now: Millis, has_time: Callable[[], bool]
) -> LearningJob:
    row = services.jobs.load(job.tenant_id, job.job_id, name)
    part, version = part_of(row), row.version if row else 0
    work = _assign if name.startswith(ASSIGN) else _scan
    while not part.is_done:
        if not has_time():
            services.go_on(job.tenant_id, job.job_id, [name], 0)
            return job
        part, version = work(job, name, part, services), version + 1
        if not services.jobs.advance(part_row(job, name, part, version)):
            # Somebody else went on with it.
            return job
    return _end_phase(job, services, now)


def _scan(job: LearningJob, name: str, part: LearningPart, services: LearningServices) -> LearningPart:
    """Sample some pages, and write what they hold as one object of a name that a repeat gives again."""
    limits, measures = services.limits, services.catalogue(job.tenant_id).measures
    sampling = Sampling(job.at, _share(limits.scored_people, min(job.people, limits.sample_people)), measures)
    after = part.after
    while sampling.people < limits.chunk_people:
        page = _page(job, slice_of(job, name), after, services)
        for row in page.rows:
            profile = profile_of(row, decode(row.body, Body))
            if profile.is_profiled:
                sampling.take(profile)
        after = page.after
        if not after:
            break
    if sampling.people:
        services.samples.write(sample_key(job, name, part.objects), sampling.coded())
    return LearningPart(after, not after, part.people + sampling.people, 0, part.objects + bool(sampling.people))


def _share(part: int, whole: int) -> float:
    return min(part / whole, 1.0) if whole else 1.0


class _Judgement(msgspec.Struct, frozen=True, gc=False):
    """Somebody as the models in force judge them: the rows before and after, and what is to be told.

    ``is_new``: they are to be written. ``is_of``: this very run wrote them before it was killed; they are counted now.
    """

    row: ProfileRow
    made: ProfileRow
    found: Judged | None
    changes: tuple[Change, ...] = ()
    is_new: bool = False
    is_of: bool = False


def _assign(job: LearningJob, name: str, part: LearningPart, services: LearningServices) -> LearningPart:
    """Judge a page of people, tell of those who moved, and write those of whom the models say something else."""
    models, catalogue = services.models(job.tenant_id), services.catalogue(job.tenant_id)
    page = _page(job, slice_of(job, name), part.after, services)
    people = [_judge(row, job, models, catalogue) for row in page.rows]
    new = [one for one in people if one.is_new]
    services.publish([change for one in new for change in one.changes])
    rate = services.limits.write_units_per_second / min(job.ranges, services.limits.ranges_at_once)
    services.spend(sum(write_units_of(one.row, one.made) for one in new), rate)
    # Who was saved meanwhile was judged by who saved them.
    services.judged.settle_all([(one.row, one.made) for one in new])
    hand_over(job, [one.made for one in people], services, rate)
    counts = added([part.counts, *(_counted(one.found) for one in people)])
    changed = sum(one.is_new or one.is_of for one in people)
    judged_ = sum(one.found is not None for one in people)
    return LearningPart(page.after, not page.after, part.people + judged_, part.changed + changed, 0, counts)


def _judge(row: ProfileRow, job: LearningJob, models: Models, catalogue: Catalogue) -> _Judgement:
    profile = profile_of(row, decode(row.body, Body))
    was = judgement(row.judged)
    # All of one run is about one moment, unless somebody was saved after it: then nothing goes back behind that.
    at = max(job.at, row.updated_at)
    found = judged(profile, models, was, at, catalogue.measures)
    if not is_moved(was, found):
        return _Judgement(row, row, found, is_of=was is not None and was.at == job.at)
    about = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    told = tuple(moves(was, found, profile, catalogue, about, at, models.segmentations))
    return _Judgement(row, with_judged(row, found), found, told, is_new=True)


def _counted(found: Judged | None) -> dict[str, int]:
    return {segment_id(id_, one.segment): 1 for id_, one in found.segments.items()} if found is not None else {}


def _page(job: LearningJob, one: Slice, after: str, services: LearningServices) -> Page:
    # What is a moment old costs half, and a write holds only where nothing was saved since.
    return services.people.page(job.tenant_id, one, after, limit=services.limits.page_items, fresh=False)


def _end_phase(job: LearningJob, services: LearningServices, now: Millis) -> LearningJob:
    """Lead on when all parts are done. Two that find so at once write the same."""
    row = services.jobs.load(job.tenant_id, job.job_id)
    if row is None or job_of(row).phase != job.phase:
        return job if row is None else _again(job_of(row), services)
    parts = parts_of(job, services.jobs).values()
    if not all(one.is_done for one in parts):
        return job
    if job.phase == "scanning":
        led = replace(job, phase="training")
        return _again(led, services) if services.jobs.advance(job_row(led, row.version + 1)) else job
    counts, people = added(one.counts for one in parts), sum(one.people for one in parts)
    services.learned.keep_sizes(job.tenant_id, SegmentSizes(job.job_id, job.at, people, counts))
    if job.drift is not None:
        services.publish([*drift_changes(job.tenant_id, job.drift.report, job.drift.versions)])
    remove_sample(job, services)
    over = replace(
        job, phase="finished", judged=people, changed=sum(one.changed for one in parts), finished_at=max(now, job.at)
    )
    services.jobs.advance(job_row(over, row.version + 1))
    return over


def _again(job: LearningJob, services: LearningServices) -> LearningJob:
    return job if job.is_over else _lead_on(job, services)


def remove_sample(job: LearningJob, services: LearningServices) -> None:
    """Delete what was sampled: it is of no further use."""
    for key in sample_keys(job, services.jobs):
        services.samples.remove(key)
