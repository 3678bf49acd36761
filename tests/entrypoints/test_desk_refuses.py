"""What the doors of the desk refuse: ids that are none, bodies without end, and words that are another agent's to say."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.entrypoints import compose
from tests.entrypoints.service import Answer, Shop, unique

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
