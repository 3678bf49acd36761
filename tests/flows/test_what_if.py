"""What-ifs over decisions in memory: what they gather, play and answer, and that a part that is repeated changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest

from chalicelib.desk.model import Agent
from chalicelib.flows.catalogue_job import Declared
from chalicelib.flows.describe_job import list_jobs
from chalicelib.flows.job_services import Rules
from chalicelib.flows.open_job import open_job
from chalicelib.flows.run_what_if import WhatIfServices, run_what_if
from chalicelib.flows.what_if_job import WhatIfRequest, WhatIfView, describe_what_if, job_to_open
from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import HOUR_MS, format_moment
from chalicelib.routing.decide import decide_on, facts_for
from chalicelib.routing.inputs import kept_inputs
from chalicelib.routing.model import Caller, RouteRequest
from chalicelib.routing.outcome import Outcome, Outcomes
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.past import MemoryPast
from chalicelib.store.rows import DecisionRow
from chalicelib.store.tallies import MemoryTallies
from tests.flows.job_world import JobWorld, rules_of
from tests.flows.world import NOW, TENANT_ID
from tests.unit.desk.desks import agent

BEGINS = NOW - 8 * HOUR_MS
AGENTS = tuple(agent(f"a{place}", skills={"payments": 4, "vip": 4}) for place in range(6))
WINDOW = {"from": format_moment(BEGINS), "to": format_moment(NOW)}


def decision(number: int, dice: Random, **outcome: Any) -> DecisionRow:
    """A decision about a call for a refund, of a VIP now and then, answered by one of the agents."""
    at, policy = BEGINS + dice.randrange(8 * HOUR_MS), shipped_policy()
    request = RouteRequest(channel="phone", purpose="service", profile_id="p", message="转人工", intent="refund")
    caller = Caller(f"p{number}", tags={"vip": 0.9} if number % 4 == 0 else {})
    facts = facts_for(policy, request, caller, now=at)
    answer = decide_on(policy, facts, caller.profile_id, True, decision_id=f"d{number}", now=at)
    told = {
        "resolved": dice.random() < 0.7,
        "handling_seconds": round(dice.expovariate(1 / 400)),
        "agent_id": f"a{number % 6}",
        **outcome,
    }
    return DecisionRow(
        TENANT_ID,
        f"d{number}",
        f"p{number}",
        at,
        msgspec.json.encode(answer),
        at + 1,
        inputs=kept_inputs(policy, facts, True),
        outcome=encode(Outcomes(Outcome(**told))),
    )


@cache
def _rules(over: tuple[Declared, ...], version: int) -> Rules:
    return rules_of({}, over, version)


class Replaying:
    """A tenant whose desk had a day."""

    def __init__(self, calls: int = 300, agents: tuple[Agent, ...] = AGENTS) -> None:
        dice = Random(5)
        self.jobs = JobWorld(rules=lambda _, over: _rules(tuple(over), self.jobs.version))
        rows = [decision(number, dice) for number in range(calls)]
        self.rows = {(row.tenant, row.decision_id): row for row in rows}
        self.agents = agents
        self.tallies = MemoryTallies()

    def services(self) -> WhatIfServices:
        return WhatIfServices(
            self.jobs.services(), MemoryPast(self.rows), lambda _: self.agents, lambda _: "", self.tallies, page_items=7
        )

    def ask(self, run: bool = True, key: str = "k1", **asked: Any) -> WhatIfView:
        window = {} if "traffic" in asked else {"window": WINDOW}
        request = msgspec.convert({**window, "runs": 5, **asked}, WhatIfRequest)
        services = self.services().job
        job = job_to_open(request, TENANT_ID, key, "analyst-1", services, NOW)
        open_job(job, services.door)
        if run:
            self.work()
        return self.view(job.job_id)

    def work(self, has_time: Callable[[], bool] = lambda: True) -> None:
        while self.jobs.queue:
            job_id, part = self.jobs.queue.pop(0)
            run_what_if(TENANT_ID, job_id, part, self.services(), NOW, has_time)

    def view(self, job_id: str) -> WhatIfView:
        return describe_what_if(TENANT_ID, job_id, self.jobs.jobs)


def test_what_if__fewer_agents__tells_who_loses() -> None:
    """The whole of a day is played; with agents fewer all wait longer, VIPs and their queue by name."""
    view = Replaying().ask(change={"agents": -3})
    assert (view.state, view.parts, view.parts_done, view.gathered, view.left_out) == ("finished", 13, 13, 300, 0)
    assert view.result is not None and view.result.contacts == (300, 300)
    assert view.result.groups["all"]["wait"].change.low > 0
    assert {"segment:vip", "queue:payments", "queue:vip"} <= {
        one.group for one in view.result.losers if one.figure == "wait"
    }
    assert view.result.groups["segment:vip"]["contacts"].before.mean == 75


def test_what_if__more_agents__makes_nobody_wait_longer() -> None:
    """The control: with agents more nobody is told to lose by waiting."""
    view = Replaying().ask(change={"agents": 3})
    assert view.result is not None and view.result.groups["all"]["wait"].change.mean < 0
    assert not [one for one in view.result.losers if one.figure == "wait"]


def test_what_if__draft_of_a_policy__is_played_against_the_one_in_force() -> None:
    """A draft that sends VIPs where the others wait moves them, and the queue that nobody is sent to any more is empty."""
    world = Replaying()
    raw = msgspec.json.decode(msgspec.json.encode(shipped_policy().declared))
    raw["rules"] = [one for one in raw["rules"] if one["id"] != "vip"]
    raw["version"] = "without-vip"
    world.jobs.drafts["policies", "routing"] = Declared("policies", "routing", msgspec.json.encode(raw))
    view = world.ask(policy="routing")
    assert view.result is not None and view.policy == "routing"
    queue = view.result.groups["queue:vip"]["contacts"]
    assert (queue.before.mean, queue.after.mean) == (75, 0)
    assert view.result.groups["segment:vip"]["wait"].change.low > 0


def test_what_if__repeated_and_interrupted__is_the_same() -> None:
    """Every message twice, and a worker with time for a page only: the result is byte for byte that of a calm run."""
    calm = Replaying().ask(change={"agents": -2})
    world = Replaying()
    view = world.ask(run=False, change={"agents": -2})
    assert (view.state, view.result) == ("waiting", None)
    turns = iter(range(10_000))
    seen: list[int] = []
    while world.jobs.queue:
        job_id, part = world.jobs.queue.pop(0)
        for _ in range(2):
            run_what_if(TENANT_ID, job_id, part, world.services(), NOW, lambda: next(turns) % 2 == 0)
        seen.append(world.view(job_id).parts_done)
        if len(seen) == 3:
            run_what_if(TENANT_ID, job_id, "", world.services(), NOW, lambda: True)
    disturbed = world.view(view.job_id)
    assert disturbed.result == calm.result is not None
    assert seen == sorted(seen) and len(set(seen)) > 5


def test_what_if__asked_again__is_the_same_job() -> None:
    """The same key is the same job, and it is in the list of jobs; its parts are none."""
    world = Replaying(20)
    first, again = (world.ask(change={"agents": 1}) for _ in range(2))
    assert first == again
    listed = list_jobs(TENANT_ID, "", world.jobs.jobs).jobs
    assert [(one.job_id, one.sort, one.kind) for one in listed] == [(first.job_id, "what_if", "agents")]
    for other in (f"{first.job_id}#0", "dry_run_1", "what_if_other"):
        with pytest.raises(NotFound):
            world.view(other)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "nothing_changes"),
        ({"policy": "none"}, "no_such_draft"),
        ({"window": {"from": "2001-01-01T00:00:00Z"}, "change": {"agents": 1}}, "bad_window"),
        ({"window": {"from": format_moment(NOW - 40 * 24 * HOUR_MS)}, "change": {"agents": 1}}, "bad_window"),
        ({"window": {"from": "yesterday"}, "change": {"agents": 1}}, "bad_time"),
        ({"traffic": "forecast", "window": WINDOW, "change": {"agents": 1}}, "bad_window"),
        ({"traffic": "past", "change": {"agents": 1}}, "bad_window"),
    ],
)
def test_what_if__asked_wrongly__is_refused(asked: dict[str, Any], code: str) -> None:
    """What cannot be played is refused with its code, and no job is opened."""
    world = Replaying(1)
    with pytest.raises((BadInput, NotFound)) as refused:
        world.ask(**asked)
    assert refused.value.code == code and not world.jobs.queue


def test_what_if__nothing_to_play__says_so() -> None:
    """Without decisions, without their inputs, without agents, after another publish: it ends, and says why."""
    empty = Replaying(0)
    assert empty.ask(change={"agents": 1}).failure.code == "nothing_to_play"  # type: ignore[union-attr]
    old = Replaying(9)
    old.rows = {key: msgspec.structs.replace(row, inputs=b"") for key, row in old.rows.items()}
    view = old.ask(change={"agents": 1})
    assert view.left_out == 9 and view.failure and view.failure.code == "nothing_to_play"
    alone = Replaying(9, agents=())
    assert alone.ask(change={"agents": 1}).failure.code == "no_agents"  # type: ignore[union-attr]
    published = Replaying(9)
    job_id = published.ask(run=False, change={"agents": 1}).job_id
    run_what_if(TENANT_ID, *published.jobs.queue.pop(0), published.services(), NOW, lambda: True)
    published.jobs.version += 1
    published.work()
    assert published.view(job_id).failure.code == "catalogue_changed"  # type: ignore[union-attr]


def test_what_if__other_tenants_and_times__are_not_gathered() -> None:
    """Only decisions of the tenant within the window are played."""
    world = Replaying(30)
    rows = list(world.rows.values())
    for number, row in enumerate(rows):
        other = msgspec.structs.replace(row, tenant="other", decision_id=f"o{number}")
        late = msgspec.structs.replace(row, at=NOW + number, decision_id=f"l{number}")
        world.rows |= {(one.tenant, one.decision_id): one for one in (other, late)}
    assert world.ask(change={"agents": 1}).gathered == 30
