"""Decisions are heard of off the stream on the living cloud: each on the bus, and all in the meters."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.journeys.live import Live, described, unique
from tests.journeys.spying import BusTap

pytestmark = pytest.mark.deployed

CONTACTS = 6
TOLD_AS = 5
"""Meters tell in fives."""
GIVE_UP_SECONDS = 30


def test_decisions__made_and_rated__are_on_the_bus_and_in_the_meters(live: Live) -> None:
    """Six people are routed and five are served well: each decision is told, without a word of theirs, and counted."""
    users = [unique("u") for _ in range(CONTACTS)]
    live.send([described(user) for user in users])
    with BusTap(live, unique("tap")) as tap:
        made = [_routed(live, user) for user in users]
        for one in made[:TOLD_AS]:
            body = {"resolved": True, "csat": 5, "first_response_seconds": 4}
            live.api.call("POST", f"/v1/decisions/{one['decision_id']}/outcome", body=body)
        heard = _heard(tap, live.tenant.tenant_id)
    assert heard.keys() == {one["decision_id"] for one in made}
    for one in made:
        told = heard[one["decision_id"]]
        assert (told["queue"], told["mode"], told["profile_id"]) == (one["queue"], one["mode"], one["profile_id"])
        assert "张伟" not in json.dumps(told, ensure_ascii=False)
    cell = _counted(live)
    assert (cell["contacts"], cell["human"]["share"]) == (TOLD_AS, 1.0)
    assert (cell["resolved"]["n"], cell["resolved"]["share"]) == (TOLD_AS, 1.0)
    assert (cell["csat"]["mean"], cell["satisfied"]["share"]) == (5.0, 1.0)
    assert cell["first_response"]["n"] == TOLD_AS
    by_queue = live.api.call("GET", "/v1/insights/service", query={"by": "queue"})["cells"]
    assert [one["value"] for one in by_queue] == [made[0]["queue"]]


def _routed(live: Live, user: str) -> Any:
    named = [{"namespace": "user_id", "value": user}]
    return live.api.route(identifiers=named, channel="phone", message="我叫张伟，我要投诉", intent="complaint")


def _heard(tap: BusTap, tenant_id: str) -> dict[str, Any]:
    """Decision → what the bus told of it; one that is told twice is told once."""
    heard: dict[str, Any] = {}
    ends_at = time.monotonic() + GIVE_UP_SECONDS
    while len(heard) < CONTACTS and time.monotonic() < ends_at:
        for one in map(json.loads, tap.heard()):
            if one["detail-type"] == "decision.made" and one["detail"]["tenant"] == tenant_id:
                heard[one["detail"]["decision_id"]] = one["detail"]
        time.sleep(0.3)
    return heard


def _counted(live: Live) -> Any:
    """The meters of all contacts, once the outcomes are in them."""
    ends_at = time.monotonic() + GIVE_UP_SECONDS
    while True:
        cell = live.api.call("GET", "/v1/insights/service")["all"]
        if cell is not None and cell["first_response"] is not None:
            return cell
        assert time.monotonic() < ends_at, cell
        time.sleep(0.5)
