"""Answers: who this is, what they did, where they should go. Reads open nothing."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from chalicelib.events.model import Identifier
from chalicelib.flows.answer_route import answer_route, read_decision
from chalicelib.flows.bot_context import context_for_bot
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, format_moment
from chalicelib.routing.model import NamedIdentifier, RouteRequest
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

USER, PHONE = ("user_id", "u1"), ("phone", "+8613907551234")


def routed(world: World, decision_id: str = "d_1", **asked: Any) -> dict[str, Any]:
    request = RouteRequest(channel="web_chat", purpose="service", **asked)
    answer = answer_route(request, world.tenant(TENANT_ID), decision_id, world.reading(), world.now)
    found: dict[str, Any] = msgspec.json.decode(answer)
    return found


def whole_timeline(world: World, profile_id: str, limit: int) -> list[str]:
    """Every page, by its cursors."""
    seen: list[str] = []
    cursor = ""
    for _ in range(200):
        page = read_timeline(TENANT_ID, profile_id, limit, cursor, world.reading(), world.now)
        assert len(page.events) <= limit
        seen += [one.event for one in page.events]
        cursor = page.cursor
        if not cursor:
            return seen
    raise AssertionError("the pages do not end")


# -- lookups


def test_lookup__several_identifiers__the_strongest_known_one_leads(world: World) -> None:
    """An unknown identifier beside a known one does not hide the person."""
    world.apply(paid("o1", "1.00", USER), paid("o2", "1.00", PHONE))
    tenant, services = world.tenant(TENANT_ID), world.reading()
    both = [Identifier(*PHONE), Identifier(*USER), Identifier("email", "new@shop.test")]
    assert by_identifiers(tenant, both, services) == world.person(*USER)
    assert by_identifiers(tenant, both[2:], services) is None
    assert by_identifiers(tenant, [Identifier("phone", "１３９ ０７５５-１２３４")], services) == world.person(*PHONE)


def test_lookup__nothing_usable__refused(world: World) -> None:
    """Garbage is no unknown customer."""
    with pytest.raises(BadInput) as raised:
        by_identifiers(world.tenant(TENANT_ID), [Identifier("phone", "12")], world.reading())
    assert raised.value.code == "bad_identifier"


def test_lookup__index_row_before_its_profile__as_if_unknown(world: World) -> None:
    """Eventually consistent reads may see an identifier first: no crash, no half a person."""
    world.apply(paid("o1", "1.00", USER))
    world.profiles.rows.clear()
    assert by_identifiers(world.tenant(TENANT_ID), [Identifier(*USER)], world.reading()) is None


def test_profile__as_written_for_a_desk__says_what_is_known(world: World) -> None:
    """Traits with source and time, exact money, tags with their confidence, quality."""
    world.apply(described(USER, city="上海", gender="female"), paid("o1", "1234567.891", USER, days_ago=40))
    view = describe_profile(world.person(*USER), world.reading(), NOW)
    assert (view.traits["city"].value, view.traits["city"].source) == ("上海", "s_web")
    spent = view.measures["orders_paid"]
    assert (spent.count, spent.count_30d, spent.count_90d, spent.sum) == (1, 0, 1, "1234567.891")
    assert {"female"} <= {tag.id for tag in view.tags}
    assert all(0 < tag.confidence <= 1 for tag in view.tags)
    assert view.quality.accuracy is None and 0 < view.quality.completeness < 1
    assert view.as_of == format_moment(NOW)
    assert view.summary.zh and view.summary.en
    assert msgspec.json.decode(msgspec.json.encode(view))["tags"][0].keys() >= {"class", "name", "since"}


# -- timeline


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_timeline__ties_at_one_millisecond_over_facets__every_event_once_in_one_order(limit: int) -> None:
    """However the pages are cut, together they are the same list."""
    world = World()
    rng = random.Random(7)
    sent = [
        event("order.paid", rng.choice([USER, PHONE]), at=NOW - HOUR_MS - n // 6, order_id=f"o{n}", amount="1.00")
        for n in range(30)
    ]
    world.apply(event("page.viewed", USER, PHONE, at=NOW - 2 * DAY_MS), *sent)
    profile_id = world.person(*USER).profile_id
    rows = sorted(world.history.markers.values(), key=lambda row: (row.at, row.event_key), reverse=True)
    assert whole_timeline(world, profile_id, limit) == [row.event_key.hex() for row in rows]


def test_timeline__hundreds_of_events_at_one_instant__none_is_lost(world: World) -> None:
    """An import stamps everything alike; the older events behind it are still reached."""
    for start in range(0, 260, 20):
        many = range(start, start + 20)
        world.apply(*[event("order.paid", USER, at=NOW - HOUR_MS, order_id=f"o{n}", amount="1.00") for n in many])
    world.apply(paid("old", "1.00", USER, days_ago=30))
    seen = whole_timeline(world, world.person(*USER).profile_id, 50)
    assert len(seen) == len(set(seen)) == 261


def test_timeline__event_past_its_expiry__is_not_shown(world: World) -> None:
    """DynamoDB deletes late; readers do not wait for it."""
    world.apply(paid("o1", "1.00", USER, days_ago=700), paid("o2", "1.00", USER))
    profile_id = world.person(*USER).profile_id
    assert len(whole_timeline(world, profile_id, 10)) == 2
    world.now = NOW + 100 * DAY_MS
    assert len(whole_timeline(world, profile_id, 1)) == 1


def test_timeline__an_event__shows_declared_clear_fields_only(world: World) -> None:
    """Text stays sealed; ids, amounts and topics are shown."""
    world.apply(paid("o1", "12.50", USER, colour="red"), event("custom.note", USER, note="secret"))
    page = read_timeline(TENANT_ID, world.person(*USER).profile_id, 10, "", world.reading(), NOW)
    shown = {one.type: one.data for one in page.events}
    assert shown == {"order.paid": {"order_id": "o1", "amount": "12.50"}, "custom.note": {}}


def test_timeline_and_decisions__merge_and_its_split__follow_both(world: World) -> None:
    """Merged, both ids show all events; split again, each its own; a decision answers by its id throughout."""
    world.apply(paid("o1", "1.00", USER), paid("o2", "1.00", PHONE), paid("o3", "1.00", PHONE))
    both = [world.person(*who).profile_id for who in (USER, PHONE)]
    decided = routed(world, "d_phone", profile_id=both[1])

    def lengths() -> list[int]:
        return [len(whole_timeline(world, one, 1)) for one in both]

    assert lengths() == [1, 2]
    merged = world.merge(*both)
    assert (lengths(), routed(world, "d_merged", profile_id=both[1])["profile_id"]) == ([3, 3], both[0])
    world.split(merge_id=merged.merge_id)
    world.apply(paid("o4", "1.00", USER))
    assert (lengths(), routed(world, "d_split", profile_id=both[1])["profile_id"]) == ([2, 2], both[1])
    assert msgspec.json.decode(read_decision(TENANT_ID, "d_phone", world.reading().history)) == decided


@pytest.mark.parametrize("cursor", ["x", "1", ".", "1.", "-1.ab", "１.ab", "99999999999999999.ab", "1.a b", "1.ab.c"])
def test_timeline__cursor_of_nobody__refused(world: World, cursor: str) -> None:
    """A made-up cursor is a mistake of the caller, never an empty page."""
    world.apply(paid("o1", "1.00", USER))
    with pytest.raises(BadInput) as raised:
        read_timeline(TENANT_ID, world.person(*USER).profile_id, 10, cursor, world.reading(), NOW)
    assert raised.value.code == "bad_cursor"


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_timeline__limit_out_of_range__refused(world: World, limit: int) -> None:
    """A page has 1 to 100 events."""
    with pytest.raises(BadInput):
        read_timeline(TENANT_ID, "p_1", limit, "", world.reading(), NOW)


def test_timeline__nobody__not_found(world: World) -> None:
    """Unknown is unknown."""
    with pytest.raises(NotFound):
        read_timeline(TENANT_ID, "p_1", 10, "", world.reading(), NOW)


# -- routing


def test_route__known_caller__personal_with_reasons(world: World) -> None:
    """A decision names the person, a queue, and why."""
    world.apply(paid("o1", "1.00", USER), event("complaint.filed", USER, ticket_id="k1", text="太慢了"))
    found = routed(world, identifiers=(NamedIdentifier(*USER),), message="我要投诉")
    assert found["profile_id"] == world.person(*USER).profile_id
    assert found["personalised"] is True
    assert found["queue"] and found["reasons"]


def test_route__unknown_caller__the_path_for_new_customers(world: World) -> None:
    """Nobody known: no profile id, and an answer all the same."""
    found = routed(world, identifiers=(NamedIdentifier(*PHONE),))
    assert found["profile_id"] is None
    assert found["queue"]


def test_route__profile_id_of_nobody__not_found(world: World) -> None:
    """An id that we never gave is no new customer."""
    with pytest.raises(NotFound):
        routed(world, profile_id="p_none")


def test_route__same_decision_id_again__answers_what_was_answered(world: World) -> None:
    """A repeat decides nothing anew, even if the person has changed since."""
    world.apply(paid("o1", "1.00", USER))
    first = routed(world, "d_same", identifiers=(NamedIdentifier(*USER),))
    world.apply(event("complaint.filed", USER, ticket_id="k1"), event("payment.failed", USER, order_id="o2"))
    assert routed(world, "d_same", identifiers=(NamedIdentifier(*USER),)) == first
    assert msgspec.json.decode(read_decision(TENANT_ID, "d_same", world.reading().history)) == first
    assert len(world.history.decisions) == 1


def test_decision__of_another_tenant_or_none__not_found(world: World) -> None:
    """Both are answered alike."""
    routed(world, identifiers=(NamedIdentifier(*PHONE),))
    for tenant, decision in ((TENANT_ID, "d_2"), ("t_other", "d_1")):
        with pytest.raises(NotFound) as raised:
            read_decision(tenant, decision, world.reading().history)
        assert raised.value.code == "no_such_decision"


# -- context


def test_context__of_a_person_with_a_long_history__fits_into_4_kb(world: World) -> None:
    """A bot reads it before each conversation."""
    for start in range(0, 40, 20):
        world.apply(*[paid(f"order-{n:040}", "1.00", USER) for n in range(start, start + 20)])
        world.apply(
            *[
                event("ticket.opened", USER, ticket_id=f"ticket-{n:040}", topic="refund")
                for n in range(start, start + 20)
            ]
        )
    found = context_for_bot(world.person(*USER), "web_chat", world.reading(), NOW)
    assert len(msgspec.json.encode(found)) <= 4096
    assert found["summary"] and found["hints"]
    assert world.history.decisions == {}, "nobody was routed"
