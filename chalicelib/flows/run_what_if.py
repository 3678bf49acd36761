"""Goes on with a what-if: gathers the past, plays it run by run, and compares the runs.

A slice is gathered page by page with a checkpoint after each; a run is one part and has one. Both can be repeated and
give the same bytes, so that a message that comes twice, or again after a kill, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from chalicelib.desk.model import Agent
from chalicelib.flows.catalogue_job import KEPT_DAYS, Job, Plan, job_of, job_row
from chalicelib.flows.coming_contacts import LATER_MS, Coming, drawn, forecast_queues
from chalicelib.flows.job_services import JobServices, Rules
from chalicelib.flows.past_contacts import groups_of, past_contact
from chalicelib.flows.run_job import CATALOGUE_CHANGED
from chalicelib.flows.what_if_job import FORECAST, RESULT, Gathered, Run, asked_of, run_names
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.simulation.coming import moved
from chalicelib.simulation.outcomes import Outcomes
from chalicelib.simulation.past import PastContact
from chalicelib.simulation.staffing import Staffed, changed, staffed
from chalicelib.simulation.what_if import Side, compared, run
from chalicelib.store.jobs import JobRow
from chalicelib.store.past import PastStore
from chalicelib.store.people import Slice
from chalicelib.store.tallies import TallyStore

SLICES = 8
MOST_OF_A_SLICE = 4_000
"""Contacts: a row has 400 KB, and a run of all slices takes a minute."""


class WhatIfServices(msgspec.Struct, frozen=True):
    """What a what-if needs beyond what jobs need: past decisions, the roster, and the zone of a tenant ('' : its policy's)."""

    job: JobServices
    past: PastStore
    agents: Callable[[str], Sequence[Agent]]
    timezone: Callable[[str], str]
    tallies: TallyStore
    page_items: int = 500


def run_what_if(
    tenant_id: str, job_id: str, part: str, services: WhatIfServices, now: Millis, has_time: Callable[[], bool]
) -> Job | None:
    """Plan it, or go on with a part. Returns the job as it then stands, if there is one. Raises Unavailable."""
    row = services.job.jobs.load(tenant_id, job_id)
    if row is None:
        return None
    job = job_of(row)
    if job.is_over:
        return job
    try:
        old, new = (services.job.rules(tenant_id, one) for one in (job.before, job.after))
    except BadInput as bad:
        return _failed(job, row.version, bad.code, services, now)
    if job.plan is None:
        slices = tuple(Slice(number, SLICES) for number in range(SLICES))
        begun = replace(job, state="running", plan=Plan(slices, 0, is_sample=False), version=old.version)
        advanced = services.job.jobs.advance(job_row(begun, row.version + 1))
        return _queue(begun, services) if advanced else job
    if old.version != job.version:
        return _failed(job, row.version, CATALOGUE_CHANGED, services, now)
    if not part:
        # Planned before, and perhaps killed before all parts were queued.
        return _queue(job, services)
    return _part(job, row.version, part, (old, new), services, now, has_time)


def _part(
    job: Job,
    version: int,
    part: str,
    rules: tuple[Rules, Rules],
    services: WhatIfServices,
    now: Millis,
    has_time: Callable[[], bool],
) -> Job:
    assert job.plan is not None, "only a planned job has parts"
    if part in job.plan.parts:
        return _gather(job, version, part, rules, services, now, has_time)
    if part == FORECAST:
        return _forecast(job, version, rules[0], services, now, has_time)
    return _play(job, version, part, rules, services, now)


def _queue(job: Job, services: WhatIfServices) -> Job:
    """Queue what is left to gather; when nothing is, what is left to play; the last run again when all are."""
    assert job.plan is not None, "only a planned job has parts"
    done = {one.part for one in _parts(job, job.plan.parts, services) if decode(one.content, Gathered).is_done}
    left = [one for one in job.plan.parts if one not in done]
    if not left and asked_of(job).ahead and not _coming(job, services)[0].is_done:
        left = [FORECAST]
    if not left:
        runs = run_names(asked_of(job).runs)
        played = {one.part for one in _parts(job, runs, services)}
        left = [one for one in runs if one not in played] or [runs[-1]]
    services.job.go_on(job.tenant_id, job.job_id, left, 0)
    return job


def _gather(
    job: Job,
    version: int,
    name: str,
    rules: tuple[Rules, Rules],
    services: WhatIfServices,
    now: Millis,
    has_time: Callable[[], bool],
) -> Job:
    row = services.job.jobs.load(job.tenant_id, job.job_id, name)
    part, part_version = (Gathered(), 0) if row is None else (decode(row.content, Gathered), row.version)
    while not part.is_done:
        if not has_time():
            services.job.go_on(job.tenant_id, job.job_id, [name], 0)
            return job
        part, part_version = _next_page(job, name, part, rules, services), part_version + 1
        if len(part.contacts) > MOST_OF_A_SLICE:
            return _failed(job, version, "too_many_contacts", services, now)
        if not services.job.jobs.advance(_row(job, name, encode(part), part_version)):
            return job
    assert job.plan is not None, "only a planned job has parts"
    others = _parts(job, job.plan.parts, services)
    is_last = len(others) == SLICES and all(decode(one.content, Gathered).is_done for one in others)
    return _queue(job, services) if is_last else job


def _next_page(job: Job, name: str, part: Gathered, rules: tuple[Rules, Rules], services: WhatIfServices) -> Gathered:
    assert job.plan is not None, "only a planned job has parts"
    assert job.window is not None, "a what-if has a window"
    window, one = job.window, job.plan.slices[int(name)]
    limit = services.page_items
    page = services.past.page(job.tenant_id, one, part.after, begins=window.begins, ends=window.ends, limit=limit)
    groups = groups_of(rules[0].catalogue)
    found = [past_contact(row, rules[0].policy, rules[1].policy, groups) for row in page.rows]
    contacts = tuple(one for one in found if one is not None)
    left_out = part.left_out + len(found) - len(contacts)
    return Gathered(page.after, not page.after, (*part.contacts, *contacts), left_out)


def _forecast(
    job: Job, version: int, rules: Rules, services: WhatIfServices, now: Millis, has_time: Callable[[], bool]
) -> Job:
    """Forecast each queue that the past fortnight knows; a checkpoint where time runs out."""
    begun, kept = _coming(job, services)
    if not begun.is_done:
        queues = {one.before.queue for one in _past(job, services)}
        found = forecast_queues(
            job.tenant_id, queues, begun, _zone(job, rules, services), services.tallies, job.at, has_time
        )
        if found.is_done and not found.queues and queues:
            return _failed(job, version, "too_little_history", services, now)
        if sum(found.contacts().values()) > SLICES * MOST_OF_A_SLICE:
            return _failed(job, version, "too_many_contacts", services, now)
        services.job.jobs.advance(_row(job, FORECAST, encode(found), kept + 1))
        if not found.is_done:
            services.job.go_on(job.tenant_id, job.job_id, [FORECAST], 0)
            return job
    return _queue(job, services)


def _coming(job: Job, services: WhatIfServices) -> tuple[Coming, int]:
    """The forecasts as they were kept, and how often."""
    row = services.job.jobs.load(job.tenant_id, job.job_id, FORECAST)
    return (Coming(), 0) if row is None else (decode(row.content, Coming), row.version)


def _past(job: Job, services: WhatIfServices) -> list[PastContact]:
    assert job.plan is not None, "only a planned job has parts"
    gathered = _parts(job, job.plan.parts, services)
    return sorted((one for row in gathered for one in decode(row.content, Gathered).contacts), key=encode)


def _play(job: Job, version: int, name: str, rules: tuple[Rules, Rules], services: WhatIfServices, now: Millis) -> Job:
    runs = run_names(asked_of(job).runs)
    if services.job.jobs.load(job.tenant_id, job.job_id, name) is None:
        past = _past(job, services)
        outcomes = Outcomes(past, rules[0].policy.declared.desk.prior)
        sides = _sides(job, past, rules, services)
        if not any(one.before.mode == "human" for one in past):
            return _failed(job, version, "nothing_to_play", services, now)
        if not all(one.staff.sittings for one in sides):
            return _failed(job, version, "no_agents", services, now)
        seed = runs.index(name)
        played_with = drawn(past, _coming(job, services)[0], seed) if asked_of(job).ahead else past
        before, after = (run(played_with, side, outcomes, seed) for side in sides)
        services.job.jobs.advance(_row(job, name, encode(Run(before, after)), 1))
    played = {one.part: one for one in _parts(job, runs, services)}
    if len(played) < len(runs):
        return job
    found = [decode(played[one].content, Run) for one in runs]
    result = compared([one.before for one in found], [one.after for one in found])
    services.job.jobs.advance(_row(job, RESULT, encode(result), 1))
    over = replace(job, state="finished", finished_at=now)
    services.job.jobs.advance(job_row(over, version + 1))
    return over


def _sides(
    job: Job, past: Sequence[PastContact], rules: tuple[Rules, Rules], services: WhatIfServices
) -> tuple[Side, Side]:
    assert job.window is not None, "a what-if has a window"
    zone, later = _zone(job, rules[0], services), LATER_MS if asked_of(job).ahead else 0
    begins, ends = job.window.begins + later, job.window.ends + later
    was = staffed(services.agents(job.tenant_id), moved(past, later) if later else past, begins, ends, zone)
    return (
        _side(was, rules[0], zone, is_after=False),
        _side(changed(was, asked_of(job).change), rules[1], zone, is_after=True),
    )


def _zone(job: Job, rules: Rules, services: WhatIfServices) -> str:
    return services.timezone(job.tenant_id) or rules.policy.declared.timezone


def _side(staff: Staffed, rules: Rules, zone: str, *, is_after: bool) -> Side:
    declared = rules.policy.declared
    return Side(staff, declared.desk, zone, declared.plain_hints.language, is_after)


def _parts(job: Job, names: Sequence[str], services: WhatIfServices) -> Sequence[JobRow]:
    return services.job.jobs.parts(job.tenant_id, job.job_id, names)


def _row(job: Job, name: str, content: bytes, version: int) -> JobRow:
    return JobRow(job.tenant_id, job.job_id, name, version, content, job.at, job.at + KEPT_DAYS * DAY_MS)


def _failed(job: Job, version: int, code: str, services: WhatIfServices, now: Millis) -> Job:
    over = replace(job, state="failed", failure=code, finished_at=now)
    services.job.jobs.advance(job_row(over, version + 1))
    return over
