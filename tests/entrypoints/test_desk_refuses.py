"""What the doors of the desk refuse: ids that are none, bodies without end, and words that are another agent's to say."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.keys import conversation_key
from chalicelib.entrypoints import compose, erasing
from chalicelib.entrypoints.at_desk import desk_store
from chalicelib.entrypoints.tickets import ticket_services
from chalicelib.flows.open_ticket import open_callback
from tests.entrypoints.service import Answer, Shop, unique
from tests.entrypoints.test_erasures import deliver, queued

NO_AGENTS = ["amy\n", "a b", "#1", "张三", "13800138000", "110101199003070000", "wang@example.com", "a" * 65]
NO_WORDS = ["refund\n", "张三 13800138000", "a#b", ""]
AGENT: dict[str, Any] = {"skills": {"general": 3}, "units": 10}


def send(shop: Shop, method: str, path: str, body: Any, token: str = "") -> Answer:
    return shop.lambdas.http(method, path, body, {}, token=token or shop.admin_token)


def routed(shop: Shop, **more: Any) -> Any:
    asked = {"identifiers": [{"namespace": "user_id", "value": unique("u")}], "channel": "wechat", "purpose": "service"}
    answer = shop.ask("/v1/route", {**asked, **more})
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.parametrize("agent_id", NO_AGENTS)
def test_agent_id__that_is_none__is_refused_wherever_one_is_named(shop: Shop, agent_id: str) -> None:
    """It becomes part of keys, of the bus and of a profile: no text, no control character, no customer's number."""
    outcome = shop.ask(f"/v1/decisions/{routed(shop)['decision_id']}/outcome", {"resolved": True, "agent_id": agent_id})
    opened = shop.ask("/v1/tickets", {"kind": "consult", "agent_id": agent_id})
    ticket_id = shop.ask("/v1/tickets", {"kind": "consult"}).json["ticket_id"]
    changed = send(shop, "PATCH", f"/v1/tickets/{ticket_id}", {"agent_id": agent_id})
    assert {answer.status for answer in (outcome, opened, changed)} == {400}
    assert all(agent_id not in answer.body.decode() for answer in (outcome, opened, changed))
    kept = compose.api("dynamodb").call("Scan", {"TableName": compose.settings().table_desk})["Items"]
    assert not [item for item in kept if item["pk"]["S"].endswith((f"/{agent_id}", f"#{agent_id}"))]
    assert send(shop, "PATCH", f"/v1/tickets/{ticket_id}", {"agent_id": "amy.w-2"}).status == 200


@pytest.mark.parametrize("word", NO_WORDS)
def test_topic__that_is_no_word__is_refused(shop: Shop, word: str) -> None:
    """A topic is shown even of who is restricted, and told to the profile: it is a word of a list, and never a text."""
    ticket_id = shop.ask("/v1/tickets", {"kind": "consult"}).json["ticket_id"]
    assert send(shop, "PATCH", f"/v1/tickets/{ticket_id}", {"topic": word}).status == 400
    assert shop.ask("/v1/tickets", {"topic": word}).status == 400
    asked = {"identifiers": [{"namespace": "user_id", "value": "u"}], "channel": "wechat", "purpose": "service"}
    assert shop.ask("/v1/route", {**asked, "intent": word}).status == 400
    assert shop.ask("/v1/route", {**asked, "channel": word}).status == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"costs": {"chat\n": 1}},
        {"languages": ["zh\n"]},
        {"timezone": "Etc"},
        {"timezone": "../../etc"},
        {"shifts": [{"weekdays": [0] * 8, "start_minute": 0, "end_minute": 1}]},
    ],
)
def test_agent__of_what_cannot_be__is_refused(shop: Shop, fields: dict[str, Any]) -> None:
    """A line break at the end of a word is one; a folder of zones is no zone; a week has seven days."""
    answer = send(shop, "PUT", f"/v1/agents/{unique('a')}", {**AGENT, **fields})
    assert (answer.status, answer.code) in {(400, "bad_request"), (400, "bad_agent")}


def test_agent__of_skills_without_end__is_refused_in_a_short_answer(shop: Shop) -> None:
    """An answer that told of each would be larger than the gateway lets through."""
    for body in (
        {"skills": {f"s{at}": 1 for at in range(20_000)}},
        {**AGENT, "costs": {f"S{at}": 1 for at in range(20_000)}},
    ):
        answer = send(shop, "PUT", "/v1/agents/many", body)
        assert (answer.status, len(answer.body) < 50_000) == (400, True)


def test_route__of_a_live_conversation_whose_person_was_erased__is_answered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may still be talking: their place stands, of nobody; and who waits too long is called back all the same."""
    monkeypatch.setattr(erasing, "_LAG_MS", 0)
    user, talk = unique("u"), unique("c")
    shop.send("/v1/identify", {"userId": user, "traits": {"address": {"city": "上海"}}})
    shop.lambdas.ingest()
    asked = {"identifiers": [{"namespace": "user_id", "value": user}], "channel": "wechat", "purpose": "service"}
    asked |= {"reserve": True, "conversation_id": talk, "message": "我要投诉，找人工"}
    before = shop.ask("/v1/route", asked).json
    assert before["waiting"] and before["profile_id"]
    key = conversation_key(shop.tenant_id, talk)
    late = desk_store().conversation(shop.tenant_id, key)
    assert shop.ask("/v1/privacy/erasures", {"reason": "asked", "profile_id": before["profile_id"]}).status == 202
    for body in queued(shop):
        deliver(body)
    assert shop.read(f"/v1/decisions/{before['decision_id']}").status == 404
    after = shop.ask("/v1/route", asked)
    assert (after.status, after.json["profile_id"], after.json["mode"]) == (200, None, "human")
    waits = desk_store().conversation(shop.tenant_id, key)
    assert waits is not None and (waits.state, waits.need.profile_id) == ("waiting", "")
    # Read before it was made nobody's, as by a schedule that was at it.
    assert late is not None and late.need.profile_id == before["profile_id"]
    ticket = open_callback(late, compose.tenant(shop.tenant_id), ticket_services(shop.tenant_id), compose.now())
    assert (ticket.kind, ticket.profile_id) == ("callback", "")


@pytest.mark.parametrize("long", ["a" * 257, "客" * 2_000])
def test_id__longer_than_any__is_unknown(shop: Shop, long: str) -> None:
    """The store would refuse it as a key, and that would be a fault of ours."""
    for path in ("/v1/agents", "/v1/decisions", "/v1/tickets", "/v1/reservations", "/v1/what-if", "/v1/profiles"):
        assert shop.read(f"{path}/{long}?purpose=service").status == 404
    assert shop.ask(f"/v1/agents/{long}/presence", {"presence": "away"}).status == 404
    assert shop.ask(f"/v1/decisions/{long}/outcome", {"resolved": True}).status == 404
    assert send(shop, "PATCH", f"/v1/tickets/{long}", {"note": "x"}).status == 404
    for name in ("agent", "queue"):
        assert shop.read(f"/v1/tickets?{name}={long}").code == "bad_request"


@pytest.mark.parametrize(
    "change",
    [
        {"skill": "s" * 65},
        {"skills": {"a\n": {"general": 1}}},
        {"skills": {"13 800": {"general": 1}}},
        {"skills": {"a": {"张三": 1}}},
        {"skills": {f"a{at}": {"general": 1} for at in range(501)}},
        {"skills": {"a": {f"s{at}": 1 for at in range(61)}}},
        {"agents": 1_001},
    ],
)
def test_what_if__of_agents_without_end__is_refused(shop: Shop, change: dict[str, Any]) -> None:
    """The change is kept with its job, in one item: it names agents and skills, and so many of them."""
    window = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-20T00:00:00Z"}
    assert shop.ask("/v1/what-if", {"window": window, "change": change}).code == "bad_request"
