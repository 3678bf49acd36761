"""Jobs over stored people in memory: their queue is a list, and drafts are written down as rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.flows.catalogue_job import Declared, Job, job_of
from chalicelib.flows.describe_job import describe_job
from chalicelib.flows.job_services import JobServices, Rules
from chalicelib.flows.job_views import JobView, TagCompared
from chalicelib.flows.open_job import DryRunRequest, checked, drafts_of, open_apply, open_job
from chalicelib.flows.run_job import run_job
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.policy import Policy, shipped_policy
from chalicelib.store.jobs import JobStore, MemoryJobs
from chalicelib.store.people import MemoryPeople, PeopleStore
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.model import TagRule
from tests.flows.world import NOW, TENANT_ID, World
from tests.unit.tags.rules import declaration, signal


def draft(tag_id: str, when: Any, **more: Any) -> Declared:
    """A tag of one signal."""
    declared = declaration(id=tag_id, signals=[signal("only", 1, when)], **more)
    return Declared("tags", tag_id, msgspec.json.encode(declared))


def withdrawn(tag_id: str) -> Declared:
    """A tag that is to be no more."""
    return Declared("tags", tag_id, b"")


def at_least(measure: str, count: int, days: int = 30) -> dict[str, Any]:
    """That many within the last days."""
    return {">=": [{"var": f"m.{measure}.count_{days}d"}, count]}


def rules_of(published: Mapping[tuple[str, str], Declared], over: Sequence[Declared], version: int) -> Rules:
    """The shipped rules with these laid over them, as compose does."""
    shipped = load_catalogue()
    rules, policy = dict(shipped.rules), shipped_policy()
    for one in {**published, **{(one.kind, one.id): one for one in over}}.values():
        if one.kind == "policies":
            policy = _policy(one)
        elif one.body:
            rules[one.id] = msgspec.json.decode(one.body, type=TagRule)
        elif not one.is_shipped:
            rules.pop(one.id, None)
        elif one.id in shipped.rules:
            rules[one.id] = shipped.rules[one.id]
        else:
            rules.pop(one.id, None)
    return Rules(Catalogue(rules.values(), shipped.measures), policy, version)


def _policy(one: Declared) -> Policy:
    return load_policy(msgspec.json.decode(one.body)) if one.body else shipped_policy()


class JobWorld:
    """A world with a catalogue that changes, and the worker of its jobs."""

    def __init__(self, world: World | None = None, **services: Any) -> None:
        self.world = world or World()
        self.published: dict[tuple[str, str], Declared] = {}
        self.version = 1
        self.drafts: dict[tuple[str, str], Declared] = {}
        self.queue: list[tuple[str, str]] = []
        self.delays: list[int] = []
        self.jobs: JobStore = MemoryJobs()
        self.people: PeopleStore = MemoryPeople(self.world.profiles.rows)
        self._more = services
        self._opened = 0

    def services(self) -> JobServices:
        given: dict[str, Any] = {
            "jobs": self.jobs,
            "people": self.people,
            "reading": self.world.reading(),
            "rules": lambda _, over: rules_of(self.published, over, self.version),
            "draft": lambda _, kind, id_: self.drafts.get((kind, id_)),
            "go_on": self._go_on,
            "publish": self.world._publish,
            **self._more,
        }
        return JobServices(**given)

    def _go_on(self, _tenant: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
        self.queue += [(job_id, one) for one in parts]
        self.delays.append(delay_seconds)

    def dry_run(self, *drafts: Declared, run: bool = True, **asked: Any) -> JobView:
        """Try the first draft with the others; run until it is over."""
        self.drafts |= {(one.kind, one.id): one for one in drafts}
        first, others = drafts[0], drafts[1:]
        more = [{"kind": one.kind, "id": one.id} for one in others]
        request = msgspec.convert({**asked, "with": more}, DryRunRequest)
        services, now = self.services(), self.world.now
        window = checked(request, 730, now)
        found = drafts_of(TENANT_ID, first.kind, first.id, request, services)
        self._opened += 1
        job = Job(
            TENANT_ID,
            f"dry_run_{self._opened}",
            "dry_run",
            first.kind,
            first.id,
            "analyst-1",
            now,
            (),
            tuple(found),
            sample=request.sample,
            window=window,
        )
        open_job(job, services.door)
        if run:
            self.work()
        return self.view(job.job_id)

    def publish(self, *drafts: Declared, run: bool = True) -> JobView:
        """Put drafts in force, and tell of it."""
        before = [self.published.get((one.kind, one.id), Declared(one.kind, one.id, b"", True)) for one in drafts]
        self.published |= {(one.kind, one.id): one for one in drafts}
        self.version += 1
        opened = open_apply(TENANT_ID, before, drafts, self.version, "editor-1", self.services().door, self.world.now)
        assert opened is not None
        if run:
            self.world.now += 90_000
            self.work()
        return self.view(opened.job_id)

    def work(self, has_time: Callable[[], bool] = lambda: True, services: JobServices | None = None) -> None:
        """Deliver what is queued until nothing is."""
        while self.queue:
            self.deliver(self.queue.pop(0), has_time, services)

    def deliver(
        self,
        message: tuple[str, str],
        has_time: Callable[[], bool] = lambda: True,
        services: JobServices | None = None,
    ) -> Job | None:
        """One message to the worker."""
        return run_job(TENANT_ID, *message, services or self.services(), self.world.now, has_time)

    def view(self, job_id: str) -> JobView:
        """What is answered of a job."""
        return describe_job(TENANT_ID, job_id, self.jobs, most_named=100)

    def job(self, job_id: str) -> Job:
        """A job as it is kept."""
        row = self.jobs.load(TENANT_ID, job_id)
        assert row is not None
        return job_of(row)

    def told(self, kind: str, tag_id: str) -> list[str]:
        """Whose tag was told to be set or cleared, in order."""
        return [
            one.detail["profile_id"]
            for one in self.world.published
            if one.type == kind and one.detail.get("tag") == tag_id
        ]


def tag_of(view: JobView, tag_id: str) -> TagCompared:
    """One tag of a result."""
    return next(one for one in view.tags if one.id == tag_id)


def ids_of(listed: Sequence[Any]) -> list[str]:
    """Who stands on a list."""
    return [one.profile_id for one in listed]


__all__ = ["NOW", "JobWorld", "at_least", "draft", "ids_of", "tag_of", "withdrawn"]
