"""Counts all people of a tenant, range by range: bounded, resumable after a kill, each person once.

A range's counts and its place move together under a version. A range that two functions work on, or that is repeated
after a kill, goes on from its last checkpoint, and what was counted beyond that is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from chalicelib.flows.counting_services import CountServices
from chalicelib.flows.profile_of import profile_of
from chalicelib.insights.counting import Counts, added, count_person, no_counts
from chalicelib.insights.groups import GroupTag, tags_of_groups
from chalicelib.insights.results import Result, result_of
from chalicelib.insights.runs import Progress, Run, next_run
from chalicelib.insights.shown_tags import shown_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, Millis, day_of
from chalicelib.privacy.asked import Asked
from chalicelib.profiles.model import Body
from chalicelib.profiles.permitted import used
from chalicelib.store.counts import Kept
from chalicelib.store.people import Slice
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.engine import assess
from chalicelib.tags.judging import judged, may_serve

PAGE_ITEMS = 500
PAGES_PER_CHECKPOINT = 10
KEPT_DAYS = 400
_PROGRESS_DAYS = 3
LIMIT_BYTES = 64_000_000
LATEST, RUN, GROUPS = "latest", "run", "groups"
"""What the newest result, the run and the tags of groups are kept under."""


class CountReport(msgspec.Struct):
    """How far an invocation came. ``finished``: the day's result is there."""

    people: int = 0
    ranges_left: int = 0
    failed_rules: int = 0
    finished: bool = False


def day_name(day: int) -> str:
    """What the result of a day is kept under."""
    return f"day/{day}"


def count_people(
    tenant_id: str, services: CountServices, now: Millis, has_time: Callable[[], bool], *, again: bool = False
) -> CountReport:
    """Go on with the day's count while there is time; make its result when every range is done. Raises Unavailable."""
    report = CountReport()
    run = _begun(tenant_id, services, now, again=again)
    if run is None or run.finished:
        return CountReport(finished=run is not None)
    parts = []
    for number in range(run.ranges):
        part = _range(tenant_id, run, number, services, report, has_time)
        if part is None:
            report.ranges_left += 1
        else:
            parts.append(part)
    if not report.ranges_left:
        _finish(tenant_id, run, added(parts), services)
        report.finished = True
    return report


def _begun(tenant_id: str, services: CountServices, now: Millis, *, again: bool) -> Run | None:
    """The day's run, begun if it has not; None when somebody else began one just now."""
    kept = services.counts.load(tenant_id, RUN)
    last = None if kept is None else decode(kept.content, Run)
    run = next_run(last, day_of(now), now, again=again)
    if run == last:
        return run
    version = 1 if kept is None else kept.version + 1
    begun = services.counts.keep(tenant_id, Kept(RUN, version, encode(run), now + KEPT_DAYS * DAY_MS))
    return run if begun else None


def _range(
    tenant_id: str,
    run: Run,
    number: int,
    services: CountServices,
    report: CountReport,
    has_time: Callable[[], bool],
) -> Counts | None:
    """The counts of a range; None while it is not done, or when somebody else goes on with it."""
    name = run.name_of(number)
    kept = services.counts.load(tenant_id, name)
    progress = Progress("", False, no_counts()) if kept is None else _decoded(kept, Progress)
    version = 0 if kept is None else kept.version
    while not progress.done:
        if not has_time():
            return None
        progress = _pages(tenant_id, run, number, progress, services, report, has_time)
        version += 1
        content = encode(progress, limit_bytes=LIMIT_BYTES)
        if not services.counts.keep(tenant_id, Kept(name, version, content, run.at + _PROGRESS_DAYS * DAY_MS)):
            return None
    return progress.counts


def _pages(
    tenant_id: str,
    run: Run,
    number: int,
    progress: Progress,
    services: CountServices,
    report: CountReport,
    has_time: Callable[[], bool],
) -> Progress:
    """Count some pages; where they end is the next checkpoint."""
    after, done = progress.after, False
    for place in range(PAGES_PER_CHECKPOINT):
        if place and not has_time():
            break
        page = services.people.page(tenant_id, Slice(number, run.ranges), after, limit=PAGE_ITEMS, fresh=False)
        _count(tenant_id, page.rows, progress.counts, run, services, report)
        after, done = page.after, not page.after
        if done:
            break
    return Progress(after, done, progress.counts)


def _count(
    tenant_id: str,
    rows: Iterable[ProfileRow],
    counts: Counts,
    run: Run,
    services: CountServices,
    report: CountReport,
) -> None:
    # What may not be used for analytics is counted by nobody, whatever a rule of old reads.
    catalogue = services.catalogue(tenant_id).for_purpose("analytics")
    asked = Asked("analytics", catalogue.asked_first)
    for row in rows:
        if row.state != "active":
            # Whoever asked that their profile be not used is in no statistic either; below, who refused just that.
            continue
        profile = judged(profile_of(row, decode(row.body, Body)), catalogue)
        if not may_serve(profile, "analytics", catalogue):
            continue
        profile = used(profile, asked, run.at, catalogue.measures)
        assessed = assess(catalogue, profile, run.at)
        tags = (tag for tag in assessed.tags if "analytics" in tag.purposes)
        count_person(counts, profile, tags, catalogue.measures.money, run.at)
        report.people += 1
        report.failed_rules += len(assessed.failed)


def _finish(tenant_id: str, run: Run, counts: Counts, services: CountServices) -> None:
    """Make the day's result, the tags of groups, and say that the run is over. Repeated, it writes the same."""
    before = services.counts.load(tenant_id, LATEST)
    last = None if before is None else _decoded(before, Result)
    version = services.catalogue(tenant_id).version
    result = result_of(counts, run.day, run.at, version, last)
    content = encode(result, limit_bytes=LIMIT_BYTES)
    _keep(tenant_id, day_name(run.day), content, run.at, services)
    _keep(tenant_id, LATEST, content, run.at, services)
    rules = services.catalogue(tenant_id).group_rules
    old = services.counts.load(tenant_id, GROUPS)
    tags = tags_of_groups(rules, result, {} if old is None else _decoded(old, dict[str, tuple[GroupTag, ...]]))
    _keep(tenant_id, GROUPS, encode(tags), run.at, services)
    services.group_tags.keep_group_tags(tenant_id, encode(shown_of(rules, tags, run.at)))
    _keep(tenant_id, RUN, encode(msgspec.structs.replace(run, finished=True)), run.at, services)


def _keep(tenant_id: str, name: str, content: bytes, at: Millis, services: CountServices) -> None:
    kept = services.counts.load(tenant_id, name)
    version = 1 if kept is None else kept.version + 1
    # Lost to another function that finished the same run: it wrote what this one would have.
    services.counts.keep(tenant_id, Kept(name, version, content, at + KEPT_DAYS * DAY_MS))


def _decoded[T](kept: Kept, type_: type[T]) -> T:
    return decode(kept.content, type_, limit_bytes=LIMIT_BYTES)
