"""Opens jobs: a dry run of drafts, because somebody asks, and an apply job, because a version was published."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.flows.catalogue_job import Declared, Job, Window, apply_id, job_of, job_row
from chalicelib.flows.job_services import JobDoor, JobServices
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import DAY_MS, Millis, parse_moment

DRY_RUN_KINDS = ("tags", "measures", "scenes", "policies")
_APPLIED_KINDS = frozenset({"tags", "measures", "scenes"})
APPLY_SECONDS = 90
"""After a publish every function goes by the new version within a minute. Before that a save may still tell of the old
rules' tags, after what this job has told.
"""
_LARGEST_SAMPLE = 50_000
_MOST_DRAFTS = 20


class WindowAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Past events from an instant up to and without another, which is now unless given."""

    from_: str
    to: str | None = None


class DraftAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another draft."""

    kind: str
    id: str


class DryRunRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"with_": "with"}):
    """How to try a draft. ``sample``: on about so many people. ``window``: on past events instead of people as they are.
    ``with``: other drafts that are to be published together with it.
    """

    sample: int | None = None
    window: WindowAsked | None = None
    with_: tuple[DraftAsked, ...] = ()


class JobOpened(msgspec.Struct, frozen=True):
    """A job that was opened; its progress and result are at its own address."""

    job_id: str
    state: str


def checked(request: DryRunRequest, horizon_days: int, now: Millis) -> Window | None:
    """The window asked for. Raises BadInput ``bad_sample``, ``bad_time``, ``bad_window`` and ``too_many_drafts``."""
    if request.sample is not None and not 1 <= request.sample <= _LARGEST_SAMPLE:
        raise BadInput("bad_sample", f"A sample has 1 to {_LARGEST_SAMPLE} people.", "sample")
    if len(request.with_) > _MOST_DRAFTS:
        raise BadInput("too_many_drafts", f"At most {_MOST_DRAFTS} other drafts are tried with one.", "with")
    return None if request.window is None else checked_window(request.window, horizon_days, now)


def checked_window(asked: WindowAsked, horizon_days: int, now: Millis) -> Window:
    """The window asked for. Raises BadInput ``bad_time`` and ``bad_window``."""
    begins = parse_moment(asked.from_, "window/from")
    ends = now if asked.to is None else parse_moment(asked.to, "window/to")
    if not now - horizon_days * DAY_MS <= begins < ends <= now:
        raise BadInput("bad_window", "A window begins within the history's horizon, and ends later, by now.", "window")
    return Window(begins, ends)


def drafts_of(tenant_id: str, kind: str, id_: str, request: DryRunRequest, services: JobServices) -> list[Declared]:
    """The drafts to lay over what is in force. Raises BadInput ``bad_kind`` and NotFound ``no_such_draft``."""
    found: list[Declared] = []
    for one in (DraftAsked(kind, id_), *request.with_):
        if one.kind not in DRY_RUN_KINDS:
            raise BadInput("bad_kind", f"What can be tried are {', '.join(DRY_RUN_KINDS)}.", "kind")
        draft = services.draft(tenant_id, one.kind, one.id)
        if draft is None:
            raise NotFound("no_such_draft", "There is no such draft.", "id")
        found.append(draft)
    return found


def open_job(job: Job, door: JobDoor) -> JobOpened:
    """Keep a job and queue it. The same ``job_id`` again answers the same job, and queues it again while it waits."""
    if not door.jobs.advance(job_row(job, 1)):
        row = door.jobs.load(job.tenant_id, job.job_id)
        job = job if row is None else job_of(row)
    if job.state == "waiting":
        wait_seconds = max(0, job.begins_at - job.at) // 1000
        door.go_on(job.tenant_id, job.job_id, [""], wait_seconds)
    return JobOpened(job.job_id, job.state)


def open_apply(
    tenant_id: str,
    before: Sequence[Declared],
    after: Sequence[Declared],
    version: int,
    principal: str,
    door: JobDoor,
    now: Millis,
) -> JobOpened | None:
    """Tell of a version that was just published or rolled back to. Once per version, however often it is called.

    ``before`` and ``after`` are the published declarations as they were and are. None where they bear on no tag.
    """
    told = [one for one in after if one.kind in _APPLIED_KINDS]
    if not told:
        return None
    job = Job(
        tenant_id=tenant_id,
        job_id=apply_id(version),
        sort="apply",
        kind=told[0].kind,
        id=told[0].id,
        principal=principal,
        at=now,
        before=tuple(before),
        after=tuple(after),
        version=version,
        begins_at=now + APPLY_SECONDS * 1000,
    )
    return open_job(job, door)
