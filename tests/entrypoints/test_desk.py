"""The doors of the desk: agents, queues, offers, and what a supervisor sees of it all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entrypoints.service import Answer, Shop, unique

AGENT = {"skills": {"complaints": 5, "general": 3}, "units": 10, "costs": {"phone": 10}, "languages": ["zh"]}
HOURS = {"weekdays": [0, 1, 2, 3, 4], "start_minute": 540, "end_minute": 1080}


@pytest.fixture(scope="module")
def lead(shop: Shop) -> str:
    """A supervisor's token."""
    return shop.role("supervisor")


def put(shop: Shop, path: str, body: Any, token: str = "", **headers: str) -> Answer:
    return shop.lambdas.http("PUT", path, body, headers, token=token or shop.admin_token)


def declared(shop: Shop, **fields: Any) -> str:
    """A new agent's id."""
    agent_id = unique("a")
    answer = put(shop, f"/v1/agents/{agent_id}", {**AGENT, **fields})
    assert answer.status == 200, answer.body
    return agent_id


# -- agents


def test_agent__declared__is_shown_as_declared_and_offline(shop: Shop, lead: str) -> None:
    """A new agent is offline, holds nothing, and has all of their units free."""
    agent_id = unique("a")
    answer = put(shop, f"/v1/agents/{agent_id}", {**AGENT, "shifts": [HOURS], "timezone": "Asia/Shanghai"}, lead)
    assert answer.status == 200
    expected = {**AGENT, "agent_id": agent_id, "shifts": [HOURS], "timezone": "Asia/Shanghai", "version": 1}
    now = {"presence": "offline", "lease_until": None, "free": 10, "load": 0.0, "conversations": []}
    assert answer.json == expected | now
    assert shop.read(f"/v1/agents/{agent_id}").json == answer.json
    assert answer.json in shop.read("/v1/agents").json["agents"]
    assert answer.json in shop.read("/v1/desk").json["agents"]


def test_agent__declared_again__has_a_version_more_only_where_something_changed(shop: Shop) -> None:
    """The same again changes nothing, writes nothing into the audit; units that grow are free."""
    agent_id = declared(shop)
    assert put(shop, f"/v1/agents/{agent_id}", AGENT).json["version"] == 1
    changed = put(shop, f"/v1/agents/{agent_id}", {**AGENT, "units": 14}).json
    assert (changed["version"], changed["units"], changed["free"]) == (2, 14, 14)
    told = [one for one in shop.read("/v1/audit?limit=50").json["audited"] if one["subjects"] == [f"agents/{agent_id}"]]
    assert [(one["action"], one["result"], one["principal"]) for one in told] == [
        ("agents.put", "version 2", "admin"),
        ("agents.put", "version 1", "admin"),
    ]


def test_agent__of_little__is_as_the_policy_says(shop: Shop) -> None:
    """Units that are not given are the policy's."""
    answer = put(shop, f"/v1/agents/{unique('a')}", {"skills": {"vip": 1}})
    assert (answer.status, answer.json["units"], answer.json["costs"]) == (200, 10, {})


def test_agent__with_mistakes__is_told_all_of_them(shop: Shop) -> None:
    """Of shape with paths and suggestions; then of meaning."""
    bad = {"skill": {}, "skills": {"vip": 6, "general": "3"}, "units": 0, "shifts": [{"weekdays": [7]}]}
    answer = put(shop, "/v1/agents/a-1", bad)
    assert (answer.status, answer.code) == (400, "bad_request")
    told = {(one["path"], one["code"]) for one in answer.json["errors"]}
    assert told >= {
        ("body", "unknown_field"),
        ("skills.vip", "wrong_type"),
        ("skills.general", "wrong_type"),
        ("units", "wrong_type"),
        ("shifts[0].start_minute", "missing_field"),
    }
    meant = next(one for one in answer.json["errors"] if one["code"] == "unknown_field")
    assert meant["suggestion"] == "skills"
    answer = put(shop, "/v1/agents/a-1", {"skills": {"complaint": 3}, "units": 5, "costs": {"phone": 6}})
    assert (answer.status, answer.code) == (400, "bad_agent")
    assert [(one["path"], one["code"]) for one in answer.json["errors"]] == [
        ("skills.complaint", "unknown_skill"),
        ("costs.phone", "cost_over_units"),
    ]
    assert shop.read("/v1/agents/a-1").status == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'{"skills": []}', b'{"skills": null}'])
def test_agent__of_another_shape__is_a_problem(shop: Shop, body: bytes) -> None:
    """Never a 500, always with a place."""
    answer = put(shop, "/v1/agents/a-1", body)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert all(one["path"] for one in answer.json["errors"]) and answer.json["errors"]


@pytest.mark.parametrize("agent_id", ["-a", "a" * 65, "a%23b", "%E7%8E%8B"])
def test_agent__bad_id__is_refused(shop: Shop, agent_id: str) -> None:
    """An id stands in addresses and keys."""
    answer = put(shop, f"/v1/agents/{agent_id}", AGENT)
    assert (answer.status, answer.code) == (400, "bad_agent_id")


def test_agent__removed__is_nobody(shop: Shop) -> None:
    """Gone from every list; to remove nobody is 404; the same id may be declared anew."""
    agent_id = declared(shop)
    gone = shop.lambdas.http("DELETE", f"/v1/agents/{agent_id}", token=shop.admin_token)
    assert (gone.status, gone.json) == (200, {"agent_id": agent_id, "removed": True})
    again = shop.lambdas.http("DELETE", f"/v1/agents/{agent_id}", token=shop.admin_token)
    assert (again.status, again.code) == (404, "no_such_agent")
    assert agent_id not in shop.read("/v1/desk").body.decode()
    assert put(shop, f"/v1/agents/{agent_id}", AGENT).json["version"] == 1


def test_agent__declared_by_an_agent__is_forbidden(shop: Shop) -> None:
    """Who works at the desk does not say who works at it, nor how queues are."""
    for role in ("agent", "bot", "analyst"):
        assert put(shop, "/v1/agents/a-9", AGENT, shop.role(role)).status == 403
        assert put(shop, "/v1/queues/vip", {}, shop.role(role)).status == 403


# -- queues by day


def of_queue(shop: Shop, queue: str) -> Any:
    return next(one for one in shop.read("/v1/desk").json["queues"] if one["queue"] == queue)


def test_queue__changed_by_day__is_shown_with_who_changed_it(shop: Shop, lead: str) -> None:
    """Settings over the policy's; ``{}`` takes them back; both stand in the audit."""
    settings = {"closed": True, "overflow": ["general"], "first_response_seconds": 90}
    answer = put(shop, "/v1/queues/payments", settings, lead)
    assert answer.status == 200, answer.body
    shown = answer.json
    assert (shown["open"], shown["overflow"], shown["first_response_seconds"]) == (False, ["general"], 90)
    assert shown["changed_by"] == "supervisor-1" and shown["changed_at"]
    assert of_queue(shop, "payments") == shown
    assert put(shop, "/v1/queues/payments", {}, lead).json["open"] is True
    assert of_queue(shop, "payments")["first_response_seconds"] == 10
    audited = [one for one in shop.read("/v1/audit?limit=50").json["audited"] if one["action"] == "queues.put"]
    assert [one["result"] for one in audited] == ["as declared", "closed, overflow, first_response_seconds"]


def test_queue__with_mistakes__is_told_all_of_them(shop: Shop) -> None:
    """Of shape, then of meaning."""
    answer = put(shop, "/v1/queues/payments", {"closed": "yes", "relaxing": {"any_after": 1}, "open": True})
    assert {(one["path"], one["code"]) for one in answer.json["errors"]} >= {
        ("closed", "wrong_type"),
        ("body", "unknown_field"),
    }
    answer = put(
        shop, "/v1/queues/payments", {"overflow": ["payments", "nobody"], "hours": [{**HOURS, "weekdays": []}]}
    )
    assert (answer.status, answer.code) == (400, "bad_queue")
    assert [one["path"] for one in answer.json["errors"]] == ["overflow[0]", "overflow[1]", "hours[0].weekdays"]


def test_queue__that_the_policy_lacks__is_unknown(shop: Shop) -> None:
    """404, and nothing is kept."""
    answer = put(shop, "/v1/queues/none_such", {"closed": True})
    assert (answer.status, answer.code) == (404, "no_such_queue")


def test_desk__shows__queues_that_people_answer(shop: Shop) -> None:
    """Each with its name in both languages, and nobody waiting."""
    queues = shop.read("/v1/desk").json["queues"]
    assert {"vip", "complaints", "general"} <= {one["queue"] for one in queues}
    for one in queues:
        assert one["name"]["zh"] and one["name"]["en"] and one["waiting"] == one["longest_wait_seconds"] == 0
