"""Looking back at decisions as their callers see it."""

from __future__ import annotations

import pytest

from chalicelib.entrypoints import compose
from chalicelib.entrypoints.clock import now
from chalicelib.kernel.moments import format_moment
from chalicelib.store.tracks import DynamoTracks
from tests.entrypoints.service import Shop


@pytest.fixture(scope="module")
def decided(shop: Shop) -> dict[str, str]:
    """Somebody who was routed."""
    shop.send("/v1/identify", {"userId": "u-decided", "traits": {"address": {"city": "上海"}}})
    shop.lambdas.ingest()
    asked = {"identifiers": [{"namespace": "user_id", "value": "u-decided"}], "channel": "wechat", "purpose": "service"}
    answer = shop.ask("/v1/route", {**asked, "message": "我要退款"})
    assert answer.status == 200, answer.body
    found: dict[str, str] = answer.json
    return found


def test_replay__of_a_route__is_what_was_answered(shop: Shop, decided: dict[str, str]) -> None:
    """Made again from what is stored, by the policy of then."""
    answer = shop.read(f"/v1/decisions/{decided['decision_id']}/replay")
    assert answer.status == 200, answer.body
    assert (answer.json["equal"], answer.json["differs"], answer.json["recomputed"]) == (True, [], decided)
    assert (
        "退款"
        not in answer.body.decode().replace(str(decided["reasons"]), "").partition('"inputs"')[2].partition("}")[0]
    )


def test_replay__of_no_decision__not_found(shop: Shop) -> None:
    """Under whatever id, and another tenant's is none."""
    assert shop.read("/v1/decisions/d_none/replay").status == 404


def test_as_of__a_moment_ago__decides_without_a_trace(shop: Shop, decided: dict[str, str]) -> None:
    """The same person as they were, and no decision of that id to be found."""
    asked = {
        "profile_id": decided["profile_id"],
        "as_of": format_moment(now()),
        "channel": "wechat",
        "purpose": "service",
        "intent": "refund",
    }
    answer = shop.ask("/v1/decisions/replay", asked)
    assert answer.status == 200, answer.body
    assert (answer.json["decision_id"], answer.json["profile_id"]) == ("replay", decided["profile_id"])
    assert answer.json["queue"] == decided["queue"]
    assert compose.history().decision(shop.tenant_id, "replay") is None
    for change, code in (
        ({"as_of": "yesterday"}, "bad_time"),
        ({"as_of": "2199-01-01T00:00:00Z"}, "as_of_in_future"),
        ({"purpose": "marketing"}, "purpose_not_allowed"),
        ({"profile_id": "p_none"}, "no_such_profile"),
    ):
        assert shop.ask("/v1/decisions/replay", asked | change).code == code


def test_outcome__told_twice_and_corrected__is_shown_and_counted_once(shop: Shop, decided: dict[str, str]) -> None:
    """The answer is the outcome as it stands; the decision shows it; the agent's record has it once."""
    path = f"/v1/decisions/{decided['decision_id']}/outcome"
    for _ in range(2):
        first = shop.ask(path, {"resolved": False, "agent_id": "ann"}, {"Idempotency-Key": "o-1"})
        assert first.status == 200, first.body
    later = shop.ask(path, {"resolved": True, "csat": 5})
    assert later.json["outcome"] == {"resolved": True, "csat": 5, "agent_id": "ann"}
    assert [(one["field"], one["was"]) for one in later.json["replaced"]] == [("resolved", False)]
    late = shop.ask(path, {"resolved": False, "agent_id": "ann"}, {"Idempotency-Key": "o-1"})
    assert late.json["outcome"] == later.json["outcome"]
    shown = shop.read(f"/v1/decisions/{decided['decision_id']}").json
    assert shown.pop("outcome") == later.json
    assert shown == decided
    names = compose.settings()
    kept = DynamoTracks(compose.api("dynamodb").call, names.table_desk, names.table_history)
    record = kept.tracks(shop.tenant_id, ["ann"])["ann"][""]
    assert (record.outcomes, record.resolved, record.surveys, record.csat_sum) == (1, 1, 1, 5.0)


def test_outcome__that_is_none_or_of_nothing__is_refused(shop: Shop, decided: dict[str, str]) -> None:
    """A problem with a code, and who may not report is told so."""
    path = f"/v1/decisions/{decided['decision_id']}/outcome"
    assert shop.ask(path, {}).code == "empty_outcome"
    assert shop.ask(path, {"csat": 9}).code == "bad_request"
    assert shop.ask("/v1/decisions/d_none/outcome", {"resolved": True}).code == "no_such_decision"
    refused = shop.lambdas.http("POST", path, {"resolved": True}, token=shop.role("analyst"))
    assert refused.status == 403
