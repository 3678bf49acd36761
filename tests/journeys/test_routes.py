"""Four callers, four different and sensible ways to be served, each with its reasons."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.demo import commands
from infra.demo.commands import Cloud
from infra.demo.sending import DAY_MS, HOUR_MS, WEBHOOK, Sending
from tests.journeys.live import Live, described, now_ms, sending, unique

pytestmark = pytest.mark.deployed

URGENCY = ("low", "normal", "high", "critical")


def _vip_with_open_complaint(user: str) -> list[Sending]:
    now = now_ms()
    bought = {"order_id": unique("o"), "amount": "5200.00", "currency": "CNY"}
    filed = {"ticket_id": unique("t"), "topic": "complaint", "priority": "high", "text": "等了三天没人理，我要投诉！"}
    names = (("user_id", user),)
    return [
        described(user, is_vip=True, member_level="diamond", gender="female", birth_date="1988-05-01"),
        sending("order.paid", user, at=now - 300 * DAY_MS, channel="shop", data=bought),
        sending(
            "complaint.filed", user, door=WEBHOOK, channel="desk", identifiers=names, at=now - 3 * HOUR_MS, data=filed
        ),
    ]


def _newcomer(user: str) -> list[Sending]:
    now = now_ms()
    return [
        described(user, gender="male", birth_date="1999-03-03"),
        sending("page.viewed", user, at=now - 20 * 60_000, data={"path": "/goods/1", "category": "fashion"}),
    ]


def _elderly(user: str) -> list[Sending]:
    now = now_ms()
    asked = {"conversation_id": unique("c"), "topic": "usage"}
    return [
        described(user, gender="female", birth_date="1950-02-02", member_level="silver"),
        sending(
            "order.paid",
            user,
            at=now - 400 * DAY_MS,
            channel="shop",
            data={"order_id": unique("o"), "amount": "80.00", "currency": "CNY"},
        ),
        sending("conversation.opened", user, at=now - 5 * DAY_MS, channel="app", data=asked),
    ]


def _shape(decision: Any) -> tuple[Any, ...]:
    return decision["mode"], decision["queue"], decision["skill"], decision["priority"]


def _check_reasons(decision: Any) -> None:
    """At least two reasons, each in both languages, weighed, and with the values behind it."""
    assert len(decision["reasons"]) >= 2, decision
    for reason in decision["reasons"]:
        assert reason["says"]["zh"] and reason["says"]["en"]
        assert reason["says"]["zh"] != reason["says"]["en"]
        assert 0 <= reason["weight"] <= 1
        assert reason["evidence"], reason


def test_route__four_kinds_of_caller__get_four_decisions(live: Live) -> None:
    """A VIP with an open complaint, a newcomer, an elderly caller and an unknown one go four different ways."""
    vip, newcomer, elderly = unique("vip"), unique("new"), unique("old")
    live.send([*_vip_with_open_complaint(vip), *_newcomer(newcomer), *_elderly(elderly)])
    decisions = {
        name: live.api.route(identifiers=[{"namespace": "user_id", "value": user}], channel="phone")
        for name, user in (("vip", vip), ("newcomer", newcomer), ("elderly", elderly), ("unknown", unique("nobody")))
    }
    assert len({_shape(decision) for decision in decisions.values()}) == 4, decisions
    for decision in decisions.values():
        _check_reasons(decision)
        assert decision["decision_id"] and decision["policy_version"]
        assert datetime.fromisoformat(decision["decided_at"]) <= datetime.now(UTC)

    assert decisions["unknown"]["profile_id"] is None
    assert decisions["vip"]["mode"] == "human"
    assert URGENCY.index(decisions["vip"]["urgency"]["level"]) >= URGENCY.index("high")
    assert _outranks(decisions["vip"], [decisions["newcomer"], decisions["elderly"], decisions["unknown"]])
    vip_evidence = [path for reason in decisions["vip"]["reasons"] for path in reason["evidence"]]
    assert any("complaint" in path for path in vip_evidence), vip_evidence
    assert any("elderly" in path or "age_band" in path for path in _evidence_paths(decisions["elderly"]))


def test_route__elderly_person_at_night__sees_the_night_in_the_reasons(cloud: Cloud) -> None:
    """Where it is two at night for the tenant, the night is among the values an elderly caller's decision rests on."""
    live = Live(cloud, commands.create_tenant("night", _zone_where_it_is(2)))
    user = unique("old")
    live.send(_elderly(user))
    decision = live.api.route(identifiers=[{"namespace": "user_id", "value": user}], channel="phone")
    _check_reasons(decision)
    assert decision["skill"] == "senior_care" and decision["hints"]["scene"] == "elderly_night", decision
    assert any(path in {"now.night", "now.hour"} for path in _evidence_paths(decision)), decision


def _zone_where_it_is(hour: int) -> str:
    """A time zone by its offset; the signs of these names are the other way round."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def test_route__by_profile_id_and_by_identifier__decide_alike(live: Live) -> None:
    """The same person found either way is routed the same."""
    user = unique("vip")
    live.send(_vip_with_open_complaint(user))
    profile_id = live.api.lookup([("user_id", user)])["profile_id"]
    by_id = live.api.route(profile_id=profile_id, channel="phone")
    by_name = live.api.route(identifiers=[{"namespace": "user_id", "value": user}], channel="phone")
    assert _shape(by_id) == _shape(by_name)
    assert by_name["profile_id"] == profile_id


def _outranks(first: Any, others: list[Any]) -> bool:
    """Whether it is served before the others, whichever end of 1 to 99 the policy calls first."""
    highest = all(first["priority"] > other["priority"] for other in others)
    lowest = all(first["priority"] < other["priority"] for other in others)
    return highest or lowest


def _evidence_paths(decision: Any) -> list[str]:
    return [path for reason in decision["reasons"] for path in reason["evidence"]]
