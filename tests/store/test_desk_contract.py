"""The desk: what every store promises of agents, seats, conversations and those who wait."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Sequence

import pytest
from msgspec.structs import replace

from chalicelib.desk import moves
from chalicelib.desk.declaration import DESK
from chalicelib.desk.model import Agent, Conversation, Need, Seat
from chalicelib.store.desk import DESK_SHARDS, NEWS, DeskStore, DueAtDesk
from chalicelib.store.rows import DecisionRow
from tests.store.backends import Stores
from tests.store.conftest import with_faults

AT = 1_790_000_000_000
LEASE = AT + 90_000
AFTER = AT + 1_000


def agent(agent_id: str = "a_1", units: int = 10, version: int = 1) -> Agent:
    return Agent(agent_id, {"orders": 4}, units, version=version)


def hire(desk: DeskStore, tenant: str, *ids: str, units: int = 10) -> None:
    for one in ids:
        assert desk.put_agent(tenant, agent(one, units))
        assert desk.set_presence(tenant, one, "available", LEASE, AT)


def opened(key: str = "c" * 32, at: int = AT, **need: str | int) -> Conversation:
    asked = {"queue": "orders", "skill": "orders", "channel": "web_chat", "priority": 5, "profile_id": "p_1", **need}
    return moves.opened(None, key, Need(**asked), "d_1", DESK, at)  # type: ignore[arg-type]


def offered(one: Conversation, agent_id: str = "a_1", cost: int = 2, at: int = AT) -> Conversation:
    return moves.offered(one, agent_id, cost, DESK, at)


def decision(tenant: str, decision_id: str = "d_1") -> DecisionRow:
    return DecisionRow(tenant, decision_id, "p_1", AT, b"{}", AT + 1_000_000, "bot")


def free(desk: DeskStore, tenant: str, agent_id: str = "a_1") -> int:
    return desk.seats(tenant, [agent_id])[agent_id].free


def exact(desk: DeskStore, tenant: str, ids: Collection[str]) -> None:
    """The account of every seat balances, and what it holds says so, too."""
    for one, seat in desk.seats(tenant, ids).items():
        held = desk.held_by(tenant, one)
        assert seat.free == seat.units - sum(each.cost for each in held)
        assert seat.held == len(held)
        assert {each.agent_id for each in held} <= {one}


def due(desk: DeskStore, tenant: str, until: int, *, news: bool = False) -> list[DueAtDesk]:
    """Of this test's tenant: the table is shared. ``news``: of which nothing is due but that it is told."""
    shards = [NEWS] if news else range(DESK_SHARDS)
    pages = (page for shard in shards for page in desk.due(shard, until=until))
    return sorted((one for page in pages for one in page if one.tenant == tenant), key=lambda one: (one.due_at, one.id))


def soon_due(
    desk: DeskStore, tenant: str, until: int, expected: Sequence[tuple[str, str, int]], *, news: bool = False
) -> None:
    """The index follows a moment later."""
    wanted = [DueAtDesk(tenant, *one) for one in expected]
    for _ in range(50):
        if due(desk, tenant, until, news=news) == wanted:
            return
        time.sleep(0.02)
    assert due(desk, tenant, until, news=news) == wanted


def test_agents__declared__read_as_they_were(stores: Stores, tenant: str) -> None:
    """An agent is what was declared last, and a new seat is empty and offline."""
    desk = stores.desk
    first, second = agent("a_1", 10), agent("a_2", 20)
    assert desk.put_agent(tenant, first)
    assert desk.put_agent(tenant, second)
    assert list(desk.agents(tenant)) == [first, second]
    assert desk.agent(tenant, "a_1") == first
    assert desk.agent(tenant, "a_3") is None
    assert desk.seats(tenant, ["a_1", "a_3"]) == {"a_1": Seat("a_1", "offline", 0, 10, 10, 0, 0)}


def test_put_agent__repeated__is_one(stores: Stores, tenant: str) -> None:
    """The same declaration again is no mistake and changes nothing."""
    assert stores.desk.put_agent(tenant, agent())
    assert stores.desk.put_agent(tenant, agent())
    assert free(stores.desk, tenant) == 10


@pytest.mark.parametrize("version", [1, 3])
def test_put_agent__of_another_version__is_refused(stores: Stores, tenant: str, version: int) -> None:
    """Who declares an agent by what somebody else changed meanwhile is told."""
    assert stores.desk.put_agent(tenant, agent())
    assert not stores.desk.put_agent(tenant, agent(units=20, version=version))
    assert stores.desk.agent(tenant, "a_1") == agent()
    assert free(stores.desk, tenant) == 10


@pytest.mark.parametrize(("units", "left"), [(20, 18), (10, 8), (1, -1)])
def test_put_agent__while_conversations_are_held__moves_what_is_free(
    stores: Stores, tenant: str, units: int, left: int
) -> None:
    """Units that change keep what is taken taken; fewer than that leave nothing to give."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    assert desk.assign(tenant, None, offered(opened()), AT)
    assert desk.put_agent(tenant, agent(units=units, version=2))
    assert free(desk, tenant) == left
    exact(desk, tenant, ["a_1"])
    other = offered(opened("d" * 32))
    assert desk.assign(tenant, None, other, AT) is (left > 0)


def test_put_agent__declared_anew__is_marked_to_be_looked_at(stores: Stores, tenant: str) -> None:
    """More units or skills may let them answer who waits, and whoever acted upon the seat before did not know it."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    assert desk.set_presence(tenant, "a_1", "available", AT + 90_000, AT)
    before = desk.seats(tenant, ["a_1"])["a_1"]
    assert desk.put_agent(tenant, agent(units=14, version=2), AT + 11_000)
    after = desk.seats(tenant, ["a_1"])["a_1"]
    assert (after.units, after.free, after.due_at) == (14, 14, AT + 11_000)
    assert not desk.settle(tenant, before, AT + 90_000)
    soon_due(desk, tenant, AT + 11_000, [("seat", "a_1", AT + 11_000)])


def test_delete_agent__who_holds_nothing__is_gone_with_the_seat(stores: Stores, tenant: str) -> None:
    """And may be declared anew."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    assert desk.delete_agent(tenant, agent())
    assert (desk.agent(tenant, "a_1"), desk.seats(tenant, ["a_1"])) == (None, {})
    assert desk.delete_agent(tenant, agent()), "a repeat"
    hire(desk, tenant, "a_1")
    assert free(desk, tenant) == 10, "declared anew, and not taken for a repeat of the first time"
    assert desk.delete_agent(tenant, agent())
    assert desk.agent(tenant, "a_1") is None


def test_delete_agent__who_holds_a_conversation_or_was_changed__is_kept(stores: Stores, tenant: str) -> None:
    """No conversation is ever held by nobody, and nobody is removed by what they were before."""
    desk = stores.desk
    hire(desk, tenant, "a_1", "a_2")
    assert desk.assign(tenant, None, offered(opened()), AT)
    assert not desk.delete_agent(tenant, agent("a_1"))
    assert desk.put_agent(tenant, agent("a_2", version=2))
    assert not desk.delete_agent(tenant, agent("a_2"))
    assert [one.agent_id for one in desk.agents(tenant)] == ["a_1", "a_2"]
    exact(desk, tenant, ["a_1", "a_2"])


def test_presence__of_nobody__is_refused(stores: Stores, tenant: str) -> None:
    """No seat comes to be by saying that somebody sits on it."""
    assert not stores.desk.set_presence(tenant, "a_9", "available", LEASE, AT)
    assert stores.desk.seats(tenant, ["a_9"]) == {}


def test_presence__renewed__keeps_idle_since(stores: Stores, tenant: str) -> None:
    """A heartbeat is no work; who comes back begins to wait for work anew."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    assert desk.set_presence(tenant, "a_1", "available", LEASE + 5, AT + 5)
    seat = desk.seats(tenant, ["a_1"])["a_1"]
    assert (seat.lease_until, seat.idle_since) == (LEASE + 5, AT)
    assert desk.set_presence(tenant, "a_1", "away", LEASE + 6, AT + 6)
    assert desk.set_presence(tenant, "a_1", "available", LEASE + 7, AT + 7)
    assert desk.seats(tenant, ["a_1"])["a_1"].idle_since == AT + 7
    late = LEASE + 1_000
    assert desk.set_presence(tenant, "a_1", "available", late + 90_000, late)
    assert desk.seats(tenant, ["a_1"])["a_1"].idle_since == late


def test_settle__as_it_was_read__moves_when_it_is_due(stores: Stores, tenant: str) -> None:
    """A seat that was marked is due in a second, and once somebody acted upon it, when they say; or never."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    soon_due(desk, tenant, AFTER - 1, [])
    soon_due(desk, tenant, AFTER, [("seat", "a_1", AFTER)])
    assert desk.settle(tenant, desk.seats(tenant, ["a_1"])["a_1"], LEASE)
    soon_due(desk, tenant, LEASE, [("seat", "a_1", LEASE)])
    assert desk.settle(tenant, desk.seats(tenant, ["a_1"])["a_1"], 0)
    soon_due(desk, tenant, LEASE, [])


def test_settle__marked_meanwhile__is_refused(stores: Stores, tenant: str) -> None:
    """Capacity that came free after the seat was read is not settled by who did not see it."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    held = offered(opened())
    assert desk.assign(tenant, None, held, AT)
    seat = desk.seats(tenant, ["a_1"])["a_1"]
    assert desk.change(tenant, held, moves.ended(held, "released", AT))
    assert not desk.settle(tenant, seat, 0)
    soon_due(desk, tenant, AFTER, [("seat", "a_1", AFTER)])


def test_settle__offline__nothing_more_is_given(stores: Stores, tenant: str) -> None:
    """Whose lease ran out by one clock is given nothing by another that is late."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    assert desk.settle(tenant, desk.seats(tenant, ["a_1"])["a_1"], LEASE + 60_000, offline=True)
    assert not desk.assign(tenant, None, offered(opened()), AT)
    soon_due(desk, tenant, LEASE + 60_000, [("seat", "a_1", LEASE + 60_000)])
    assert desk.settle(tenant, desk.seats(tenant, ["a_1"])["a_1"], 0, offline=True)
    soon_due(desk, tenant, LEASE + 60_000, [])


def test_keep_room__for_the_more_pressing__others_get_none(stores: Stores, tenant: str) -> None:
    """Room that is kept for somebody is theirs and that of who is more pressing, until it is kept no longer."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    first, later, last = opened("1" * 32), opened("2" * 32, AT + 1), opened("3" * 32, AT + 2)
    seat = desk.seats(tenant, ["a_1"])["a_1"]
    assert desk.keep_room(tenant, seat, first.order, AT + 1_000)
    kept = desk.seats(tenant, ["a_1"])["a_1"]
    assert (kept.kept_for, kept.kept_until, kept.version) == (first.order, AT + 1_000, seat.version)
    assert not desk.assign(tenant, None, offered(later), AT + 999)
    assert desk.assign(tenant, None, offered(first), AT + 999)
    assert desk.assign(tenant, None, offered(later), AT + 1_000)
    assert desk.keep_room(tenant, seat, first.order, AT + 9_000)
    assert desk.keep_room(tenant, seat, 0, 0)
    assert desk.assign(tenant, None, offered(last), AT + 2_000)
    over = offered(last)
    assert desk.change(tenant, over, moves.ended(over, "left", AT))
    assert not desk.keep_room(tenant, seat, first.order, AT + 9_000)


def test_look__seats_and_a_conversation__as_each_is(stores: Stores, tenant: str) -> None:
    """One call tells what two do, of what there is."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    one = opened()
    assert desk.look(tenant, ["a_1", "a_9"], one.key) == (desk.seats(tenant, ["a_1"]), None)
    assert desk.wait(tenant, None, one)
    assert desk.look(tenant, [], one.key) == ({}, one)


def test_delete_agent__holding__is_refused(stores: Stores, tenant: str) -> None:
    """Nobody goes with a conversation in their hands, and who is gone is given nothing."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    held = offered(opened())
    assert desk.assign(tenant, None, held, AT)
    assert not desk.delete_agent(tenant, agent())
    assert desk.change(tenant, held, moves.ended(held, "released", AT))
    assert not desk.delete_agent(tenant, agent(version=2))
    assert desk.delete_agent(tenant, agent())
    assert (desk.agent(tenant, "a_1"), desk.seats(tenant, ["a_1"])) == (None, {})
    assert not desk.assign(tenant, None, offered(opened("d" * 32)), AT)


def test_assign__new_with_a_decision__all_or_nothing(stores: Stores, tenant: str) -> None:
    """Seat, conversation and decision are one write; a decision that is there refuses all of it."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    held = offered(opened())
    assert desk.assign(tenant, None, held, AT, decision(tenant))
    assert desk.conversation(tenant, held.key) == held
    assert list(desk.held_by(tenant, "a_1")) == [held]
    assert stores.history.decision(tenant, "d_1") == decision(tenant)
    other = offered(opened("d" * 32))
    assert not desk.assign(tenant, None, other, AT, decision(tenant))
    assert desk.conversation(tenant, other.key) is None
    assert free(desk, tenant) == 8


def test_assign__repeated__takes_capacity_once(stores: Stores, tenant: str) -> None:
    """Who was not answered and writes the very same again is told that it is done, and nothing more is taken."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    held = offered(opened())
    assert desk.assign(tenant, None, held, AT)
    assert desk.assign(tenant, None, held, AT)
    assert free(desk, tenant) == 8
    exact(desk, tenant, ["a_1"])


def test_assign__no_room__is_refused(stores: Stores, tenant: str) -> None:
    """What is free is never exceeded."""
    desk = stores.desk
    hire(desk, tenant, "a_1", units=3)
    assert desk.assign(tenant, None, offered(opened()), AT)
    assert not desk.assign(tenant, None, offered(opened("d" * 32)), AT)
    assert free(desk, tenant) == 1
    exact(desk, tenant, ["a_1"])


@pytest.mark.parametrize(
    ("presence", "lease", "now"), [("away", LEASE, AT), ("offline", LEASE, AT), ("available", LEASE, LEASE)]
)
def test_assign__not_there__is_refused(stores: Stores, tenant: str, presence: str, lease: int, now: int) -> None:
    """Nothing is given to who is away, offline, or has a lease that ran out."""
    desk = stores.desk
    assert desk.put_agent(tenant, agent())
    assert desk.set_presence(tenant, "a_1", presence, lease, AT)  # type: ignore[arg-type]
    assert not desk.assign(tenant, None, offered(opened(), at=now), now)
    assert desk.conversation(tenant, "c" * 32) is None


def test_assign__to_nobody__is_refused(stores: Stores, tenant: str) -> None:
    """An agent who was never declared takes nothing."""
    assert not stores.desk.assign(tenant, None, offered(opened()), AT)


def test_assign__taken_by_another_meanwhile__is_refused(stores: Stores, tenant: str) -> None:
    """Two who read the same conversation cannot both give it away."""
    desk = stores.desk
    hire(desk, tenant, "a_1", "a_2")
    waits = opened()
    assert desk.wait(tenant, None, waits)
    assert desk.assign(tenant, waits, offered(waits, "a_1"), AT)
    assert not desk.assign(tenant, waits, offered(waits, "a_2"), AT)
    assert not desk.wait(tenant, waits, moves.looked_at(waits, DESK, AT))
    assert (free(desk, tenant, "a_1"), free(desk, tenant, "a_2")) == (8, 10)
    assert list(desk.waiting(tenant, "orders", 10)) == []


def test_assign__from_one_agent_to_the_next__moves_the_capacity(stores: Stores, tenant: str) -> None:
    """What the first gives back and the second takes is one write; the same agent takes nothing twice."""
    desk = stores.desk
    hire(desk, tenant, "a_1", "a_2")
    first = offered(opened())
    assert desk.assign(tenant, None, first, AT)
    second = offered(moves.back(first, DESK, AT, declined=True), "a_2", 5)
    assert desk.assign(tenant, first, second, AT)
    assert (free(desk, tenant, "a_1"), free(desk, tenant, "a_2")) == (10, 5)
    again = offered(second, "a_2", 6)
    assert desk.assign(tenant, second, again, AT)
    assert free(desk, tenant, "a_2") == 4
    exact(desk, tenant, ["a_1", "a_2"])
    assert desk.conversation(tenant, first.key) == again


def test_waiting__several__most_pressing_first(stores: Stores, tenant: str) -> None:
    """Priority counts, and so does having waited; a page is the head of the list."""
    desk = stores.desk
    early, late = opened("1" * 32), opened("2" * 32, AT + 5_000)
    pressing = opened("3" * 32, AT + 9_000, priority=9)
    elsewhere = opened("4" * 32, queue="payments")
    for one in (late, pressing, elsewhere, early):
        assert desk.wait(tenant, None, one)
    assert list(desk.waiting(tenant, "orders", 10)) == [pressing, early, late]
    assert list(desk.waiting(tenant, "orders", 2)) == [pressing, early]
    assert (desk.waits(tenant, "orders"), desk.waits(tenant, "payments"), desk.waits(tenant, "none")) == (3, 1, 0)


def test_wait__looked_at__keeps_its_place_and_is_listed_as_it_is(stores: Stores, tenant: str) -> None:
    """A step of relaxing is a new version in the same place, and what the list shows can be assigned."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    waits = opened()
    assert desk.wait(tenant, None, waits)
    relaxed = moves.looked_at(waits, DESK, AT + 30_000)
    assert relaxed.relaxation == "queue"
    assert desk.wait(tenant, waits, relaxed)
    assert list(desk.waiting(tenant, "orders", 10)) == [relaxed]
    assert desk.assign(tenant, relaxed, offered(relaxed), AT)
    assert desk.waits(tenant, "orders") == 0


def test_wait__in_another_queue__leaves_the_list_it_was_on(stores: Stores, tenant: str) -> None:
    """Who moves because the policy has their queue no more stands on one list."""
    desk, one = stores.desk, opened()
    assert desk.wait(tenant, None, one)
    moved = replace(one, need=replace(one.need, queue="other"), version=one.version + 1)
    assert desk.wait(tenant, one, moved)
    assert (list(desk.waiting(tenant, one.need.queue, 9)), list(desk.waiting(tenant, "other", 9))) == ([], [moved])


def test_wait__after_an_offer__gives_back_and_keeps_the_place(stores: Stores, tenant: str) -> None:
    """Who was offered in vain stands where they stood."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    first, second = opened("1" * 32), opened("2" * 32, AT + 1)
    held = offered(first)
    assert desk.assign(tenant, None, held, AT)
    assert desk.wait(tenant, None, second)
    back = moves.back(held, DESK, AT + 500, declined=True)
    assert desk.wait(tenant, held, back)
    assert free(desk, tenant) == 10
    assert list(desk.waiting(tenant, "orders", 10)) == [back, second]
    assert list(desk.held_by(tenant, "a_1")) == []


def test_change__accepted_wrapped_ended__capacity_is_held_to_the_end(stores: Stores, tenant: str) -> None:
    """An agent who writes up is not free; who ends is, and once."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    held = offered(opened())
    assert desk.assign(tenant, None, held, AT)
    accepted = moves.accepted(held, AT + 1)
    assert desk.change(tenant, held, accepted)
    wrapping = moves.released(accepted, DESK, AT + 2)
    assert desk.change(tenant, accepted, wrapping)
    assert (wrapping.state, free(desk, tenant)) == ("wrapping", 8)
    ended = moves.ended(wrapping, "released", AT + 3)
    assert desk.change(tenant, wrapping, ended)
    assert desk.change(tenant, wrapping, ended)
    assert not desk.change(tenant, wrapping, moves.ended(wrapping, "left", AT + 3))
    assert (desk.conversation(tenant, held.key), free(desk, tenant)) == (ended, 10)


@pytest.mark.parametrize(("cost", "marked"), [(1, True), (5, False), (6, False)])
def test_assign__anew_to_who_writes_it_up__marks_what_came_free(
    stores: Stores, tenant: str, cost: int, marked: bool
) -> None:
    """Begun anew with the same agent, as a chat after a call, it gives room back: the seat is due, for who waits for it."""
    hire(stores.desk, tenant, "a_1")
    first = offered(opened(), cost=5)
    assert stores.desk.assign(tenant, None, first, AT)
    accepted = moves.accepted(first, AT)
    wrapping = moves.released(accepted, DESK, AT)
    assert stores.desk.change(tenant, first, accepted) and stores.desk.change(tenant, accepted, wrapping)
    before = stores.desk.seats(tenant, ["a_1"])["a_1"]
    assert stores.desk.settle(tenant, before, LEASE)
    anew = offered(moves.opened(wrapping, wrapping.key, wrapping.need, "d_2", DESK, AT), cost=cost)
    assert stores.desk.assign(tenant, wrapping, anew, AT)
    after = stores.desk.seats(tenant, ["a_1"])["a_1"]
    assert (after.free, after.due_at) == (10 - cost, AT + moves.FIRST_LOOK_MS if marked else LEASE)
    # Who read it before that does not take the mark off.
    assert stores.desk.settle(tenant, before, 0) is not marked
    exact(stores.desk, tenant, ["a_1"])


def test_due__conversations__only_while_something_is(stores: Stores, tenant: str) -> None:
    """An offer is due when it times out, an answered conversation never, one that wraps up when that ends."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    assert desk.settle(tenant, desk.seats(tenant, ["a_1"])["a_1"], 0)
    held = offered(opened())
    assert desk.assign(tenant, None, held, AT)
    soon_due(desk, tenant, LEASE, [("conversation", held.key, AT + 20_000)])
    accepted = moves.accepted(held, AT)
    assert desk.change(tenant, held, accepted)
    soon_due(desk, tenant, LEASE, [])
    soon_due(desk, tenant, LEASE, [("conversation", held.key, AT)], news=True)
    accepted, was = moves.told(accepted), accepted
    assert desk.change(tenant, was, accepted)
    soon_due(desk, tenant, LEASE, [], news=True)
    released = moves.released(accepted, DESK, AT)
    assert desk.change(tenant, accepted, released)
    soon_due(desk, tenant, LEASE, [("conversation", held.key, AT + 15_000)])


@pytest.mark.parametrize("of", ["told", "unnamed"])
def test_change__offered_to_who_left__moves_no_capacity(stores: Stores, tenant: str, of: str) -> None:
    """News that was told, and a name that is taken off, are saved whether or not the agent is still there."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    held = offered(opened("c" * 32))
    assert desk.assign(tenant, None, held, AT)
    assert desk.set_presence(tenant, "a_1", "offline", AT, AT)
    after = getattr(moves, of)(held)
    assert desk.change(tenant, held, after)
    assert desk.conversation(tenant, held.key) == after
    exact(desk, tenant, ["a_1"])


def test_forget__a_person__ended_are_gone_and_others_nobodys(stores: Stores, tenant: str) -> None:
    """What is over is deleted; who still waits or is talked to goes on, and the desk no longer knows who they are."""
    desk = stores.desk
    hire(desk, tenant, "a_1")
    waits, held, over = opened("1" * 32), offered(opened("2" * 32, last_agent="a_1")), offered(opened("3" * 32))
    other = opened("4" * 32, profile_id="p_2")
    assert desk.wait(tenant, None, waits)
    assert desk.wait(tenant, None, other)
    assert desk.assign(tenant, None, held, AT)
    assert desk.assign(tenant, None, over, AT)
    assert desk.change(tenant, over, moves.ended(over, "released", AT))
    forgotten = 0
    for _ in range(50):
        forgotten += desk.forget(tenant, "p_1")
        if forgotten >= 3:
            break
        time.sleep(0.02)
    assert forgotten == 3
    assert desk.forget(tenant, "p_1") == 0
    assert desk.conversation(tenant, over.key) is None
    left = [desk.conversation(tenant, one.key) for one in (waits, held)]
    assert [one is not None and one.need.profile_id + one.need.last_agent for one in left] == ["", ""]
    assert [one.need.profile_id for one in desk.waiting(tenant, "orders", 10)] == ["", "p_2"]
    exact(desk, tenant, ["a_1"])
    assert desk.assign(tenant, left[0], offered(left[0]) if left[0] else over, AT)


def test_forget__nobody__is_nothing(stores: Stores, tenant: str) -> None:
    """A conversation of who is not known is no person's."""
    assert stores.desk.wait(tenant, None, opened(profile_id=""))
    assert stores.desk.forget(tenant, "") == 0


def test_tracks__of_agents_without_any__are_none(stores: Stores, tenant: str) -> None:
    """Who has no record is not in the answer."""
    assert stores.desk.tracks(tenant, ["a_1"]) == {}


def test_desk__any_sequence_of_moves__accounts_balance(stores: Stores, tenant: str) -> None:
    """Whatever is tried, by whomever, on old and new readings: free is units less what is held, and each conversation
    is in one place.
    """
    chance = random.Random(f"{stores.name}")
    desk, ids = stores.desk, ["a_1", "a_2", "a_3"]
    hire(desk, tenant, *ids, units=7)
    seen: dict[str, list[Conversation]] = {f"{number:032x}": [] for number in range(5)}
    for turn in range(60 if stores.api is not None else 600):
        now = AT + turn
        key = chance.choice(list(seen))
        # Now and then somebody goes by what they read long ago.
        was = chance.choice([None, *seen[key][-4:]]) if seen[key] else None
        to = _some_move(was, key, chance, now)
        if _try(desk, tenant, was, to, now):
            seen[key].append(to)
        if turn % 10 == 0:
            one = chance.choice(ids)
            declared = desk.agent(tenant, one)
            assert declared is not None
            units = chance.choice([5, 7, 12])
            assert desk.put_agent(tenant, replace(declared, units=units, version=declared.version + 1))
    exact(desk, tenant, ids)
    listed = [one.key for one in desk.waiting(tenant, "orders", 100)]
    held = [one.key for each in ids for one in desk.held_by(tenant, each)]
    kept = {key: desk.conversation(tenant, key) for key in seen}
    assert sorted(listed) == sorted(key for key, one in kept.items() if one and one.state == "waiting")
    assert sorted(held) == sorted(key for key, one in kept.items() if one and one.holds)


def _some_move(was: Conversation | None, key: str, chance: random.Random, now: int) -> Conversation:
    if was is None or was.state == "ended":
        fresh = moves.opened(was, key, opened().need, "d_1", DESK, now)
        return chance.choice([fresh, moves.offered(fresh, "a_1", 3, DESK, now)])
    if was.state == "waiting":
        some = moves.offered(was, chance.choice(["a_1", "a_2", "a_3"]), chance.choice([1, 3, 5]), DESK, now)
        return chance.choice([some, some, moves.looked_at(was, DESK, now), moves.ended(was, "left", now)])
    returned = moves.back(was, DESK, now, declined=True)
    moved = moves.offered(returned, chance.choice(["a_1", "a_2"]), 2, DESK, now)
    answered = moves.accepted(was, now) if was.state == "reserved" else moves.released(was, DESK, now)
    return chance.choice([returned, moved, answered, moves.ended(was, "released", now)])


def _try(desk: DeskStore, tenant: str, was: Conversation | None, to: Conversation, now: int) -> bool:
    if to.state == "reserved":
        return desk.assign(tenant, was, to, now)
    if to.state == "waiting":
        return desk.wait(tenant, was, to)
    assert was is not None
    return desk.change(tenant, was, to)


def test_assign__answers_lost__capacity_is_taken_once(on_local: Stores, tenant: str) -> None:
    """A time-out after which nobody knows what was written is repeated, and takes nothing twice and loses nothing."""
    desk = with_faults(on_local, 0.5, "answer_lost", "server_error_after", seed="lost").desk
    hire(on_local.desk, tenant, "a_1", units=100)
    for number in range(30):
        assert desk.assign(tenant, None, offered(opened(f"{number:032x}")), AT)
    assert free(on_local.desk, tenant) == 40
    exact(on_local.desk, tenant, ["a_1"])


def test_agents__answers_lost__each_deed_is_done_and_told_though_it_was_done_before(
    on_local: Stores, tenant: str
) -> None:
    """A repeat of a call is known for what it is; the same thing done again is no repeat, however soon it is."""
    desk = with_faults(on_local, 0.3, "answer_lost", "server_error_after", seed="declared").desk
    for _ in range(12):
        assert desk.put_agent(tenant, agent())
        assert on_local.desk.seats(tenant, ["a_1"]).keys() == {"a_1"}
        assert desk.delete_agent(tenant, agent())
        assert on_local.desk.seats(tenant, ["a_1"]) == {}
