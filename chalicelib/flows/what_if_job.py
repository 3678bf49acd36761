"""A what-if: past contacts played again with another policy or other agents. Opened, and answered of, by the API.

First the decisions of the window are gathered, slice by slice; then each run is a part of its own: both desks, with the
dice of one seed. Whoever finds all runs done compares them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.flows.catalogue_job import Declared, Job, Plan, Sort, State, Window, job_of
from chalicelib.flows.coming_contacts import LATER_MS, Coming
from chalicelib.flows.job_services import JobServices
from chalicelib.flows.open_job import WindowAsked, checked_window
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import DAY_MS, Millis, format_moment
from chalicelib.simulation.past import PastContact
from chalicelib.simulation.staffing import StaffChange
from chalicelib.simulation.what_if import Played, Replayed
from chalicelib.store.jobs import JobStore

SORT: Sort = "what_if"
PREFIX = "what_if_"
LONGEST_DAYS = 31
HORIZON_DAYS = 365
LEAST_RUNS, USUAL_RUNS, MOST_RUNS = 5, 20, 50
RESULT, FORECAST = "result", "forecast"
POLICIES, AGENTS = "policies", "agents"


type Traffic = Literal["past", "forecast"]


class WhatIfRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Past contacts of ``window``, at most 31 days, played again. ``policy``: by this draft; ``change``: with other agents.

    ``traffic`` ``forecast``: the next 14 days instead of a window, with arrivals drawn from the forecasts of the queues.
    ``runs``: how often, each with dice of its own; more make the intervals narrower.
    """

    window: WindowAsked | None = None
    traffic: Traffic = "past"
    policy: str | None = None
    change: StaffChange = StaffChange()
    runs: Annotated[int, msgspec.Meta(ge=LEAST_RUNS, le=MOST_RUNS)] = USUAL_RUNS


class WhatIfAsked(msgspec.Struct, frozen=True, array_like=True):
    """What a job keeps of its request."""

    change: StaffChange
    runs: int
    traffic: Traffic = "past"

    @property
    def ahead(self) -> bool:
        """Whether it is about contacts to come."""
        return self.traffic == "forecast"


class Gathered(msgspec.Struct, frozen=True):
    """A slice of the past: where the next page begins, and the contacts up to there.

    ``left_out``: decisions that were made before their inputs were kept.
    """

    after: str = ""
    is_done: bool = False
    contacts: tuple[PastContact, ...] = ()
    left_out: int = 0


class Run(msgspec.Struct, frozen=True):
    """One run: the desk as it was, and changed."""

    before: Played
    after: Played


class ChangeView(msgspec.Struct, frozen=True):
    """The change of agents that was asked for."""

    agents: int
    skill: str | None
    skills: dict[str, dict[str, int]]


class WhatIfFailure(msgspec.Struct, frozen=True):
    """Why it ended without a result."""

    code: str
    message: str


class WhatIfView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """How far a what-if is, and its result. ``parts`` are slices to gather, runs to play, and forecasts where they are asked for.

    ``expected``: queue → contacts that its forecast comes to; ``too_little``: queues without one, whose contacts come again as they came.

    Figures of a group (``all``, ``segment:vip``, ``queue:payments``) have a mean with 95% bounds before, after, and of the change.
    ``busy``: agent → share of their time before and after. ``losers``: whose wait, time limits or resolution surely get worse.
    """

    job_id: str
    state: State
    opened_by: str
    created_at: str
    finished_at: str | None
    from_: str
    to: str
    traffic: Traffic
    expected: dict[str, float] | None
    too_little: tuple[str, ...]
    policy: str | None
    change: ChangeView
    runs: int
    parts: int
    parts_done: int
    gathered: int
    left_out: int
    result: Replayed | None
    failure: WhatIfFailure | None


def job_to_open(
    request: WhatIfRequest, tenant_id: str, key: str, principal: str, services: JobServices, now: Millis
) -> Job:
    """The job to open. Raises BadInput ``bad_time``, ``bad_window``, ``nothing_changes``; NotFound ``no_such_draft``."""
    window = _window(request, now)
    after: tuple[Declared, ...] = ()
    if request.policy is not None:
        draft = services.draft(tenant_id, POLICIES, request.policy)
        if draft is None:
            raise NotFound("no_such_draft", "There is no such draft.", "policy")
        after = (draft,)
    elif request.change == StaffChange():
        raise BadInput("nothing_changes", "Name the draft of a policy, or a change of the agents.", "change")
    return Job(
        tenant_id=tenant_id,
        job_id=PREFIX + key,
        sort=SORT,
        kind=POLICIES if after else AGENTS,
        id=request.policy or "",
        principal=principal,
        at=now,
        before=(),
        after=after,
        window=window,
        what_if=encode(WhatIfAsked(request.change, request.runs, request.traffic)),
    )


def _window(request: WhatIfRequest, now: Millis) -> Window:
    """The past to gather: what is played, or what the next two weeks will be like."""
    if request.traffic == "forecast":
        if request.window is not None:
            raise BadInput("bad_window", "A forecast is of the next 14 days; leave the window out.", "window")
        return Window(now - LATER_MS, now)
    if request.window is None:
        raise BadInput("bad_window", "Name the window of past contacts to play.", "window")
    window = checked_window(request.window, HORIZON_DAYS, now)
    if window.ends - window.begins > LONGEST_DAYS * DAY_MS:
        raise BadInput("bad_window", f"At most {LONGEST_DAYS} days are played again.", "window")
    return window


def asked_of(job: Job) -> WhatIfAsked:
    """What was asked for."""
    return decode(job.what_if, WhatIfAsked)


def run_names(runs: int) -> tuple[str, ...]:
    """The names of the parts that are runs."""
    return tuple(f"run{number}" for number in range(runs))


def describe_what_if(tenant_id: str, job_id: str, jobs: JobStore) -> WhatIfView:
    """How far it is, and its result. Raises NotFound ``no_such_job``."""
    row = jobs.load(tenant_id, job_id) if job_id.startswith(PREFIX) and "#" not in job_id else None
    if row is None:
        raise NotFound("no_such_job", "There is no such job.")
    job = job_of(row)
    asked, plan = asked_of(job), job.plan or Plan((), 0, is_sample=False)
    gathered = [decode(one.content, Gathered) for one in jobs.parts(tenant_id, job_id, plan.parts)]
    played = jobs.parts(tenant_id, job_id, run_names(asked.runs)) if plan.slices else ()
    result = jobs.load(tenant_id, job_id, RESULT) if job.state == "finished" else None
    window, later = job.window or Window(0, 0), LATER_MS if asked.ahead else 0
    kept = jobs.load(tenant_id, job_id, FORECAST) if asked.ahead else None
    coming = Coming() if kept is None else decode(kept.content, Coming)
    return WhatIfView(
        job_id=job.job_id,
        state=job.state,
        opened_by=job.principal,
        created_at=format_moment(job.at),
        finished_at=None if job.finished_at is None else format_moment(job.finished_at),
        from_=format_moment(window.begins + later),
        to=format_moment(window.ends + later),
        traffic=asked.traffic,
        expected=coming.contacts() if coming.is_done else None,
        too_little=coming.too_little,
        policy=job.id or None,
        change=ChangeView(asked.change.agents, asked.change.skill, asked.change.skills),
        runs=asked.runs,
        parts=len(plan.slices) + asked.ahead + asked.runs,
        parts_done=sum(one.is_done for one in gathered) + coming.is_done + len(played),
        gathered=sum(len(one.contacts) for one in gathered),
        left_out=sum(one.left_out for one in gathered),
        result=None if result is None else decode(result.content, Replayed),
        failure=WhatIfFailure(job.failure, _SENTENCES.get(job.failure, "The draft cannot be tried."))
        if job.failure
        else None,
    )


_SENTENCES = {
    "catalogue_changed": "Another version came into force while it ran; run it again.",
    "too_many_contacts": "So many contacts are not played at once; choose a shorter window.",
    "too_little_history": "No queue has two weeks of counted contacts; play a past window instead.",
    "nothing_to_play": "No decision of the window has what it was made from, or went to an agent.",
    "no_agents": "No agent is declared who was there within the window.",
}
