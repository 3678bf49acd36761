"""Opens runs of learning, on a schedule or because somebody asks, and rolls models back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib.flows.learning_job import LearningJob, Sort, job_of, job_row
from chalicelib.flows.learning_services import LearningDoor
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, THE_LAST, Millis
from chalicelib.store.learned import LearnedStore

if TYPE_CHECKING:
    from chalicelib.segments.segmentation import Segmentations

_LONGEST_MS = 2 * DAY_MS
"""A run that has not ended by then is taken for given up on."""
_LOOKED_AT = 20
"""Runs, the newest first: those that only judge may have come after one that learns."""
_ATTEMPTS = 5


class RunOrder(msgspec.Struct, frozen=True):
    """A run that somebody asks for. The same ``job_id`` again is the same run."""

    tenant_id: str
    job_id: str
    principal: str
    sort: Sort = "learn"
    begins_at: Millis = 0


class RunOpened(msgspec.Struct, frozen=True):
    """A run that was opened; how far it is, ``GET /v1/models`` says."""

    job_id: str
    state: str


class RolledBack(msgspec.Struct, frozen=True):
    """A model that was rolled back: the version in force (0: none), and the run that judges everybody by it."""

    id: str
    version: int
    job_id: str


def open_run(order: RunOrder, door: LearningDoor, now: Millis) -> RunOpened:
    """Keep a run and queue it. Raises Conflict ``run_in_progress`` while another one of the tenant learns.

    One that only judges keeps nobody from learning: who learns judges everybody once more.
    """
    job = LearningJob(order.tenant_id, order.job_id, order.sort, order.principal, now, begins_at=order.begins_at)
    known = door.jobs.load(order.tenant_id, order.job_id)
    if known is not None:
        job = job_of(known)
    elif order.sort == "learn" and _going_on(order.tenant_id, door, now):
        raise Conflict("run_in_progress", "A run of this tenant goes on; ask again when it has ended.")
    else:
        door.jobs.advance(job_row(job, 1))
    if job.phase == "waiting":
        door.go_on(order.tenant_id, order.job_id, [""], 0)
    return RunOpened(job.job_id, job.phase)


def _going_on(tenant_id: str, door: LearningDoor, now: Millis) -> bool:
    rows = door.jobs.newest(tenant_id, before=THE_LAST, limit=_LOOKED_AT)
    jobs = [job_of(one) for one in rows if one.at > now - _LONGEST_MS]
    return any(one.sort == "learn" and not one.is_over for one in jobs)


class RollBackOrder(msgspec.Struct, frozen=True):
    """Which model, to which of its versions; None is the one before. ``settle_seconds``: see ``LearningLimits``."""

    tenant_id: str
    model_id: str
    job_id: str
    principal: str
    to: int | None = None
    settle_seconds: int = 90


def roll_back(
    order: RollBackOrder, learned: LearnedStore, door: LearningDoor, declared: Segmentations, now: Millis
) -> RolledBack:
    """Put a former version in force in one write, and judge everybody by it. The same order again changes nothing more.

    Raises NotFound ``no_such_model`` and ``no_such_version``, BadInput ``version_unusable``, Conflict ``nothing_before``,
    Unavailable.
    """
    repeat = door.jobs.load(order.tenant_id, order.job_id)
    number = _in_force(order, learned) if repeat is not None else _rolled_back(order, learned, declared, now)
    begins_at = now + order.settle_seconds * 1000
    open_run(RunOrder(order.tenant_id, order.job_id, order.principal, "assign", begins_at), door, now)
    return RolledBack(order.model_id, number, order.job_id)


def _in_force(order: RollBackOrder, learned: LearnedStore) -> int:
    entry = learned.head(order.tenant_id).models.get(order.model_id)
    return 0 if entry is None else entry.number


def _rolled_back(order: RollBackOrder, learned: LearnedStore, declared: Segmentations, now: Millis) -> int:
    for _ in range(_ATTEMPTS):
        head = learned.head(order.tenant_id)
        entry = head.models.get(order.model_id)
        if entry is None:
            raise NotFound("no_such_model", "This tenant has no such model.", "id")
        if order.to is None and not entry.before:
            # To take a model out of force, somebody says so: who repeats a roll back under another key does not mean it.
            raise Conflict("nothing_before", "There is no version to go back to; name one, or 0 for none at all.")
        number = entry.before if order.to is None else order.to
        _check(order, number, learned, declared)
        if number == entry.number:
            return number
        if learned.publish(order.tenant_id, head.rolled_back(order.model_id, number, now, order.principal)):
            return number
    raise Unavailable("contended", "Models of this tenant are published by others; try again.")


def _check(order: RollBackOrder, number: int, learned: LearnedStore, declared: Segmentations) -> None:
    if not number:
        return
    version = learned.load(order.tenant_id, order.model_id, number)
    if version is None:
        raise NotFound("no_such_version", "There is no such version of this model.", "version")
    # A model that nobody would use: it would be as if none were in force.
    from chalicelib.flows.read_models import model_of
    from chalicelib.segments.assign import fits
    from chalicelib.segments.model import SegmentModel

    model = model_of(version)
    if model is None:
        raise BadInput("version_unusable", "That version was learned of other features than those of today.", "version")
    if isinstance(model, SegmentModel) and not fits(model, declared):
        raise BadInput("version_unusable", "Its segmentation was declared otherwise when it was learned.", "version")
