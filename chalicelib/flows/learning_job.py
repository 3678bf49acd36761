"""A run that learns a tenant's models anew, and judges everybody by those in force: how far it is. Kept as bytes.

A run reads a fair sample of people (*scanning*), learns each model of it in the function that alone can (*training*),
and then goes through everybody and writes what the models say where that is something else (*assigning*). One that
only follows a roll back begins with the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.segments.watch import DriftReport
from chalicelib.store.jobs import JobRow, JobStore
from chalicelib.store.people import Slice

KIND = "learning"
"""What rows of these jobs are called in the store, apart from those of the catalogue."""
KEPT_DAYS = 90

type Sort = Literal["learn", "assign"]
type Phase = Literal["waiting", "scanning", "training", "assigning", "finished", "failed"]
SCAN, TRAIN, ASSIGN = "scan", "train", "assign"
DRIFT = "drift"
"""The part of training that looks at the sampled people by the models in force. It learns nothing."""


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What a run came to for one model: its version (0: none was made), and why it is not in force; '' where it is."""

    id: str
    number: int
    reason: str


class Drift(msgspec.Struct, frozen=True):
    """How people were, when a run had sampled them, beside the training of the models that were in force: id → version."""

    report: DriftReport
    versions: Mapping[str, int]


class LearningJob(msgspec.Struct, frozen=True):
    """One run. ``at`` is the moment that everything in it is about. ``people`` is an estimate.

    ``scan`` are the slices that hold the sample, ``training`` the parts of that, none before it is planned, ``ranges``
    into how many everybody is cut. ``outcomes`` and ``drift`` stand here when all parts are done. ``judged`` and ``changed``
    count people at the end. ``drift`` is None where no model was in force that could be watched.
    """

    tenant_id: str
    job_id: str
    sort: Sort
    principal: str
    at: Millis
    phase: Phase = "waiting"
    begins_at: Millis = 0
    people: int = 0
    scan: tuple[Slice, ...] = ()
    training: tuple[str, ...] = ()
    ranges: int = 0
    outcomes: tuple[Outcome, ...] = ()
    judged: int = 0
    changed: int = 0
    finished_at: Millis | None = None
    failure: str = ""
    drift: Drift | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done."""
        return self.phase in ("finished", "failed")

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of this phase."""
        if self.phase == "scanning":
            return self.scan_parts
        if self.phase == "training":
            return self.training
        return tuple(f"{ASSIGN}-{place}" for place in range(self.ranges)) if self.phase == "assigning" else ()

    @property
    def scan_parts(self) -> tuple[str, ...]:
        """The names of the parts that sampled, whatever phase it is now."""
        return tuple(f"{SCAN}-{place}" for place in range(len(self.scan)))


class LearningPart(msgspec.Struct, frozen=True):
    """One range of a phase: where it goes on, and what was counted up to there. ``objects`` of its sample are written.

    Of training: what a model came to, or how people have drifted.
    """

    after: str = ""
    is_done: bool = False
    people: int = 0
    changed: int = 0
    objects: int = 0
    counts: Mapping[str, int] = {}
    outcome: Outcome | None = None
    drift: Drift | None = None


def slice_of(job: LearningJob, part: str) -> Slice:
    """The slice of everybody that a part reads. Raises ValueError for a name that is none of its phase's."""
    if part not in job.parts:
        raise ValueError(part)
    place = int(part.partition("-")[2])
    return job.scan[place] if part.startswith(SCAN) else Slice(place, job.ranges)


def sample_key(job: LearningJob, part: str, number: int) -> str:
    """Where an object of the sample is. Tenants' ids stand in it, people's do not."""
    return f"learning/{job.tenant_id}/{job.job_id}/{part}/{number:06d}"


def sample_keys(job: LearningJob, jobs: JobStore) -> list[str]:
    """The objects of a run's sample, in the order of its slices."""
    rows = {one.part: part_of(one) for one in jobs.parts(job.tenant_id, job.job_id, job.scan_parts)}
    return [
        sample_key(job, name, number) for name in job.scan_parts if name in rows for number in range(rows[name].objects)
    ]


def job_row(job: LearningJob, version: int) -> JobRow:
    """A run as it is kept."""
    return JobRow(job.tenant_id, job.job_id, "", version, encode(job), job.at, job.at + KEPT_DAYS * DAY_MS)


def part_row(job: LearningJob, name: str, part: LearningPart, version: int) -> JobRow:
    """A part as it is kept."""
    return JobRow(job.tenant_id, job.job_id, name, version, encode(part), job.at, job.at + KEPT_DAYS * DAY_MS)


def job_of(row: JobRow) -> LearningJob:
    """A run as it was kept."""
    return decode(row.content, LearningJob)


def part_of(row: JobRow | None) -> LearningPart:
    """A part as it was kept; one that has not begun is at its start."""
    return LearningPart() if row is None else decode(row.content, LearningPart)


def parts_of(job: LearningJob, jobs: JobStore) -> dict[str, LearningPart]:
    """The parts of the phase that a run is in, in their order; those that have not begun are at their start."""
    begun = {one.part: part_of(one) for one in jobs.parts(job.tenant_id, job.job_id, job.parts)}
    return {name: begun.get(name, LearningPart()) for name in job.parts}


def left_of(job: LearningJob, jobs: JobStore) -> Sequence[str]:
    """The parts of the phase to be queued: those that are not done; the last again when none is left, which ends it."""
    left = [name for name, one in parts_of(job, jobs).items() if not one.is_done]
    return left or job.parts[-1:]


def added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts by name, added up."""
    summed: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            summed[name] = summed.get(name, 0) + count
    return dict(sorted(summed.items()))
