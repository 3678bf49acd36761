"""Looking back at decisions as their callers see it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.entrypoints import compose, stream_decisions
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.insights import service_tallies
from chalicelib.flows.read_volume import volume_family
from chalicelib.flows.services import Change
from chalicelib.kernel.moments import DAY_MS, day_of, format_moment
from chalicelib.store.tracks import DynamoTracks
from tests.entrypoints.service import Invocation, Shop, unique
from tests.entrypoints.test_erasures import deliver, queued


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


def test_outcome__with_an_answer_to_a_survey__is_learned_by_the_profile_once(shop: Shop) -> None:
    """The profile's timeline shows the answer, however often the same report is sent; a correction is another answer."""
    user = unique("u")
    shop.send("/v1/identify", {"userId": user, "traits": {}})
    shop.lambdas.ingest()
    asked = {"identifiers": [{"namespace": "user_id", "value": user}], "channel": "wechat", "purpose": "service"}
    path = f"/v1/decisions/{shop.ask('/v1/route', asked).json['decision_id']}/outcome"
    for report, told in (("s-1", {"resolved": True}), ("s-2", {"csat": 4}), ("s-2", {"csat": 4}), ("s-3", {"csat": 2})):
        assert shop.ask(path, told, {"Idempotency-Key": report}).status == 200
        assert shop.lambdas.ingest() == {"batchItemFailures": []}
    profile_id = shop.lookup("user_id", user).json["profile_id"]
    events = shop.read(f"/v1/profiles/{profile_id}/timeline?purpose=service&limit=50").json["events"]
    scores = [one["data"]["score"] for one in events if one["type"] == "survey.answered"]
    assert sorted(scores) == [2, 4]
    assert shop.quarantined() == []


def test_outcome__that_is_none_or_of_nothing__is_refused(shop: Shop, decided: dict[str, str]) -> None:
    """A problem with a code, and who may not report is told so."""
    path = f"/v1/decisions/{decided['decision_id']}/outcome"
    assert shop.ask(path, {}).code == "empty_outcome"
    assert shop.ask(path, {"csat": 9}).code == "bad_request"
    assert shop.ask("/v1/decisions/d_none/outcome", {"resolved": True}).code == "no_such_decision"
    refused = shop.lambdas.http("POST", path, {"resolved": True}, token=shop.role("analyst"))
    assert refused.status == 403


def images(shop: Shop, decision_id: str) -> dict[str, Any]:
    """A decision's item as its table's stream gives it."""
    key = {"pk": {"S": f"{shop.tenant_id}#d#{decision_id}"}}
    table = compose.settings().table_history
    found: dict[str, Any] = compose.api("dynamodb").call("GetItem", {"TableName": table, "Key": key})["Item"]
    return found


def streamed(*records: dict[str, Any]) -> None:
    stream_decisions.stream_decisions({"Records": list(records)}, Invocation())


def test_stream__of_decisions_and_outcomes__is_published_and_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made is told to the bus; what came of it is in the meters; rows of other kinds are none of it."""
    told: list[Change] = []
    monkeypatch.setattr(stream_decisions, "publish", told.extend)
    records: list[dict[str, Any]] = [{"eventName": "INSERT", "dynamodb": {"NewImage": {"pk": {"S": "t#e#x"}}}}]
    for number in range(6):
        who = [{"namespace": "user_id", "value": f"u-streamed-{number}"}]
        asked = {"identifiers": who, "channel": "sms", "purpose": "service", "intent": "refund"}
        id_ = shop.ask("/v1/route", asked).json["decision_id"]
        made = images(shop, id_)
        records.append({"eventName": "INSERT", "dynamodb": {"NewImage": made}})
        answer = shop.ask(f"/v1/decisions/{id_}/outcome", {"resolved": number < 3, "first_response_seconds": 1})
        assert answer.status == 200
        records.append({"eventName": "MODIFY", "dynamodb": {"OldImage": made, "NewImage": images(shop, id_)}})
    records.append({"eventName": "REMOVE", "dynamodb": {"OldImage": made}})
    streamed(*records)
    assert [one.type for one in told] == ["decision.made"] * 6
    assert {one.detail["tenant"] for one in told} == {shop.tenant_id}
    answer = shop.read("/v1/insights/service?by=channel")
    assert answer.status == 200, answer.body
    (cell,) = (one for one in answer.json["cells"] if one["value"] == "sms")
    assert (cell["contacts"], cell["resolved"]["share"], cell["sla_kept"]["share"]) == (5, 0.5, 1.0)
    assert cell["first_response"]["mean"] == 1.0
    assert shop.read("/v1/insights/service?by=agent").code == "bad_by"
    assert shop.read("/v1/insights/service?from=soon").code == "bad_time"


@pytest.mark.parametrize(
    "broken",
    [{"inputs": {"B": "Ag=="}}, {"content": {"B": "bnVsbA=="}}, {"at": {"S": "soon"}}, {"v": {"BOOL": True}}],
    ids=["inputs", "content", "no instant", "a type that no row has"],
)
def test_stream__row_that_cannot_be_read__is_told_and_holds_up_nothing(
    shop: Shop, decided: dict[str, str], monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any]
) -> None:
    """The function ends well: else its shard would stand still for a day."""
    told: list[Change] = []
    monkeypatch.setattr(stream_decisions, "publish", told.extend)
    whole = images(shop, decided["decision_id"])
    streamed(*({"eventName": "INSERT", "dynamodb": {"NewImage": one}} for one in (whole | broken, whole)))
    assert [one.detail["decision_id"] for one in told][-1] == decided["decision_id"]


def test_decision__of_who_refused_since__is_not_read_any_more(shop: Shop) -> None:
    """Restricted, opted out or erased: what it was made from is not for service now, whatever was so then."""
    for user, way in (("u-shut", "restricted"), ("u-out", "refused"), ("u-gone", "erased")):
        shop.send("/v1/identify", {"userId": user, "traits": {"address": {"city": "上海"}}})
        shop.lambdas.ingest()
        asked = {"identifiers": [{"namespace": "user_id", "value": user}], "channel": "wechat", "purpose": "service"}
        before = shop.ask("/v1/route", {**asked, "message": "我要退款"}).json
        paths = [f"/v1/decisions/{before['decision_id']}", f"/v1/decisions/{before['decision_id']}/replay"]
        assert [shop.read(path).status for path in paths] == [200, 200]
        about = {"profile_id": before["profile_id"], "reason": "asked"}
        if way == "restricted":
            assert shop.ask("/v1/privacy/restrictions", about).status == 200
            assert [shop.read(path).code for path in paths] == ["not_profiled", "not_profiled"]
            # What was decided of them since, without judging them, can be read.
            since = shop.ask("/v1/route", asked).json["decision_id"]
            assert [shop.read(f"/v1/decisions/{since}{end}").status for end in ("", "/replay")] == [200, 200]
            assert shop.ask("/v1/privacy/restrictions", {**about, "lift": True}).status == 200
            assert [shop.read(path).status for path in paths] == [200, 200]
        elif way == "refused":
            word = {"purposes": ["profiling"], "granted": False, "reason": "asked"}
            path = f"/v1/profiles/{before['profile_id']}/consents"
            assert shop.lambdas.http("PUT", path, word, {}, token=shop.admin_token).status in (200, 202)
            shop.lambdas.ingest()
            assert [shop.read(path).code for path in paths] == ["not_profiled", "not_profiled"]
        else:
            assert shop.ask("/v1/privacy/erasures", about).status == 202
            for body in queued(shop):
                deliver(body)
            assert [shop.read(path).code for path in paths] == ["no_such_decision", "no_such_decision"]


def test_forecast__decisions_of_the_stream__are_what_it_learns_from(
    shop: Shop, decided: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five weeks of one queue's decisions off the stream are forecast for the next two; of another queue nothing is."""
    monkeypatch.setattr(stream_decisions, "publish", lambda _: None)
    made, at, queue, tallies = images(shop, decided["decision_id"]), now(), decided["queue"], service_tallies()
    for day in range(day_of(at) - 35, day_of(at)):
        tallies.add(shop.tenant_id, volume_family(queue), day, {"20": 9, "21": 12}, at + DAY_MS)

    def counted() -> int:
        days = tallies.read(shop.tenant_id, volume_family(queue), day_of(at) - 1, day_of(at))
        return sum(sum(halves.values()) for halves in days.values())

    before = counted()
    streamed({"eventName": "INSERT", "dynamodb": {"NewImage": made}})
    assert counted() == before + 1
    view = shop.read(f"/v1/insights/forecast?queue={queue}&days=2")
    assert view.status == 200, view.body
    assert view.json["confidence"] == "low" and len(view.json["slots"]) == 96
    assert max(one["mean"] for one in view.json["slots"]) == pytest.approx(12, abs=3)
    assert shop.read("/v1/insights/forecast?queue=nobody_asks").json["slots"] == []
    assert shop.read("/v1/insights/forecast").code == "bad_queue"
    assert shop.read(f"/v1/insights/forecast?queue={queue}&days=15").code == "bad_days"
