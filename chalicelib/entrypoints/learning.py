"""Puts runs of learning together: a part of ``compose`` of its own, which only those who learn or tell of it read."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cache

import msgspec

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.objects import Bucket, Objects
from chalicelib.aws.queue import Message, job_messages
from chalicelib.aws.retrying import wait
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import api, catalogue, declarations, publish, queue, settings
from chalicelib.entrypoints.models import learned, models
from chalicelib.entrypoints.outreach import outreach
from chalicelib.flows.effective import InForceCatalogues
from chalicelib.flows.learning_job import KIND
from chalicelib.flows.learning_services import LearningDoor, LearningLimits, LearningServices, TrainServices
from chalicelib.flows.risks_of_runs import RisksOfRuns
from chalicelib.segments.segmentation import Segmentations
from chalicelib.store.jobs import DynamoJobs
from chalicelib.store.judged import DynamoJudged
from chalicelib.store.people import DynamoPeople
from chalicelib.store.timers import DynamoTimers


def learning_jobs() -> DynamoJobs:
    """Where runs are kept."""
    return DynamoJobs(api("dynamodb").call, settings().table_history, KIND)


def judged_store() -> DynamoJudged:
    """What models say of people, and the members of segments."""
    return DynamoJudged(api("dynamodb").call, settings().table_profiles)


def learning_door() -> LearningDoor:
    """What opening a run needs."""
    return LearningDoor(learning_jobs(), go_on)


def limits() -> LearningLimits:
    """How much a run reads and writes, as this deployment is configured."""
    names = settings()
    return LearningLimits(
        sample_people=names.learning_sample_people,
        people_per_range=names.learning_people_per_range,
        write_units_per_second=names.learning_write_units_per_second,
    )


@cache
def learning_services() -> LearningServices:
    """What going through people needs."""
    return LearningServices(
        jobs=learning_jobs(),
        people=DynamoPeople(api("dynamodb").call, settings().table_profiles),
        judged=judged_store(),
        learned=learned(),
        samples=_samples(),
        models=models,
        catalogue=catalogue,
        publish=publish,
        go_on=go_on,
        train=train,
        spend=Budget().spend,
        limits=limits(),
        risks=RisksOfRuns(outreach, DynamoTimers(api("dynamodb").call, settings().table_profiles), now),
    )


@cache
def train_services() -> TrainServices:
    """What training needs. Only the function that has the layer can make it."""
    from chalicelib.training.served import score, segments

    return TrainServices(
        jobs=learning_jobs(),
        learned=learned(),
        samples=_samples(),
        segments=segments,
        score=score,
        go_on=go_on,
        train=train,
        limits=limits(),
        segmentations=_declared,
    )


def _declared(tenant_id: str) -> Segmentations:
    # Not by ``in_force``, which asks for the tenant's trade as well: who trains reads nothing of tenants.
    return InForceCatalogues(declarations, time.monotonic)(tenant_id).segmentations


def _samples() -> Objects:
    names = settings()
    bucket = Bucket.at(names.endpoints["s3"], names.bucket_imports)
    return Objects(bucket, region=names.region, credentials=credentials_from(os.environ))


def go_on(tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
    """Queue parts of a run. Raises Unavailable."""
    queue().send(settings().queue_learning_url, job_messages(tenant_id, job_id, parts, delay_seconds))


def train(tenant_id: str, job_id: str, parts: Sequence[str]) -> None:
    """Order parts of the training of a run. Raises Unavailable."""
    orders = ({"order": "learn", "tenant": tenant_id, "job_id": job_id, "part": one} for one in parts)
    queue().send(settings().queue_learning_training_url, [Message(msgspec.json.encode(one).decode()) for one in orders])


class Budget:
    """Write units over time, in one process: whoever is ahead of the rate waits."""

    def __init__(self) -> None:
        self._paid_until = 0.0

    def spend(self, units: float, per_second: float) -> None:
        """Wait until so many units may be used."""
        now = time.monotonic()
        self._paid_until = max(self._paid_until, now) + units / per_second
        if self._paid_until - units / per_second > now:
            wait(self._paid_until - units / per_second - now)
