"""A desk on the living local cloud: agents come on, a bot reserves, offers are answered or lapse, who waits is given."""

from __future__ import annotations

import time
from typing import Any

import pytest

from infra.demo.api import Api, ApiRefusal
from infra.demo.commands import create_token
from tests.journeys.live import Live, described, unique

pytestmark = pytest.mark.deployed

SKILL = "complaints"
SCHEDULE_SECONDS = 150
"""What time alone brings about is looked after by a function that begins each minute."""
ROSTER_SECONDS = 10
"""So old may be what a container knows of who is declared."""


class Desk:
    """A tenant's desk, and one person who calls it."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.bot = Api(live.cloud.url, create_token(live.tenant.tenant_id, "bot"))
        self.lead = Api(live.cloud.url, create_token(live.tenant.tenant_id, "supervisor"))
        self.user = unique("u")
        live.send([described(self.user)])

    def hire(self, *names: str, units: int = 2) -> None:
        """Agents who are there, known to every container."""
        for name in names:
            self.lead.call("PUT", f"/v1/agents/{name}", body={"skills": {SKILL: 4}, "units": units})
        time.sleep(ROSTER_SECONDS + 1)
        for name in names:
            self.say(name, "available")

    def say(self, name: str, presence: str, **more: Any) -> Any:
        return self.lead.call("POST", f"/v1/agents/{name}/presence", body={"presence": presence, **more})

    def route(self, conversation: str = "") -> Any:
        named = [{"namespace": "user_id", "value": self.user}]
        asked = {"reserve": True, "conversation_id": conversation or unique("c")}
        return self.bot.route(identifiers=named, channel="wechat", intent="complaint", **asked)

    def answer(self, reservation: str, way: str, body: Any = None) -> Any:
        return self.bot.call("POST", f"/v1/reservations/{reservation}/{way}", body=body)

    def stands(self, reservation: str) -> Any:
        return self.bot.call("GET", f"/v1/reservations/{reservation}")

    def until(self, reservation: str, **expected: Any) -> Any:
        """How it stands, once it stands so."""
        ends_at = time.monotonic() + SCHEDULE_SECONDS
        while expected.items() - (found := self.stands(reservation)).items():
            assert time.monotonic() < ends_at, (expected, found)
            time.sleep(1)
        return found


@pytest.fixture
def desk(live: Live) -> Desk:
    return Desk(live)


def test_desk__a_morning__every_way_of_an_offer(desk: Desk) -> None:
    """Offered with its reason, accepted, at capacity, waiting, drained on release, declined to the next, seen by a lead."""
    desk.hire("ann", "ben")
    first = desk.route()
    other = {"ann": "ben", "ben": "ann"}[first["agent"]["agent_id"]]
    assert first["reasons"][0]["id"] == "best_agent" and first["runners_up"][0]["agent_id"] == other
    assert desk.answer(first["reservation_id"], "accept")["state"] == "accepted"
    second = desk.route()
    assert second["agent"]["agent_id"] == other, "who is at capacity is given nothing"
    third = desk.route()
    assert third["agent"] is None and third["waiting"]["position"] == 1
    seen = desk.lead.call("GET", "/v1/desk")
    queue = next(one for one in seen["queues"] if one["queue"] == third["queue"])
    assert queue["waiting"] == 1 and {one["load"] for one in seen["agents"]} == {1.0}
    assert desk.answer(first["reservation_id"], "release", {"left": True})["state"] == "ended"
    given = desk.stands(third["reservation_id"])
    assert (given["state"], given["agent_id"]) == ("reserved", first["agent"]["agent_id"])
    desk.answer(given["reservation_id"], "accept")
    declined = desk.answer(second["reservation_id"], "decline")
    assert declined["state"] == "waiting", "the other one is full: it keeps its place"
    desk.answer(given["reservation_id"], "release", {"left": True})
    assert desk.stands(second["reservation_id"])["agent_id"] == given["agent_id"]


def test_desk__offer_nobody_answers__goes_to_the_next_when_its_time_is_over(desk: Desk) -> None:
    """Nobody calls: the function that looks after the desk takes it back, and the late answer is refused."""
    desk.hire("ann", "ben")
    offered = desk.route()
    first = offered["agent"]["agent_id"]
    other = {"ann": "ben", "ben": "ann"}[first]
    desk.until(offered["reservation_id"], agent_id=other)
    with pytest.raises(ApiRefusal) as refused:
        desk.answer(offered["reservation_id"], "accept")
    assert (refused.value.status, refused.value.code) == (409, "reservation_over")


def test_desk__agent_whose_lease_runs_out__loses_the_offer_and_is_offline(desk: Desk) -> None:
    """Who is not heard of any more is offline, is given nothing, and what was offered to them waits in its place."""
    desk.hire("ann")
    desk.say("ann", "available", lease_seconds=10)
    offered = desk.route()
    assert offered["agent"]["agent_id"] == "ann"
    desk.until(offered["reservation_id"], state="waiting")
    assert desk.lead.call("GET", "/v1/agents/ann")["presence"] == "offline"
    assert desk.route()["agent"] is None
    assert [one["reservation_id"] for one in desk.say("ann", "available")["conversations"]] != []


def test_desk__repeat_of_a_conversation__takes_nothing_twice(desk: Desk) -> None:
    """The same answer, one seat."""
    desk.hire("ann", units=10)
    conversation = unique("c")
    assert desk.route(conversation) == desk.route(conversation)
    assert desk.lead.call("GET", "/v1/agents/ann")["free"] == 8
