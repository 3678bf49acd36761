from __future__ import annotations

import math
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.desk.declaration import DESK, DeskRules, Relaxing
from chalicelib.simulation.intervals import interval
from chalicelib.simulation.measure import figures
from chalicelib.simulation.model import AgentScore, Contact, Desk, Moment, Sitting, Work
from chalicelib.simulation.play import learn, play
from tests.unit.desk.desks import agent, track
from tests.unit.simulation.desks import HOUR, STEADY, contact, desk_of, one_at_a_time, queue_of


def endings(contacts: list[Contact], desk: Desk, rules: DeskRules = STEADY) -> list[tuple[str, str, int]]:
    return [(one.ending, one.agent_id, one.waited_ms) for one in play(contacts, desk, rules, {})]


def erlang_c(agents: int, per_second: float, handling_seconds: float) -> float:
    """The mean wait of M/M/c by Erlang's formula."""
    offered = per_second * handling_seconds
    top = offered**agents / math.factorial(agents) * agents / (agents - offered)
    waits = top / (sum(offered**k / math.factorial(k) for k in range(agents)) + top)
    return waits * handling_seconds / (agents - offered)


@pytest.mark.parametrize(("agents", "load"), [(1, 0.5), (3, 0.7), (6, 0.75)])
def test_play__poisson_and_exponential__waits_as_erlang_says(agents: int, load: float):
    """The known answer: the mean wait of M/M/c lies in the interval of the simulated one; one agent less waits longer."""
    waits, fewer = [], []
    for seed in range(12):
        contacts, work = queue_of(2_500, load * agents / 100, 100, seed)
        for many, found in ((agents, waits), (agents - 1, fewer)):
            if many:
                served = play(contacts, desk_of(one_at_a_time(many), work, hours=9_999), STEADY, {}, learn=False)
                found.append(figures(served).wait)
    simulated = interval(waits, Random(1))
    known = erlang_c(agents, load * agents / 100, 100)
    assert simulated.low <= known <= simulated.high
    assert simulated.high < 1.25 * known
    assert all(less > enough for less, enough in zip(fewer, waits, strict=False))


def test_play__same_arguments__same_answer():
    """Two runs of the same desk are equal; nothing is left over from the first."""
    contacts, work = queue_of(400, 0.05, 100, 7)
    desk = desk_of(one_at_a_time(4), work)
    assert play(contacts, desk, DESK, {}) == play(contacts, desk, DESK, {})


def test_play__freed_agent__takes_who_waits_at_once():
    """Who waits is given the agent in the very moment that one is free, after the wrap-up."""
    contacts = [contact(0, 0), contact(1, 10_000)]
    rules = msgspec.structs.replace(STEADY, wrap_up_seconds=15)
    assert endings(contacts, desk_of(one_at_a_time(1)), rules) == [
        ("answered", "a0", 0),
        ("answered", "a0", 65_000),
    ]


def test_play__priority__is_served_first_and_ages():
    """More priority is served first; a point of it counts as much as ``ageing_seconds`` of waiting, and no more."""
    at = 10 * HOUR
    first, later, pressing = contact(0, at), contact(1, at + 1_000), contact(2, at + 20_000, priority=52)
    desk = desk_of(one_at_a_time(1))
    aged = [one.waited_ms for one in play([first, later, pressing], desk, STEADY, {})]
    assert aged == [0, 119_000, 40_000]
    slow = msgspec.structs.replace(STEADY, ageing_seconds=9)
    assert [one.waited_ms for one in play([first, later, pressing], desk, slow, {})] == [0, 59_000, 100_000]


def test_play__steps__let_more_agents_answer():
    """Who is good at it answers at once, anybody of the queue after 20 s, those of the overflow after 60, nobody after 600."""
    rules = msgspec.structs.replace(STEADY, relaxing=Relaxing())
    for skills, waited in (({"billing": 3}, 0), ({"billing": 2}, 20_000), ({"repairs": 1}, 60_000)):
        desk = desk_of((agent("a0", skills=skills),))
        assert endings([contact(0, 0, overflow=("repairs",))], desk, rules) == [("answered", "a0", waited)]
    nobody = desk_of((agent("a0", skills={"sales": 5}),))
    assert endings([contact(0, 0)], nobody, rules) == [("called_back", "", 600_000)]
    assert endings([contact(0, 0)], nobody) == [("unanswered", "", 0)]


def test_play__patience__ends():
    """Who has waited as long as they would leaves, and takes nobody's time."""
    contacts = [contact(0, 0), contact(1, 1_000, patience_ms=30_000), contact(2, 2_000)]
    assert endings(contacts, desk_of(one_at_a_time(1))) == [
        ("answered", "a0", 0),
        ("hung_up", "", 30_000),
        ("answered", "a0", 58_000),
    ]


def test_play__sitting__is_when_agents_are_given_work():
    """Before they come and after they left agents get nothing; who waits is answered as soon as one comes."""
    (only,) = one_at_a_time(1)
    desk = Desk((only,), (Sitting("a0", 100_000, 130_000),), lambda *_: Work(60_000, resolved=True))
    found = endings([contact(0, 0), contact(1, 110_000), contact(2, 170_000)], desk)
    assert found == [("answered", "a0", 100_000), ("unanswered", "", 60_000), ("unanswered", "", 0)]


def test_play__offer_not_answered__goes_to_another_and_keeps_its_place():
    """An offer that times out goes to somebody else at once, and never to the same agent again."""

    def shy(contact: Contact, agent: Any, attempt: int) -> Work:
        return Work(60_000, resolved=True, answers=agent.agent_id != "a0")

    (served,) = play([contact(0, 0)], desk_of(one_at_a_time(2), shy), STEADY, {})
    assert (served.agent_id, served.waited_ms) == ("a1", STEADY.reservation_seconds * 1000)
    (left,) = play([contact(0, 0, patience_ms=HOUR)], desk_of(one_at_a_time(1), shy), STEADY, {})
    assert left.ending == "hung_up" and left.busy == ()


def test_play__transfer__is_worked_on_twice():
    """Who is handed on is answered by another agent; the first one's time counts too."""

    def hands_on(contact: Contact, agent: Any, attempt: int) -> Work:
        return Work(60_000, resolved=attempt > 1, transferred=attempt == 1)

    (served,) = play([contact(0, 0)], desk_of(one_at_a_time(2), hands_on), STEADY, {})
    assert (served.agent_id, served.transfers, served.waited_ms) == ("a1", 1, 0)
    assert served.busy == (("a0", 60_000), ("a1", 60_000))
    assert figures([served]).resolved == 0.0


def test_play__records__grow_and_are_used():
    """The desk learns who resolves what, and gives it to them; it does not where it is told not to."""
    agents = one_at_a_time(2, skills={"billing": 3})
    good = {"a1": {"refund": track(200, 190)}, "a0": {"refund": track(200, 20)}}
    contacts = [contact(0, HOUR, intent="refund")]
    desk = desk_of(agents, lambda *_: Work(60_000, resolved=True, csat=5))
    kept = {id_: dict(rows) for id_, rows in good.items()}
    (served,) = play(contacts, desk, STEADY, kept, learn=False)
    assert served.agent_id == "a1" and kept == good
    play(contacts, desk, STEADY, kept)
    assert kept["a1"] == {"refund": track(201, 191, 1, 5), "": track(1, 1, 1, 5)}


def test_learn__no_intent__counts_once():
    """A conversation without an intent adds one to the record of all."""
    tracks: dict[str, Any] = {}
    learn(tracks, "ann", "", Work(1, resolved=False))
    assert tracks == {"ann": {"": track(1)}}


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(0.2, 2.0))
def test_play__any_day__keeps_what_a_desk_promises(seed: int, many: int, load: float):
    """No agent is over capacity, who declined is not asked again, and nobody is lost."""
    dice = Random(seed)
    contacts = [
        contact(
            key,
            dice.randrange(2 * HOUR),
            channel=dice.choice(("chat", "phone", "email")),
            skill=dice.choice(("billing", "repairs")),
            priority=dice.randint(1, 99),
            overflow=("billing",),
            patience_ms=dice.choice((None, 5_000, 300_000)),
        )
        for key in range(round(load * many * 30))
    ]
    agents = tuple(
        agent(f"a{place}", skills={dice.choice(("billing", "repairs")): dice.randint(1, 5)}, units=10)
        for place in range(many)
    )
    seen: list[Moment] = []

    def work(contact: Contact, agent: Any, attempt: int) -> Work:
        answers = (contact.key + attempt) % 7 > 0
        return Work(1 + contact.key * 7919 % 600_000, resolved=True, transferred=contact.key % 5 == 0, answers=answers)

    def choose(moment: Moment, ranked: tuple[AgentScore, ...]) -> str:
        seen.append(moment)
        chosen = ranked[-1].agent_id
        cost = DESK.costs.get(moment.contact.need.channel, DESK.cost)
        seat = moment.seats[chosen]
        assert seat.is_present(moment.now) and seat.free - cost >= 0 and seat.free <= seat.units
        assert chosen not in moment.declined
        return chosen

    served = play(contacts, desk_of(agents, work, choose=choose, scored=9), DESK, {})
    assert [one.contact for one in served] == contacts
    assert all(one.waited_ms >= 0 for one in served)
    assert len(seen) >= sum(one.ending == "answered" for one in served)
