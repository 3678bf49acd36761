"""Cuts a job into parts: all people in equal slices, or for a sample as many fine slices as hold about enough."""

from __future__ import annotations

import random

from chalicelib.flows.catalogue_job import Job, Plan
from chalicelib.flows.job_services import JobServices
from chalicelib.store.people import MOST_SLICES, Slice

_PILOT_SLICES = 64
_ENOUGH = 1_000
"""People counted, an estimate is about 3% off."""
_ITEMS_OF_A_PILOT = 2_000
_PEOPLE_OF_A_PART = 2_500
_MOST_PARTS = 64
_PARTS_OF_A_SAMPLE = 16


def plan_job(job: Job, services: JobServices) -> Plan:
    """How a job goes through the people. An apply job leaves nobody out."""
    people = estimate(job, services)
    wanted = job.sample or (services.sample_people if people > services.whole_people else 0)
    if job.sort == "apply" or not wanted or wanted >= people:
        parts = min(max(-(-people // _PEOPLE_OF_A_PART), 1), _MOST_PARTS)
        return Plan(tuple(Slice(one, parts) for one in range(parts)), people, is_sample=False)
    slices = min(max(people * _PARTS_OF_A_SAMPLE // wanted, 1), MOST_SLICES)
    chosen = _draw(job, slices, min(-(-wanted * slices // people), _MOST_PARTS))
    return Plan(tuple(Slice(one, slices) for one in sorted(chosen)), people, is_sample=True)


def estimate(job: Job, services: JobServices) -> int:
    """About how many people a tenant has: some slices are counted, until they hold enough to tell, or are all.

    The table knows how many items it has, but that may be hours old, and says nothing of whose they are.
    """
    slices = min(max(services.people.size() // _ITEMS_OF_A_PILOT, _PILOT_SLICES), MOST_SLICES)
    counted = looked_at = 0
    for one in _draw(job, slices, _PILOT_SLICES):
        counted += services.people.count(job.tenant_id, Slice(one, slices))
        looked_at += 1
        if counted >= _ENOUGH:
            break
    return counted * slices // looked_at


def _draw(job: Job, slices: int, how_many: int) -> list[int]:
    """Slices by chance, the same ones whenever the job is planned again."""
    return random.Random(job.job_id).sample(range(slices), min(how_many, slices))  # noqa: S311 - no secret
