"""Keys, order, steps, costs and moves of conversations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk import moves
from chalicelib.desk.ageing import order
from chalicelib.desk.capacity import cost_of, taken
from chalicelib.desk.declaration import DESK, DeskRules, Relaxing
from chalicelib.desk.keys import conversation_key, offer_of
from chalicelib.desk.model import RELAXATIONS, Agent, Conversation, Need
from chalicelib.desk.relax import next_step_at, step_at
from tests.unit.desk.desks import NOW, need

INSTANTS = st.integers(NOW, NOW + 10_000_000)
PRIORITIES = st.integers(1, 99)
SECONDS = st.none() | st.integers(0, 3_600)


@st.composite
def steps(draw: st.DrawFn) -> DeskRules:
    """Rules whose steps follow each other, some of them never."""
    at = sorted(draw(st.lists(st.integers(0, 3_600), min_size=3, max_size=3)))
    never = draw(st.lists(st.booleans(), min_size=3, max_size=3))
    return DeskRules(relaxing=Relaxing(*(None if no else one for no, one in zip(never, at, strict=True))))


def opened(**wanted: object) -> Conversation:
    return moves.opened(None, "c" * 32, need(**wanted), "d_1", DESK, NOW)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_key__of_another_conversation_or_tenant__is_another(one: str, two: str, first: str, second: str) -> None:
    """Nobody's conversation is another's, whatever the ids are made of, and the id cannot be read in it."""
    if "\0" in one + two:
        return
    keys = conversation_key(one, first), conversation_key(two, second)
    assert (keys[0] == keys[1]) is ((one, first) == (two, second))
    assert offer_of(f"r_{keys[0]}_7") == (keys[0], 7)


@pytest.mark.parametrize(
    "id_", ["", "r_", "r_abc_1", f"r_{'g' * 32}_1", f"r_{'a' * 32}_", f"r_{'a' * 32}_1 ", f"r_{'a' * 32}_¹"]
)
def test_offer__of_what_is_no_reservation__is_none(id_: str) -> None:
    """What was never handed out names nothing."""
    assert offer_of(id_) is None


@given(INSTANTS, INSTANTS, PRIORITIES, PRIORITIES, st.integers(0, 60), st.integers(0, 10_000_000))
def test_order__of_two_who_wait__never_changes(
    one: int, two: int, first: int, second: int, ageing: int, later: int
) -> None:
    """Who has more points at one moment has more at every later one: a place is a key that is written once."""
    rules = DeskRules(ageing_seconds=ageing)

    def points(since: int, priority: int) -> int:
        # A point of priority for each stretch waited, in thousandths of a second.
        return priority * ageing * 1000 + (NOW + 20_000_000 + later - since)

    before = order(one, first, rules) < order(two, second, rules)
    assert before is (points(one, first) > points(two, second))


@given(PRIORITIES, PRIORITIES, st.integers(0, 60))
def test_order__whoever_waits__comes_before_all_who_come_late_enough(mine: int, theirs: int, ageing: int) -> None:
    """Nobody starves: after a time that is known nobody can come before them any more."""
    rules = DeskRules(ageing_seconds=ageing)
    late = NOW + max(0, theirs - mine) * ageing * 1000 + 1
    assert order(NOW, mine, rules) < order(late, theirs, rules)


@given(steps(), st.integers(0, 4_000_000), st.integers(0, 4_000_000))
def test_steps__as_time_goes_by__only_further(rules: DeskRules, one: int, two: int) -> None:
    """Who may answer is never taken back, and a step changes exactly when it was said to."""
    early, late = sorted((NOW + one, NOW + two))
    assert RELAXATIONS.index(step_at(NOW, rules, early)) <= RELAXATIONS.index(step_at(NOW, rules, late))
    following = next_step_at(NOW, rules, early)
    if step_at(NOW, rules, early) != step_at(NOW, rules, late):
        assert early < following <= late
    if following:
        assert step_at(NOW, rules, following - 1) == step_at(NOW, rules, early)


@pytest.mark.parametrize(("channel", "cost"), [("phone", 7), ("email", 1), ("chat", 2), ("carrier_pigeon", 2)])
def test_cost__agents_own__before_the_policys(channel: str, cost: int) -> None:
    """What is not said of an agent is as the policy says, and what that does not say is the usual cost."""
    assert cost_of(channel, Agent("a", {}, 10, {"phone": 7}), DESK) == cost


@given(st.data(), st.integers(1, 30))
def test_moves__any_sequence__holds_capacity_only_between_offer_and_end(data: st.DataObject, length: int) -> None:
    """Offered, answered and wrapping take capacity of one agent; waiting and over of nobody. A version is used once, and
    a reservation's id names one offer.
    """
    one, now = opened(), NOW
    versions, offers = {one.version}, set[str]()
    for _ in range(length):
        now += data.draw(st.integers(0, 30_000))
        one = _next(one, data, now)
        assert one.version not in versions
        versions.add(one.version)
        assert taken(one) == (
            (one.agent_id, one.cost) if one.state in ("reserved", "accepted", "wrapping") else ("", 0)
        )
        if one.state == "reserved":
            assert one.reservation_id not in offers
            offers.add(one.reservation_id)
        if one.state == "waiting":
            assert one.order == order(one.waits_since, one.need.priority, DESK)
        assert (one.due_at == 0) or one.due_at > one.state_since


def _next(one: Conversation, data: st.DataObject, now: int) -> Conversation:
    if one.state == "ended":
        return moves.opened(one, one.key, one.need, "d_2", DESK, now)
    if one.state == "waiting":
        return data.draw(
            st.sampled_from(
                [
                    moves.offered(one, "a_1", 2, DESK, now),
                    moves.looked_at(one, DESK, now),
                    moves.ended(one, "left", now),
                    moves.unnamed(one),
                ]
            )
        )
    answered = moves.accepted(one, now) if one.state == "reserved" else moves.released(one, DESK, now)
    back = moves.back(one, DESK, now, declined=data.draw(st.booleans()))
    return data.draw(st.sampled_from([answered, back, moves.ended(one, "released", now)]))


def test_back__declined__is_remembered_once_and_forgotten_in_time() -> None:
    """Who declined is not asked again for half a minute, or until more may answer."""
    held = moves.offered(opened(), "a_1", 2, DESK, NOW)
    back = moves.back(held, DESK, NOW + 1_000, declined=True)
    assert back.declined == ("a_1",)
    assert (back.waits_since, back.order) == (held.waits_since, held.order)
    soon = moves.looked_at(back, DESK, NOW + 2_000)
    assert (soon.declined, soon.due_at) == (("a_1",), NOW + 20_000)
    assert moves.looked_at(soon, DESK, NOW + 20_000).declined == ()
    never = DeskRules(relaxing=Relaxing(None, None, None))
    waits = moves.looked_at(back, never, NOW + 2_000)
    assert (waits.declined, waits.due_at) == (("a_1",), NOW + 31_000)
    assert moves.looked_at(waits, never, NOW + 31_000).declined == ()


def test_opened__again__begins_anew_and_counts_on() -> None:
    """Nothing of the conversation before is left but what keeps ids apart."""
    over = moves.ended(moves.offered(opened(), "a_1", 2, DESK, NOW), "left", NOW)
    again = moves.opened(over, over.key, Need("vip", "vip", "phone", 9), "d_2", DESK, NOW + 9)
    assert (again.state, again.attempt, again.version) == ("waiting", over.attempt, over.version + 1)
    assert (again.agent_id, again.ended_by, again.waits_since, again.decision_id) == ("", None, NOW + 9, "d_2")
