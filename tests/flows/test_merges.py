"""Links join people; the id of each of them works for ever."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.find_person import by_id
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.routing.model import RouteRequest
from tests.flows.world import TENANT_ID, World, paid

USER, PHONE, EMAIL = ("user_id", "u1"), ("phone", "+8613907551234"), ("email", "reader@shop.test")


def test_linking_event__two_known_people__become_one_and_both_ids_answer(world: World) -> None:
    """The stronger identifier's profile survives; the other's id answers with it."""
    world.apply(paid("o1", "1.00", PHONE))
    world.apply(paid("o2", "2.00", USER))
    lost, kept = world.person(*PHONE).profile_id, world.person(*USER).profile_id
    assert lost != kept
    world.published.clear()
    assert world.apply(paid("o3", "4.00", USER, PHONE)).applied == 1
    services = world.reading()
    survivor = by_id(TENANT_ID, kept, services)
    assert by_id(TENANT_ID, lost, services) == world.person(*PHONE) == survivor
    assert (survivor.profile_id, survivor.series["orders_paid"].total) == (kept, 7_000_000)
    (merged,) = [one for one in world.published if one.type == "profile.merged"]
    assert merged.detail["merged"] == [lost]
    row = world.profiles.rows[TENANT_ID, lost]
    assert (row.state, row.merged_into, row.body) == ("merged", kept, b"")


def test_redirects__a_chain_of_merges__the_first_id_still_answers(world: World) -> None:
    """Merged into one that was merged itself: every old id leads to the last survivor."""
    for number, who in enumerate([EMAIL, PHONE, USER]):
        world.apply(paid(f"o{number}", "1.00", who))
    first = world.person(*EMAIL).profile_id
    world.apply(paid("o3", "1.00", PHONE, EMAIL))
    second = world.person(*EMAIL).profile_id
    world.apply(paid("o4", "1.00", USER, PHONE))
    last = world.person(*USER).profile_id
    assert len({first, second, last}) == 3
    services = world.reading()
    for old in (first, second, last):
        assert by_id(TENANT_ID, old, services).series["orders_paid"].count == 5
        assert len(read_timeline(TENANT_ID, old, 100, "", services, world.now).events) == 5
        asked = RouteRequest(channel="web_chat", purpose="service", profile_id=old)
        answer = msgspec.json.decode(answer_route(asked, world.tenant(TENANT_ID), f"d_{old}", services, world.now))
        assert answer["profile_id"] == last
    world.apply(paid("o5", "1.00", EMAIL))
    assert by_id(TENANT_ID, first, services).series["orders_paid"].count == 6


def test_merge__three_people_in_one_event__become_one(world: World) -> None:
    """One event may name everyone."""
    for number, who in enumerate([EMAIL, PHONE, USER]):
        world.apply(paid(f"o{number}", "1.00", who))
    world.apply(paid("o3", "1.00", EMAIL, PHONE, USER))
    assert len(world.bodies()) == 1
    assert {row.state for row in world.profiles.rows.values()} == {"active", "merged"}


def test_redirects__that_go_round__unavailable_and_not_for_ever(world: World) -> None:
    """A circle must not exist; were there one, the call ends."""
    world.apply(paid("o1", "1.00", PHONE), paid("o2", "1.00", USER))
    rows = world.profiles.rows
    one, two = rows
    for here, there in ((one, two), (two, one)):
        rows[here] = msgspec.structs.replace(rows[here], state="merged", merged_into=there[1])
    with pytest.raises(Unavailable):
        by_id(TENANT_ID, one[1], world.reading())


@pytest.mark.parametrize("profile_id", ["p_none", "", "p_" + "x" * 60, "../p", "p#1"])
def test_by_id__unknown_or_odd_id__not_found(world: World, profile_id: str) -> None:
    """All that is not there is answered alike."""
    with pytest.raises(NotFound) as raised:
        by_id(TENANT_ID, profile_id, world.reading())
    assert raised.value.code == "no_such_profile"


def test_by_id__of_another_tenant__not_found(world: World) -> None:
    """Another tenant's id is no id."""
    world.apply(paid("o1", "1.00"))
    profile_id = world.person(*USER).profile_id
    with pytest.raises(NotFound):
        by_id("t_other", profile_id, world.reading())


@pytest.mark.parametrize("who", [USER, PHONE])
def test_restricted_person__merged_with_another__stays_restricted(world: World, who: tuple[str, str]) -> None:
    """A merge opts nobody in, whichever of the two survives."""
    world.apply(paid("o1", "1.00", PHONE), paid("o2", "1.00", USER))
    place = (TENANT_ID, world.person(*who).profile_id)
    world.profiles.rows[place] = msgspec.structs.replace(world.profiles.rows[place], state="restricted")
    world.apply(paid("o3", "1.00", USER, PHONE))
    assert world.person(*USER).state == "restricted"


def test_restricted_person__further_events__stay_restricted(world: World) -> None:
    """Who opted out is not opted in again by the next event."""
    world.apply(paid("o1", "1.00"))
    ((key, row),) = world.profiles.rows.items()
    world.profiles.rows[key] = msgspec.structs.replace(row, state="restricted")
    world.apply(paid("o2", "1.00"))
    assert world.profiles.rows[key].state == "restricted"
    asked = RouteRequest(channel="web_chat", purpose="service", profile_id=key[1])
    answer = msgspec.json.decode(answer_route(asked, world.tenant(TENANT_ID), "d_1", world.reading(), world.now))
    assert answer["personalised"] is False
