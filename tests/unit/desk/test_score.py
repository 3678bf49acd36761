from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk.declaration import DESK, AgentWeights, DeskRules
from chalicelib.desk.model import Agent, AgentScore, Seat, Shift
from chalicelib.desk.score import HALF_IDLE_MS, PARTS, best
from tests.unit.desk.desks import LATER, NOW, agent, need, seat, track


def scored(
    agents: list[Agent], seats: list[Seat], tracks: Any = None, rules: DeskRules = DESK, **more: Any
) -> tuple[AgentScore, ...]:
    """The best of a desk now, at the widest step unless said."""
    asked = more.pop("need", None) or need()
    step = more.pop("relaxation", "queue")
    by_id = {one.agent_id: one for one in seats}
    return best(asked, agents, by_id, tracks or {}, rules, NOW, step, **more)


def order(*args: Any, **more: Any) -> list[str]:
    return [one.agent_id for one in scored(*args, **more)]


def alone(part: str) -> DeskRules:
    """Rules by which one part alone counts."""
    return DeskRules(weights=AgentWeights(**{name: float(name == part) for name in PARTS}))


NO_CANDIDATES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "away": ({}, {"presence": "away"}, {}),
    "offline": ({}, {"presence": "offline"}, {}),
    "lease ran out now": ({}, {"lease_until": NOW}, {}),
    "full": ({}, {"free": 1}, {}),
    "no room for a call": ({}, {"free": 9}, {"need": need(channel="phone")}),
    "a chat costs them more": ({"costs": {"chat": 6}}, {"free": 5}, {}),
    "over what they hold": ({"units": 2}, {"units": 2, "free": -3}, {}),
    "lacks the skill": ({"skills": {"repairs": 5}}, {}, {}),
    "not good enough yet": ({"skills": {"billing": 2}}, {}, {"relaxation": "skilled"}),
    "not of this queue yet": ({"skills": {"repairs": 5}}, {}, {"overflow": ("repairs",)}),
    "declined": ({}, {}, {"declined": ("ann",)}),
    "out of shift": ({"shifts": (Shift((), 0, 1440),)}, {}, {}),
    "to be called back": ({}, {}, {"relaxation": "callback"}),
}


@pytest.mark.parametrize("why", NO_CANDIDATES)
def test_best__agent_who_may_not__is_not_named(why: str):
    """Who is absent, full, unskilled for this step, out of shift, or declined is no candidate; another still is."""
    of_agent, of_seat, more = NO_CANDIDATES[why]
    assert scored([agent(**of_agent)], [seat(**of_seat)], **more) == ()
    if more.get("relaxation") != "callback":
        good = {"skills": {"billing": 5}}
        assert order([agent(**of_agent), agent("bo", **good)], [seat(**of_seat), seat("bo")], **more) == ["bo"]


def test_best__no_seat__is_not_named():
    """An agent without a seat was never there."""
    assert scored([agent()], []) == ()


def test_best__overflow__takes_agents_of_other_queues():
    """At the step ``overflow`` an agent of another queue may answer, after those who know it."""
    agents = [agent(skills={"repairs": 5}), agent("bo", skills={"billing": 1})]
    seats = [seat(), seat("bo")]
    assert order(agents, seats, relaxation="overflow", overflow=("repairs",)) == ["bo", "ann"]


def test_best__room_for_exactly_this__is_named():
    """Capacity counts to the last unit."""
    assert order([agent()], [seat(free=2)]) == ["ann"]
    assert order([agent()], [seat(free=10)], need=need(channel="phone")) == ["ann"]


BETTER: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "skill": ({"skills": {"billing": 4}}, {}, {}),
    "load": ({}, {}, {}),
    "resolution": ({}, {}, {"tracks": {"bo": {"refund": track(10, 9)}, "ann": {"refund": track(10, 1)}}}),
    "csat": ({}, {}, {"tracks": {"bo": {"refund": track(9, 9, 9, 45)}, "ann": {"refund": track(9, 9, 9, 9)}}}),
    "last_agent": ({}, {}, {"need": need(intent="refund", last_agent="bo")}),
    "language": ({"languages": ("en",)}, {}, {"need": need(intent="refund", language="en")}),
    "wait": ({}, {"idle_since": NOW - 1000}, {}),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("rules", ["shipped", "alone"])
def test_best__better_in_one_part__comes_first(part: str, rules: str):
    """Of two who differ in one part, the better one comes first, whatever the order they are listed in."""
    of_agent, of_seat, more = BETTER[part]
    agents = [agent(languages=("zh",)), agent("bo", **{"languages": ("zh",)} | of_agent)]
    seats = [seat(free=6 if part == "load" else 10), seat("bo", **of_seat)]
    more = {"need": need(intent="refund"), "rules": alone(part) if rules == "alone" else DESK} | more
    for listed in (agents, agents[::-1]):
        found = scored(listed, seats, **more)
        assert [one.agent_id for one in found] == ["bo", "ann"]
        assert found[0].parts[part] > found[1].parts[part]


def test_best__equal_scores__longest_idle_then_id():
    """Equal scores are ordered by who was given work longest ago, then by id."""
    agents = [agent(id_) for id_ in ("cy", "bo", "ann")]
    seats = [seat("cy", idle_since=NOW - 5), seat("bo"), seat("ann")]
    assert order(agents, seats, rules=alone("skill")) == ["cy", "ann", "bo"]


def test_best__short_record__is_drawn_to_everybodys():
    """Two resolved of two do not beat 95 of 100: what is little known is drawn to what all do."""
    tracks = {"ann": {"refund": track(2, 2)}, "bo": {"refund": track(100, 95)}, "cy": {"refund": track(100, 20)}}
    agents, seats = [agent(id_) for id_ in ("ann", "bo", "cy")], [seat(id_) for id_ in ("ann", "bo", "cy")]
    asked = need(intent="refund")
    assert order(agents, seats, tracks, alone("resolution"), need=asked) == ["bo", "ann", "cy"]
    as_it_stands = msgspec.structs.replace(alone("resolution"), prior=0.0)
    assert order(agents, seats, tracks, as_it_stands, need=asked) == ["ann", "bo", "cy"]


def test_best__shrunken_record__is_the_formula():
    """(resolved + prior x everybody's) / (outcomes + prior): (9 + 20 x 0.5) / (10 + 20)."""
    tracks = {"ann": {"refund": track(10, 9)}, "bo": {"refund": track(10, 1)}}
    found = scored([agent()], [seat()], tracks, alone("resolution"), need=need(intent="refund"))
    assert found[0].score == round((9 + 20 * 0.5) / 30, 4)


def test_best__intent_nobody_knows__is_judged_by_all_that_was_done():
    """Where nobody has a record of the intent, the record over all intents counts; without any, nobody gains."""
    tracks = {"ann": {"": track(50, 10)}, "bo": {"": track(50, 40)}}
    agents, seats = [agent(), agent("bo")], [seat(), seat("bo")]
    assert order(agents, seats, tracks, alone("resolution"), need=need(intent="new")) == ["bo", "ann"]
    assert {one.score for one in scored(agents, seats, {}, alone("resolution"))} == {0.5}


def test_best__idle__saturates():
    """Waiting for work counts half after five minutes, and never more than all."""
    found = [
        scored([agent()], [seat(idle_since=NOW - idle)], rules=alone("wait"))[0].score
        for idle in (-1000, 0, HALF_IDLE_MS, 9 * HALF_IDLE_MS)
    ]
    assert found == [0.0, 0.0, 0.5, 0.9]


def test_best__languages_not_listed__are_the_policys():
    """Who lists no language speaks the policy's."""
    found = {
        usual: scored([agent()], [seat()], rules=alone("language"), need=need(language="en"), language=usual)[0].score
        for usual in ("zh", "en", "")
    }
    assert found == {"zh": 0.0, "en": 1.0, "": 1.0}


def test_best__weights__are_scaled():
    """Weights that do not sum to 1 are scaled to: a score stays within 0 and 1."""
    double = DeskRules(weights=AgentWeights(*(2 * weight for weight in msgspec.structs.astuple(AgentWeights()))))
    assert scored([agent()], [seat()], rules=double) == scored([agent()], [seat()])
    none = DeskRules(weights=AgentWeights(*(0.0 for _ in PARTS)))
    assert [one.score for one in scored([agent()], [seat()], rules=none)] == [0.0]


SKILLS = ("billing", "repairs")
IDS = st.sampled_from("abcdef")
AGENTS = st.builds(
    Agent,
    agent_id=IDS,
    skills=st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5)),
    units=st.just(10),
    languages=st.sets(st.sampled_from(("zh", "en"))).map(lambda some: tuple(sorted(some))),
    costs=st.dictionaries(st.sampled_from(("chat", "phone")), st.integers(1, 12)),
)
SEATS = st.builds(
    Seat,
    agent_id=IDS,
    presence=st.sampled_from(("available", "away", "offline")),
    lease_until=st.sampled_from((NOW - 1, NOW, LATER)),
    units=st.just(10),
    free=st.integers(-2, 10),
    held=st.just(0),
    idle_since=st.integers(NOW - 900_000, NOW),
)
TRACKS = st.dictionaries(
    IDS,
    st.dictionaries(
        st.sampled_from(("", "refund")), st.integers(0, 40).map(lambda n: track(n, n // 2, n // 3, 4.0 * (n // 3)))
    ),
)
NEEDS = st.builds(
    need,
    channel=st.sampled_from(("chat", "phone", "email")),
    intent=st.sampled_from(("", "refund", "new")),
    language=st.sampled_from(("", "zh")),
    last_agent=st.sampled_from(("", "a")),
)
STEPS = st.sampled_from(("skilled", "queue", "overflow", "callback"))


def by_id(rows: list[Any]) -> dict[str, Any]:
    return {row.agent_id: row for row in rows}


@given(st.lists(AGENTS), st.lists(SEATS), TRACKS, NEEDS, STEPS, st.sets(IDS), st.randoms())
def test_best__any_desk__names_only_who_can_and_the_same_whatever_the_order(
    agents, seats, tracks, asked, step, declined, dice
):
    """Nobody absent, full or unskilled is named; scores fall, lie within 0 and 1, are the sum of their parts, and do
    not depend on the order of what was given.
    """
    roster, there = by_id(agents), by_id(seats)
    usual = dice.choice(("", "zh", "en"))
    more = {"declined": declined, "overflow": ("repairs",), "most": 9, "language": usual}
    found = best(asked, roster.values(), there, tracks, DESK, NOW, step, **more)
    for one in found:
        who, chair = roster[one.agent_id], there[one.agent_id]
        assert chair.is_present(NOW) and one.agent_id not in declined
        assert chair.free >= who.costs.get(asked.channel, DESK.costs.get(asked.channel, DESK.cost))
        least = {"skilled": 3, "queue": 1, "overflow": 0}[step]
        assert who.skills.get("billing", 0) >= least and who.skills
        assert 0 <= one.score <= 1 and abs(sum(one.parts.values()) - one.score) < 0.001
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    shuffled = list(roster.values())
    dice.shuffle(shuffled)
    assert best(asked, shuffled, there, dict(reversed(tracks.items())), DESK, NOW, step, **more) == found


RAISED = {
    "skill": lambda who, chair: (msgspec.structs.replace(who, skills={"billing": 5}), chair),
    "load": lambda who, chair: (who, msgspec.structs.replace(chair, free=10)),
    "language": lambda who, chair: (msgspec.structs.replace(who, languages=("zh", "en")), chair),
    "wait": lambda who, chair: (who, msgspec.structs.replace(chair, idle_since=chair.idle_since - 60_000)),
}


@given(AGENTS, SEATS, TRACKS, NEEDS, st.sampled_from(sorted(RAISED)))
def test_best__one_part_raised__never_lowers_the_score(who, chair, tracks, asked, part):
    """More skill, more room, more languages, a longer wait: no score falls for it."""
    chair = msgspec.structs.replace(chair, agent_id=who.agent_id)
    before = scored([who], [chair], tracks, need=asked, language="zh")
    after = scored(*([one] for one in RAISED[part](who, chair)), tracks, need=asked, language="zh")
    if before:
        assert after and after[0].score >= before[0].score


@given(TRACKS, st.sampled_from(("resolved", "csat_sum")), st.integers(1, 20))
def test_best__better_record__never_lowers_the_score(tracks, field, by):
    """One more conversation resolved, a better answer to a survey: the score does not fall against another's."""
    asked, who, chair = need(intent="refund"), agent("a"), seat("a")
    record = tracks.get("a", {}).get("refund")
    if record is None or not record.outcomes:
        return
    most = record.outcomes if field == "resolved" else 5.0 * record.surveys
    better = msgspec.structs.replace(record, **{field: min(most, getattr(record, field) + by)})
    before, after = (
        scored([who], [chair], tracks | {"a": {"refund": of_agent}}, need=asked)[0].score
        for of_agent in (record, better)
    )
    assert after >= before
