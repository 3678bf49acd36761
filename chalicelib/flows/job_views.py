"""What is answered of jobs over stored people."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from chalicelib.flows.catalogue_job import Job, Sort, State, Window
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.tags.compare import BINS, Comparison, People, TagCount, wilson

_MOVES_SHOWN = 100


class Between(msgspec.Struct, frozen=True):
    """Bounds that hold the true value 19 times of 20."""

    low: float
    high: float


class CountView(msgspec.Struct, frozen=True):
    """People that were counted. ``share`` is of those compared. Of a sample, ``share_between`` and ``of_all_between``
    say where the share and the count of all people may lie; both are null where nobody was left out.
    """

    count: int
    share: float
    share_between: Between | None = None
    of_all_between: Between | None = None


class PersonListed(msgspec.Struct, frozen=True):
    """Somebody who gains or loses a tag; since when they have it, by the rules that give it to them."""

    profile_id: str
    since: str


class SideView(msgspec.Struct, frozen=True):
    """Those who gain or lose a tag: some are listed; ``fingerprint`` is the same for the same people, in any job."""

    people: CountView
    listed: tuple[PersonListed, ...]
    fingerprint: str


class ShiftView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """How many keep a tag with a confidence that is higher by ``from`` up to and without ``to``."""

    from_: float
    to: float
    count: int


class TagCompared(msgspec.Struct, frozen=True):
    """One tag under the rules before and after. Of ``unknown`` people a failing rule says nothing."""

    id: str
    before: CountView
    after: CountView
    gained: SideView
    lost: SideView
    shifts: tuple[ShiftView, ...]
    unknown: int


class RouteMove(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """People who would be sent elsewhere, as mode and queue."""

    from_: str
    to: str
    people: CountView


class WindowView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A window of past events."""

    from_: str
    to: str


class JobFailure(msgspec.Struct, frozen=True):
    """Why a job ended without a result."""

    code: str
    message: str


class JobView(msgspec.Struct, frozen=True):
    """A job over stored people: how far it is, and what it has counted up to there.

    Of about ``people_estimated`` people ``people_read`` were read and ``people`` compared: those with events, of a window.
    ``catalogue_version`` is the version in force of a dry run,
    and the published one of an apply job. ``left_out`` are people not looked at, by the reason.
    """

    job_id: str
    sort: Sort
    kind: str
    id: str
    state: State
    opened_by: str
    created_at: str
    finished_at: str | None
    catalogue_version: int | None
    is_sample: bool
    window: WindowView | None
    parts: int
    parts_done: int
    people: int
    people_read: int
    people_estimated: int
    left_out: dict[str, int]
    tags: tuple[TagCompared, ...]
    routes: tuple[RouteMove, ...]
    failure: JobFailure | None


class JobListed(msgspec.Struct, frozen=True):
    """A job in the list."""

    job_id: str
    sort: Sort
    kind: str
    id: str
    state: State
    opened_by: str
    created_at: str
    finished_at: str | None


class JobsView(msgspec.Struct, frozen=True):
    """Jobs, newest first. ``cursor`` is '' at the end."""

    jobs: tuple[JobListed, ...]
    cursor: str


_SENTENCES = {
    "catalogue_changed": "Another version came into force while it ran; run it again.",
}


def view_of(job: Job, counted: Comparison, parts_done: int) -> JobView:
    """A job as it is answered."""
    plan = job.plan
    scale = _Scale(counted.people, counted.read, plan.people if plan and plan.is_sample else None)
    return JobView(
        job_id=job.job_id,
        sort=job.sort,
        kind=job.kind,
        id=job.id,
        state=job.state,
        opened_by=job.principal,
        created_at=format_moment(job.at),
        finished_at=_moment(job.finished_at),
        catalogue_version=job.version if job.version >= 0 else None,
        is_sample=bool(plan and plan.is_sample),
        window=None if job.window is None else _window(job.window),
        parts=len(plan.slices) if plan else 0,
        parts_done=parts_done,
        people=counted.people,
        people_read=counted.read,
        people_estimated=plan.people if plan else 0,
        left_out=counted.left_out,
        tags=tuple(_tag(one, count, scale) for one, count in _tags(job, counted)),
        routes=tuple(_moves(counted, scale)),
        failure=JobFailure(job.failure, _SENTENCES.get(job.failure, "The draft cannot be tried."))
        if job.failure
        else None,
    )


def listed(job: Job) -> JobListed:
    """A job as the list has it."""
    return JobListed(
        job.job_id,
        job.sort,
        job.kind,
        job.id,
        job.state,
        job.principal,
        format_moment(job.at),
        _moment(job.finished_at),
    )


class _Scale(msgspec.Struct, frozen=True):
    """From counts of those compared to shares, and to all people where those are a sample."""

    people: int
    read: int
    of_all: int | None

    def view(self, count: int) -> CountView:
        share = round(count / self.people, 6) if self.people else 0.0
        if self.of_all is None:
            return CountView(count, share)
        low, high = wilson(count, self.people)
        least, most = wilson(count, self.read)
        of_all = Between(round(least * self.of_all), round(most * self.of_all))
        return CountView(count, share, Between(round(low, 6), round(high, 6)), of_all)


def _tags(job: Job, counted: Comparison) -> list[tuple[str, TagCount]]:
    """The tags in order. The one that is tried is told of even if nobody has it either way."""
    own = {job.id: TagCount()} if job.kind == "tags" and job.plan else {}
    return sorted((own | counted.tags).items())


def _tag(tag_id: str, count: TagCount, scale: _Scale) -> TagCompared:
    shifts = (ShiftView(_edge(one), _edge(one + 1), people) for one, people in enumerate(count.shifts) if people)
    return TagCompared(
        id=tag_id,
        before=scale.view(count.before),
        after=scale.view(count.after),
        gained=_side(count.gained, scale),
        lost=_side(count.lost, scale),
        shifts=tuple(shifts),
        unknown=count.unknown,
    )


def _side(people: People, scale: _Scale) -> SideView:
    listed_ = tuple(PersonListed(one.profile_id, format_moment(one.since)) for one in people.named)
    return SideView(scale.view(people.count), listed_, f"{people.fingerprint:016x}")


def _moves(counted: Comparison, scale: _Scale) -> Iterator[RouteMove]:
    moves = sorted(counted.moves.items(), key=lambda one: (-one[1], one[0]))
    for name, count in moves[:_MOVES_SHOWN]:
        before, _, after = name.partition(">")
        yield RouteMove(before, after, scale.view(count))


def _window(one: Window) -> WindowView:
    return WindowView(format_moment(one.begins), format_moment(one.ends))


def _edge(place: int) -> float:
    return (place - BINS // 2) / 10


def _moment(at: Millis | None) -> str | None:
    return None if at is None else format_moment(at)
