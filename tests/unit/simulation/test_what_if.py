from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.model import Agent, Shift
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis, parse_moment
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.model import Caller, RouteRequest
from chalicelib.routing.policy import shipped_policy
from chalicelib.simulation.outcomes import USUAL_SECONDS, Outcomes
from chalicelib.simulation.past import PastContact, Sent, contacts_of, segment_of, sent_by
from chalicelib.simulation.staffing import StaffChange, Staffed, changed, staffed
from chalicelib.simulation.what_if import Played, Replayed, Side, compared, run
from tests.unit.desk.desks import agent
from tests.unit.routing.calls import small_policy

MONDAY: Millis = parse_moment("2026-03-02T00:00:00Z")
RULES = DeskRules(relaxing=Relaxing(callback_after_seconds=None), costs={}, cost=10, wrap_up_seconds=0)
SENT = Sent("human", "billing", "billing", 50, 20)


def past_day(many: int = 400, seed: int = 1, **fields: Any) -> list[PastContact]:
    """A day of calls, of which agents a0 to a5 answered some."""
    dice = Random(seed)
    return [
        PastContact(
            **{
                "at": MONDAY + dice.randrange(8 * HOUR_MS),
                "channel": "phone",
                "intent": dice.choice(("refund", "fault")),
                "segment": dice.choice(("vip", "known")),
                "language": "zh",
                "before": SENT,
                "after": SENT,
                "agent_id": f"a{dice.randrange(6)}",
                "handling_seconds": round(dice.expovariate(1 / 300)),
                "resolved": dice.random() < 0.7,
                "transferred": dice.random() < 0.1,
            }
            | fields
        )
        for _ in range(many)
    ]


def roster(many: int = 6, **fields: Any) -> tuple[Agent, ...]:
    return tuple(agent(f"a{place}", **fields) for place in range(many))


def what_if(past: list[PastContact], change: StaffChange, runs: int = 6) -> Replayed:
    """A change of agents, played."""
    was = staffed(roster(), past, MONDAY, MONDAY + DAY_MS, "UTC")
    outcomes = Outcomes(past, 20)
    sides = (Side(was, RULES, "UTC", "zh", False), Side(changed(was, change), RULES, "UTC", "zh", True))
    before, after = ([run(past, side, outcomes, seed) for seed in range(runs)] for side in sides)
    return compared(before, after)


def test_what_if__fewer_agents__wait_surely_longer_and_are_named_as_losers():
    """The negative control: with agents fewer, waits grow, limits are missed, and every segment is told as losing."""
    found = what_if(past_day(), StaffChange(agents=-2))
    assert found.groups["all"]["wait"].change.low > 0
    assert found.groups["all"]["in_time"].change.high < 0
    assert {(one.group, one.figure) for one in found.losers} >= {
        ("all", "wait"),
        ("segment:vip", "wait"),
        ("segment:known", "wait"),
        ("queue:billing", "in_time"),
    }
    assert sum(after is None for _, after in found.busy.values()) == 2
    assert all(after > before for before, after in found.busy.values() if before and after)


def test_what_if__more_agents__wait_shorter_and_nobody_loses():
    """The other direction: copies of agents sit their hours, have their records, and waits fall."""
    found = what_if(past_day(), StaffChange(agents=2))
    assert found.groups["all"]["wait"].change.high < 0
    assert not found.losers
    assert {id_ for id_, (before, _) in found.busy.items() if before is None} == {"a0+1", "a1+1"}


def test_what_if__no_change__changes_nothing():
    """The same desk with the same dice is the same to the last digit: a difference is never chance."""
    found = what_if(past_day(), StaffChange())
    assert all(one.change.low == one.change.high == 0 for group in found.groups.values() for one in group.values())
    assert not found.losers and found.contacts == (400, 400)


def test_what_if__same_seed__is_the_same():
    """A run depends on its seed and what is given alone; another seed is another run."""
    past = past_day()
    side = Side(staffed(roster(), past, MONDAY, MONDAY + DAY_MS, "UTC"), RULES, "UTC", "zh", False)
    first, again, other = (run(past, side, Outcomes(past, 20), seed) for seed in (1, 1, 2))
    assert first == again != other
    assert isinstance(first, Played)


def test_what_if__skill_taught__serves_who_nobody_could():
    """An agent who is taught a skill answers those whom nobody answered."""
    past = past_day(
        before=msgspec.structs.replace(SENT, skill="repairs"), after=msgspec.structs.replace(SENT, skill="repairs")
    )
    found = what_if(past, StaffChange(skills={"a3": {"repairs": 4}}))
    assert found.groups["all"]["answered"].before.mean == 0
    assert found.groups["all"]["answered"].after.mean > 0
    assert found.busy["a3"][1] and not found.busy["a2"][1]


def test_what_if__policy_that_sends_elsewhere__moves_contacts():
    """Who is sent to a bot by the changed policy needs no agent; the queue is told with nobody left in it."""
    past = past_day(after=msgspec.structs.replace(SENT, mode="bot"))
    past += past_day(9, 2)
    found = what_if(past, StaffChange())
    assert found.contacts == (409, 9)
    assert found.groups["all"]["wait"].change.mean < 0


def test_outcomes__handling_times__are_of_the_kind_or_the_next_wider():
    """A time is drawn from its intent and channel where enough are known, else from the channel's, else from all."""
    told = [PastContact(0, "chat", "refund", "", "", SENT, SENT, handling_seconds=60) for _ in range(5)]
    found = Outcomes([*told, PastContact(0, "phone", "refund", "", "", SENT, SENT, handling_seconds=900)], 20)
    assert found.handling_ms("chat", "refund", 0.99) == 60_000
    assert found.handling_ms("chat", "fault", 0.5) == 60_000
    assert {found.handling_ms("phone", "refund", drawn / 10) for drawn in range(10)} == {60_000, 900_000}
    assert Outcomes([], 20).handling_ms("chat", "refund", 0.5) == USUAL_SECONDS * 1000


def test_outcomes__resolution__is_shrunken_as_scores_are():
    """(resolved + prior x everybody's) / (outcomes + prior); who has no record resolves what everybody does."""
    rows = [
        PastContact(0, "chat", "refund", "", "", SENT, SENT, agent_id=who, resolved=good)
        for who, good in [("ann", True)] * 9 + [("ann", False)] + [("bo", False)] * 10
    ]
    found = Outcomes(rows, 20)
    assert found.resolves("ann", "refund") == (9 + 20 * 0.45) / 30
    assert found.resolves("new", "refund") == found.resolves("new", "never seen") == pytest.approx(0.45)
    assert Outcomes([], 20).resolves("ann", "refund") == 0.5


@pytest.mark.parametrize(
    ("shifts", "zone", "spans"),
    [
        ((Shift((0,), 540, 1080),), "UTC", [(9, 18)]),
        ((Shift((0,), 540, 1080),), "Asia/Shanghai", [(1, 10)]),
        ((Shift((6,), 1320, 360),), "UTC", [(0, 6)]),
        ((Shift((0,), 1320, 360),), "UTC", [(22, 24)]),
        ((Shift((2,), 540, 1080),), "UTC", []),
    ],
)
def test_staffed__shifts__are_instants_within_the_window(shifts: Any, zone: str, spans: list[tuple[int, int]]):
    """Shifts become instants of the agent's own zone, cut to the window; one may have begun the day before."""
    found = staffed([agent(shifts=shifts)], [], MONDAY, MONDAY + DAY_MS, zone)
    assert [((one.begins - MONDAY) / HOUR_MS, (one.ends - MONDAY) / HOUR_MS) for one in found.sittings] == spans


def test_staffed__no_shifts__is_from_first_to_last_answer():
    """Who declared no shifts was there while they answered, pauses shorter than four hours included."""
    (first, *_) = past_day(1, agent_id="ann", handling_seconds=600)
    past = [msgspec.structs.replace(first, at=MONDAY + hour * HOUR_MS) for hour in (1, 3, 9)]
    found = staffed([agent("ann"), agent("bo")], past, MONDAY, MONDAY + DAY_MS, "UTC")
    spans = [(one.agent_id, one.begins - MONDAY, one.ends - MONDAY) for one in found.sittings]
    assert spans == [("ann", HOUR_MS, 3 * HOUR_MS + 600_000), ("ann", 9 * HOUR_MS, 9 * HOUR_MS + 600_000)]


def test_changed__agents__are_copied_and_taken_evenly():
    """Copies go round those who were there and have the skill; those taken are spread over the list."""
    was = staffed(roster(6), past_day(), MONDAY, MONDAY + DAY_MS, "UTC")
    more = changed(was, StaffChange(agents=8))
    assert [one.agent_id for one in more.agents][6:] == ["a0+1", "a1+1", "a2+1", "a3+1", "a4+1", "a5+1", "a0+2", "a1+2"]
    assert len(more.sittings) == len(was.sittings) + 8 and more.like["a1+2"] == "a1"
    assert [one.agent_id for one in changed(was, StaffChange(agents=-3)).agents] == ["a1", "a3", "a5"]
    assert changed(was, StaffChange(agents=-99)).agents == ()
    assert changed(was, StaffChange(agents=2, skill="unheard_of")) == Staffed(was.agents, was.sittings)


def test_sent_by__same_facts__is_what_the_policy_decides():
    """Where somebody is sent is what the policy in force decides on these facts; who opted out takes the default path."""
    from chalicelib.routing.decide import decide
    from chalicelib.routing.facts import facts_of
    from chalicelib.routing.intent import read_message

    policy, now = shipped_policy(), MONDAY + 12 * HOUR_MS
    request = RouteRequest(channel="phone", purpose="service", profile_id="p", intent="refund")
    caller = Caller("p", tags={"vip": 0.9, "elderly": 0.5})
    declared = policy.declared
    facts = facts_of(request, read_message(None), caller, now=now, timezone=declared.timezone, night=declared.night)
    decision = decide(policy, request, caller, decision_id="d", now=now)
    sent = sent_by(policy, facts, profiled=True)
    assert (sent.mode, sent.queue, sent.skill, sent.priority) == (
        decision.mode,
        decision.queue,
        decision.skill,
        decision.priority,
    )
    assert sent.first_response_seconds == decision.sla.first_response_seconds
    default = sent_by(policy, facts, profiled=False)
    assert (default.mode, default.queue) == (declared.default.mode, declared.default.queue)
    assert segment_of(facts, ("vip", "elderly")) == "vip"
    assert (segment_of(facts, ()), segment_of({"known": False}, ("vip",))) == ("known", "unknown")


def test_sent_by__overflow__names_the_skills_of_the_queues():
    """A queue's overflow is told as the skills of those queues."""
    raw = small_policy()
    raw["queues"]["first"]["overflow"] = ["second"]
    policy = load_policy(raw)
    assert sent_by(policy, {}, profiled=False).overflow == ("two",)


def test_contacts_of__either_policy__are_those_it_sends_to_agents():
    """Bots need no agent. Keys are places in the past, so that both desks throw the same dice for one contact."""
    bot = msgspec.structs.replace(SENT, mode="bot")
    past = [*past_day(1, before=bot), *past_day(1, after=bot), *past_day(1)]
    assert [one.key for one in contacts_of(past, after=False)] == [1, 2]
    assert [one.key for one in contacts_of(past, after=True)] == [0, 2]
