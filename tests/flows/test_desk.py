"""Conversations and agents: who is given what when, whatever else happens."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.keys import conversation_key
from chalicelib.desk.model import Conversation
from chalicelib.flows import drain
from chalicelib.flows.answer_reservation import Answering, accept, decline, leave, release
from chalicelib.flows.look_after_desk import Looked, Watch, look_after_desk, look_once
from chalicelib.flows.reserve import reserve
from chalicelib.flows.set_presence import Says, set_presence
from chalicelib.kernel.errors import Conflict, NotFound, Unavailable
from chalicelib.store.memory_desk import MemoryDesk
from tests.flows.desk_world import AT, RULES, T, World


@pytest.fixture
def world() -> World:
    return World()


def code_of(call: object) -> str:
    with pytest.raises(Conflict) as caught:
        call()  # type: ignore[operator]
    return caught.value.code


def test_reserve__an_agent_is_there__is_offered_and_takes_room(world: World) -> None:
    """The best agent has it, for so long as the policy gives to answer."""
    world.hire("a_1")
    placed = world.reserve("c")
    assert placed.moved
    assert [one.agent_id for one in placed.scores] == ["a_1"]
    one = world.of("c")
    assert (one.state, one.agent_id, one.attempt, one.due_at) == ("reserved", "a_1", 1, AT + 20_000)
    assert world.free("a_1") == 0


class Counted:
    """A store whose calls are noted."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self.store, name)


def test_reserve__an_agent_is_there__two_calls_of_the_store(world: World) -> None:
    """One look at seats and conversation, and one transaction: a route pays no more for its agent."""
    world.hire("a_1")
    counted = Counted(world.store)
    placed = reserve(world.asked("c"), world.services(counted), world.now)
    assert placed.moved
    assert counted.calls == ["look", "assign"]


def test_reserve__better_agent__is_preferred(world: World) -> None:
    """More skill wins where all else is equal."""
    world.hire("a_1", orders=3)
    world.hire("a_2", orders=5)
    assert [one.agent_id for one in world.reserve("c").scores] == ["a_2", "a_1"]


def test_reserve__repeated__never_a_second_agent(world: World) -> None:
    """A conversation that has its place keeps it: offered, answered or waiting."""
    world.hire("a_1")
    world.hire("a_2")
    first = world.reserve("c").conversation
    again = world.reserve("c")
    assert (again.conversation, again.moved, again.scores) == (first, False, ())
    accept(world.answering("c"), world.desk, world.now)
    assert world.reserve("c").conversation == world.of("c")
    assert [world.free("a_1"), world.free("a_2")].count(2) == 1
    assert not world.waiting()


def test_reserve__nobody_there__waits(world: World) -> None:
    """Without an agent it stands on the list of its queue, and asking again changes nothing."""
    placed = world.reserve("c")
    assert placed.conversation is not None
    assert (placed.conversation.state, placed.scores) == ("waiting", ())
    assert world.reserve("c").conversation == placed.conversation
    assert world.waiting() == [world.of("c").key]


def test_reserve__ended_before__begins_anew(world: World) -> None:
    """Who comes back to the same chat gets an agent, under a reservation that was never used."""
    world.hire("a_1")
    world.reserve("c")
    first = world.of("c").reservation_id
    leave(world.answering("c", ""), world.desk, world.now)
    world.reserve("c")
    assert (world.of("c").state, world.of("c").reservation_id != first) == ("reserved", True)
    assert code_of(lambda: accept(Answering(T, first, "a_1"), world.desk, world.now)) == "reservation_over"
    world.balanced()


def test_reserve__while_the_agent_writes_up__begins_anew_and_balances(world: World) -> None:
    """A person who writes again while the agent wraps up is no trap: somebody has them, and nothing leaks."""
    world.hire("a_1")
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    release(world.answering("c"), world.desk, world.now)
    assert world.of("c").state == "wrapping"
    world.reserve("c")
    assert world.of("c").state in ("reserved", "waiting")
    world.look(1_000)
    world.balanced()


def test_presence__available__gets_who_waits(world: World) -> None:
    """A waiting conversation is given at the moment an agent comes, most pressing first, as many as fit."""
    for name, priority in (("low", 1), ("high", 9), ("mid", 5)):
        world.reserve(name, priority=priority)
    world.hire("a_1", units=4)
    assert [world.of(name).state for name in ("high", "mid", "low")] == ["reserved", "reserved", "waiting"]
    assert world.free("a_1") == 0


def test_presence__of_nobody__is_not_found(world: World) -> None:
    """Only declared agents can be there."""
    with pytest.raises(NotFound):
        set_presence(Says(T, "a_9", "available"), world.desk, AT)


@pytest.mark.parametrize("presence", ["away", "offline"])
def test_presence__gone__offers_go_to_others_at_once(world: World, presence: str) -> None:
    """Who leaves is not rung; their offer goes to who is there."""
    world.hire("a_1")
    world.reserve("c")
    world.hire("a_2")
    world.says("a_1", presence)
    one = world.of("c")
    assert (one.state, one.agent_id, one.attempt) == ("reserved", "a_2", 2)
    assert (world.free("a_1"), world.free("a_2")) == (2, 0)


def test_decline__others_are_there__the_next_best(world: World) -> None:
    """It goes on to the next, and who declined is not rung again."""
    world.hire("a_1", orders=5)
    world.hire("a_2", orders=4)
    world.reserve("c")
    declined = world.answering("c")
    decline(declined, world.desk, world.now)
    one = world.of("c")
    assert (one.agent_id, one.declined) == ("a_2", ("a_1",))
    assert decline(declined, world.desk, world.now) == one
    assert code_of(lambda: accept(declined, world.desk, world.now)) == "reservation_over"
    world.balanced()


def test_decline__nobody_else__waits_in_its_old_place(world: World) -> None:
    """Who was declined is not behind those who came later."""
    world.hire("a_1")
    world.reserve("first")
    world.now += 1_000
    world.reserve("second")
    decline(world.answering("first"), world.desk, world.now)
    # The room that came free goes to who may have it.
    assert world.of("second").agent_id == "a_1"
    assert world.waiting() == [world.of("first").key]
    assert world.of("first").waits_since == AT
    world.balanced()


def test_decline__the_only_agent__is_asked_again_in_the_end(world: World) -> None:
    """One agent who did not hear the first ring is no reason to wait for ever."""
    world.hire("a_1", units=20)
    world.reserve("c")
    decline(world.answering("c"), world.desk, world.now)
    assert world.of("c").state == "waiting"
    for _ in range(35):
        world.says("a_1", "available")
        world.look(1_000)
    assert world.of("c").agent_id == "a_1"


def test_accept__by_its_agent__is_theirs(world: World) -> None:
    """It is answered, and saying so twice is once."""
    world.hire("a_1")
    world.reserve("c")
    answering = world.answering("c")
    assert accept(answering, world.desk, world.now).state == "accepted"
    assert accept(answering, world.desk, world.now + 60_000).state == "accepted"
    assert world.of("c").due_at == 0


def test_answers__of_somebody_else__are_refused(world: World) -> None:
    """An offer is its agent's alone; who may act for all says so with no agent."""
    world.hire("a_1")
    world.hire("a_2")
    world.reserve("c")
    other = "a_2" if world.of("c").agent_id == "a_1" else "a_1"
    for answer in (accept, decline, release):
        assert code_of(lambda answer=answer: answer(world.answering("c", other), world.desk, world.now)) == (
            "reservation_not_yours"
        )
    assert accept(world.answering("c", ""), world.desk, world.now).state == "accepted"


def test_accept__by_who_declined_it_before__is_refused(world: World) -> None:
    """To have declined gives no right to the offer of the next."""
    world.hire("a_1", orders=5)
    world.hire("a_2", orders=4)
    world.reserve("c")
    decline(world.answering("c"), world.desk, world.now)
    assert code_of(lambda: accept(world.answering("c", "a_1"), world.desk, world.now)) == "reservation_not_yours"


def test_leave__of_who_waits_for_others__is_not_for_who_declined_them(world: World) -> None:
    """Whoever declined knows the id: only who speaks for all may say that somebody who waits is gone."""
    world.hire("a_1")
    world.reserve("c")
    decline(world.answering("c"), world.desk, world.now)
    assert world.of("c").state == "waiting"
    assert code_of(lambda: leave(world.answering("c", "a_1"), world.desk, world.now)) == "reservation_not_yours"
    assert world.of("c").state == "waiting"
    assert leave(world.answering("c", ""), world.desk, world.now).ended_by == "left"


def test_accept__after_the_time_out__is_refused(world: World) -> None:
    """Late is late, also before the schedule has seen it."""
    world.hire("a_1")
    world.reserve("c")
    answering = world.answering("c")
    assert code_of(lambda: accept(answering, world.desk, AT + 20_000)) == "reservation_timed_out"
    world.look(20_000)
    assert code_of(lambda: accept(answering, world.desk, world.now)) == "reservation_over"


@pytest.mark.parametrize("reservation_id", ["", "r_1", f"r_{'0' * 32}_1", f"r_{'0' * 32}_1'"])
def test_answers__of_no_reservation__not_found(world: World, reservation_id: str) -> None:
    """An id that is none, or of nothing, is told alike."""
    for answer in (accept, decline, release, leave):
        with pytest.raises(NotFound):
            answer(Answering(T, reservation_id, "a_1"), world.desk, AT)


def test_release__wrap_up__holds_until_it_ends_then_drains(world: World) -> None:
    """An agent who writes up is given nothing; at its end the next who waits is."""
    world.hire("a_1")
    world.reserve("c")
    answering = world.answering("c")
    assert code_of(lambda: release(answering, world.desk, AT)) == "reservation_not_accepted"
    accept(answering, world.desk, AT)
    world.reserve("next")
    assert release(answering, world.desk, AT).state == "wrapping"
    assert release(answering, world.desk, AT).state == "wrapping"
    assert world.of("next").state == "waiting"
    world.look(14_999)
    assert (world.of("c").state, world.of("next").state) == ("wrapping", "waiting")
    world.look(1)
    assert (world.of("c").state, world.of("next").agent_id) == ("ended", "a_1")
    assert world.of("c").ended_by == "released"
    assert release(answering, world.desk, world.now).state == "ended"
    world.balanced()


def test_release__no_wrap_up__drains_at_once(world: World) -> None:
    """Capacity that comes free is given in the same call."""
    world.rules = DeskRules(wrap_up_seconds=0)
    world.hire("a_1")
    world.reserve("c")
    world.reserve("next")
    accept(world.answering("c"), world.desk, AT)
    assert release(world.answering("c"), world.desk, AT).state == "ended"
    assert world.of("next").agent_id == "a_1"


def test_leave__whatever_stands__is_over_and_room_is_given_on(world: World) -> None:
    """A person who goes leaves the list, or frees the agent who was rung."""
    world.hire("a_1")
    world.reserve("rung")
    world.reserve("waits")
    world.reserve("goes")
    leave(world.answering("goes"), world.desk, AT)
    assert world.waiting() == [world.of("waits").key]
    leave(world.answering("rung", ""), world.desk, AT)
    leave(world.answering("rung", ""), world.desk, AT)
    assert (world.of("rung").ended_by, world.of("waits").agent_id) == ("left", "a_1")
    world.balanced()


def test_look__offer_not_answered__goes_to_the_next(world: World) -> None:
    """An agent who does not answer in time is passed over, and the person keeps their place."""
    world.hire("a_1", orders=5)
    world.hire("a_2", orders=4)
    world.reserve("c")
    assert world.look(19_999).conversations == 0
    looked = world.look(1)
    assert (looked.conversations, looked.lag_ms) == (1, 0)
    assert (world.of("c").agent_id, world.of("c").declined) == ("a_2", ("a_1",))
    world.balanced()


def test_look__steps_of_relaxing__more_agents_may_answer(world: World) -> None:
    """The good ones first; after a while anybody of the queue; then those of the queues it flows over to."""
    world.hire("weak", orders=1)
    world.hire("other", payments=5)
    world.reserve("c")
    world.look(1_000)
    assert world.of("c").state == "waiting"
    world.look(18_999)
    assert world.of("c").state == "waiting"
    world.look(1)
    assert (world.of("c").agent_id, world.of("c").relaxation) == ("weak", "queue")
    decline(world.answering("c"), world.desk, world.now)
    assert world.of("c").state == "waiting"
    world.says("weak", "away")
    world.says("other", "available")
    world.look(40_000)
    assert (world.of("c").agent_id, world.of("c").relaxation) == ("other", "overflow")


def test_look__waited_to_the_end__is_called_back_once(world: World) -> None:
    """Whom nobody could answer is handed over to be called back, and stands on no list."""
    world.reserve("c")
    for _ in range(700):
        world.look(1_000)
    assert world.called_back == [world.of("c").key]
    assert (world.of("c").state, world.of("c").ended_by, world.waiting()) == ("ended", "callback", [])


def test_look__no_call_back__waits_on_and_is_seldom_looked_at(world: World) -> None:
    """Where a policy never calls back they wait for an agent, and cost next to nothing meanwhile."""
    world.rules = DeskRules(relaxing=Relaxing(20, None, None))
    world.reserve("c")
    for _ in range(30):
        world.look(1_000)
    assert world.of("c").due_at >= world.now + 270_000
    world.now += 3_600_000
    world.hire("a_1")
    assert world.of("c").agent_id == "a_1"


@pytest.mark.parametrize("skill", ["orders", "parcels"])
def test_look__the_queue_was_renamed__who_waits_moves_with_it(world: World, skill: str) -> None:
    """A policy that has their queue no more strands nobody: they wait in one of their skill, else in the default one."""
    world.rules = DeskRules(relaxing=Relaxing(20, None, None))
    world.reserve("c", queue="gone", skill=skill)
    world.look(300_000)
    assert (world.waiting("gone"), world.waiting("orders")) == ([], [world.of("c").key])
    world.hire("a_1")
    assert (world.of("c").state, world.of("c").agent_id) == ("reserved", "a_1")
    world.balanced()


def test_look__the_queue_asks_for_another_skill__so_do_those_who_wait(world: World) -> None:
    """Whoever can answer a queue now can answer those who came to it before."""
    world.rules = DeskRules(relaxing=Relaxing(20, None, None))
    world.reserve("c", skill="orders_of_old")
    world.look(300_000)
    world.hire("a_1")
    assert world.of("c").agent_id == "a_1"


def test_decline__the_queue_was_renamed__goes_back_to_one_that_there_is(world: World) -> None:
    """An offer that comes back is not put on a list that nobody reads."""
    world.hire("a_1")
    world.reserve("c", queue="gone", skill="orders")
    decline(world.answering("c"), world.desk, world.now)
    assert (world.of("c").state, world.waiting()) == ("waiting", [world.of("c").key])


def test_look__lease_ran_out__offers_at_once_and_the_answered_after_the_grace(world: World) -> None:
    """Nobody is left with an agent who is gone; who only lost the line for a moment keeps their conversation."""
    world.hire("a_1", units=4)
    world.reserve("answered")
    accept(world.answering("answered"), world.desk, AT)
    world.now = AT + 80_000
    world.reserve("rung")
    world.hire("a_2", units=4)
    world.look(10_000)
    assert (world.of("rung").agent_id, world.of("answered").agent_id) == ("a_2", "a_1")
    world.look(59_999)
    assert (world.of("answered").state, world.of("answered").agent_id) == ("accepted", "a_1")
    world.look(1)
    assert (world.of("answered").state, world.of("answered").agent_id) == ("reserved", "a_2")
    assert world.of("answered").waits_since == AT
    world.balanced()


def test_look__gone_and_says_so_again_and_again__the_answered_goes_to_others(world: World) -> None:
    """A client that repeats that its agent is gone does not hold back the conversations that they left."""
    world.hire("a_1")
    world.reserve("c")
    accept(world.answering("c"), world.desk, world.now)
    world.hire("a_2")
    for _ in range(3):
        world.says("a_1", "offline")
        world.says("a_2", "available")
        world.look(20_000)
    assert world.of("c").agent_id == "a_2"
    world.balanced()


def test_look__agent_lost_after_long_talk__another_answers_and_nobody_is_called_back(world: World) -> None:
    """The time that a person spent with an agent is no waiting: they keep their place, and the steps begin anew."""
    world.hire("a_1")
    world.reserve("c")
    placed = world.of("c").order
    accept(world.answering("c"), world.desk, world.now)
    talked = RULES.relaxing.callback_after_seconds or 0
    while world.now < AT + talked * 2_000:
        world.now += RULES.lease_seconds * 500
        world.says("a_1", "available")
    world.look((RULES.lease_seconds + RULES.orphaned_after_seconds + 2) * 1_000)
    waits = world.of("c")
    assert (waits.state, waits.relaxation, waits.order) == ("waiting", "skilled", placed)
    world.look(2_000)
    assert not world.called_back
    world.hire("a_2")
    assert world.of("c").agent_id == "a_2"
    world.balanced()


def test_look__lease_renewed_within_the_grace__keeps_what_was_answered(world: World) -> None:
    """Who comes back in time goes on."""
    world.hire("a_1")
    world.reserve("c")
    accept(world.answering("c"), world.desk, AT)
    world.look(90_000)
    world.now += 30_000
    world.says("a_1", "available")
    world.look(60_000)
    assert (world.of("c").state, world.of("c").agent_id) == ("accepted", "a_1")


@pytest.mark.parametrize("killed", ["release", "presence", "reserve"])
def test_look__whoever_freed_or_waited_was_killed__somebody_else_does_it(world: World, killed: str) -> None:
    """What was written says by itself what must follow: a second later the schedule does it."""
    world.rules = DeskRules(wrap_up_seconds=0)
    world.hire("a_1", present=killed == "release")
    if killed == "release":
        world.reserve("c")
        accept(world.answering("c"), world.desk, AT)
    store = world.store
    if killed == "reserve":
        placed = world.reserve("next")
        assert placed.conversation is not None
        # Somebody came between the list and the look, and neither looked.
        store.set_presence(T, "a_1", "available", AT + 90_000, AT)
        store.settle(T, store.seats(T, ["a_1"])["a_1"], AT + 90_000)
    else:
        world.reserve("next")
        if killed == "presence":
            store.set_presence(T, "a_1", "available", AT + 90_000, AT)
        else:
            from chalicelib.desk.moves import ended

            assert store.change(T, world.of("c"), ended(world.of("c"), "released", AT))
    assert world.of("next").state == "waiting"
    world.look(1_000)
    assert (world.of("next").state, world.of("next").agent_id) == ("reserved", "a_1")
    world.balanced()


def test_look__nothing_is_due__leaves_at_once(world: World) -> None:
    """A desk that nobody uses costs nothing; one that is in use is looked at until the minute ends."""
    waits: list[float] = []

    def run() -> Looked:
        def wait(seconds: float) -> None:
            waits.append(seconds)
            world.now += round(seconds * 1000)

        return look_after_desk(world.desk, Watch(lambda: world.now, wait, lambda: 60.0), world.now + 55_000)

    run()
    assert waits == []
    world.hire("a_1")
    run()
    assert len(waits) == 55


@pytest.mark.parametrize("presence", ["available", "away"])
def test_look__a_long_lease__the_desk_is_in_use(world: World, presence: Any) -> None:
    """Whoever said that they are there for an hour is there: offers time out to the second, and none is left to it."""
    world.hire("a_1", present=False)
    set_presence(Says(T, "a_1", presence, 3_600), world.desk, world.now)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        world.now += round(seconds * 1000)

    for _ in range(5):
        look_after_desk(world.desk, Watch(lambda: world.now, wait, lambda: 60.0), world.now + 55_000)
    assert len(waits) == 5 * 55
    world.now = AT + 3_600_000
    look_after_desk(world.desk, Watch(lambda: world.now, wait, lambda: 60.0), world.now)
    assert world.store.seats(T, ["a_1"])["a_1"].presence == "offline"


def test_look__time_runs_out__leaves_the_rest_and_says_so(world: World) -> None:
    """With no time left nothing is begun."""
    world.hire("a_1")
    world.reserve("c")
    world.now += 30_000
    looked = look_after_desk(world.desk, Watch(lambda: world.now, lambda _: None, lambda: 1.0), world.now)
    assert (looked.left, looked.conversations) == (True, 0)
    assert world.of("c").state == "reserved"


class Unreadable(MemoryDesk):
    """A store in which one conversation cannot be read."""

    poison = ""

    def conversation(self, tenant: str, key: str) -> Conversation | None:
        if key == self.poison:
            raise msgspec.DecodeError("Not what encode wrote.")
        return super().conversation(tenant, key)


def test_look__a_conversation_cannot_be_read__the_others_are_looked_after() -> None:
    """What is broken harms itself alone, and says so."""
    store = Unreadable()
    world = World(store)
    names = [str(number) for number in range(12)]
    for name in names:
        world.reserve(name)
    store.poison = conversation_key(T, "0")
    looked = world.look(700_000)
    assert looked.failed == {"bad_content": 1}
    assert {world.of(name).state for name in names[1:]} == {"ended"}


@pytest.mark.parametrize("crowd", [40, 400])
def test_look__much_of_one_tenant_fails_slowly__the_other_has_its_turn(world: World, crowd: int) -> None:
    """A crowd whose calls fail, each after seconds of trying, does not use up the time of another tenant's people."""
    left = [60.0]

    def away(*_: object) -> None:
        left[0] -= 2.0
        raise Unavailable("queue_away", "Not now.")

    for number in range(crowd):
        world.reserve(str(number))
    others = [replace(world.asked(f"other {number}"), tenant="t_2") for number in range(8)]
    for asked in others:
        reserve(asked, world.desk, world.now + 2_000)
    world.now += 700_000
    desk = replace(world.desk, call_back=lambda of, *_: away() if of == T else None)
    looked = Looked()
    for _ in range(3):
        look_once(desk, Watch(lambda: world.now, lambda _: None, lambda: left[0]), looked)
        world.now += 1_000
    assert looked.failed == {"queue_away": 15}
    assert not looked.left
    ended = [world.store.conversation("t_2", one.key) for one in others]
    assert all(one is not None and one.state == "ended" for one in ended)


def served(world: World, agent_id: str) -> None:
    """An agent answers what is offered to them, and is done with the oldest chat."""
    for one in world.store.held_by(T, agent_id):
        if one.state == "reserved":
            accept(Answering(T, one.reservation_id), world.desk, world.now)
    chats = [one for one in world.store.held_by(T, agent_id) if one.need.channel == "chat"]
    for one in chats[:1]:
        release(Answering(T, one.reservation_id), world.desk, world.now)


def call_among_chats(world: World, agents: int) -> bool:
    """A desk full of chats, a call that needs all of an agent, and for each chat that ends two new ones."""
    world.rules = DeskRules(wrap_up_seconds=0, relaxing=Relaxing(None, None, None))
    ids = [f"a_{number}" for number in range(agents)]
    for one in ids:
        world.hire(one, units=10)
    for number in range(agents * 5):
        world.reserve(f"first_{number}")
    world.reserve("call", channel="phone", priority=9)
    for second in range(90):
        world.now += 1_000
        for one in ids:
            world.reserve(f"chat_{second}_{one}_1")
            world.reserve(f"chat_{second}_{one}_2")
            world.says(one, "available")
            served(world, one)
    return world.of("call").state == "accepted"


@pytest.mark.parametrize("agents", [1, 3])
def test_desk__a_call_among_chats_without_end__is_answered(world: World, agents: int) -> None:
    """Who needs all of an agent is not passed over for ever by those who need a part: the room of one is kept."""
    assert call_among_chats(world, agents)
    kept = [one for one in world.store.seats(T, [f"a_{n}" for n in range(agents)]).values() if one.kept_until > AT]
    assert len(kept) <= 1
    world.balanced()


def test_drain__hundreds_wait_for_more_room_than_there_is__seats_are_read_few_times(world: World) -> None:
    """Whoever has room for a chat is not held up by all the calls that they have none for."""
    world.hire("busy", units=10)
    for number in range(4):
        world.reserve(f"chat {number}")
    world.hire("nearer", units=10)
    world.reserve("chat")
    for number in range(300):
        world.reserve(f"call {number}", channel="phone")
    world.now += 60_000
    seat = world.store.seats(T, ["busy"])["busy"]
    counted = Counted(world.store)
    assert drain.drain(T, seat, world.services(counted), world.now) == 0
    assert 1 <= counted.calls.count("seats") <= 3


def test_reserve__room_is_kept_for_who_has_gone__is_given(world: World) -> None:
    """Who left keeps no room from who comes."""
    world.hire("a_1", units=10)
    world.reserve("chat")
    accept(world.answering("chat"), world.desk, world.now)
    world.reserve("call", channel="phone", priority=9)
    world.now += 31_000
    world.says("a_1", "available")
    world.reserve("next")
    assert world.of("next").state == "waiting"
    leave(world.answering("call", ""), world.desk, world.now)
    world.reserve("last")
    assert (world.of("next").state, world.of("last").state) == ("reserved", "reserved")


def test_desk__no_room_is_kept__the_call_starves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial above can fail."""
    monkeypatch.setattr(drain, "keep_room", lambda *_: False)
    assert not call_among_chats(world, 3)


def test_desk__ageing__nobody_starves(world: World) -> None:
    """The low priority of who waits long comes before the high priority of who just came."""
    world.hire("a_1")
    world.reserve("busy")
    accept(world.answering("busy"), world.desk, AT)
    world.rules = DeskRules(wrap_up_seconds=0, ageing_seconds=10)
    world.reserve("old", priority=1)
    world.now += 85_000
    world.says("a_1", "available")
    world.reserve("new", priority=9)
    release(world.answering("busy"), world.desk, world.now)
    assert (world.of("old").state, world.of("new").state) == ("reserved", "waiting")
    assert RULES.ageing_seconds == 10
