"""What many people say and are, from the doors and the night to the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.entrypoints import compose, insights, schedule_counts
from chalicelib.kernel.errors import Unavailable
from tests.entrypoints.service import Shop, forget_composed, open_shop, unique
from tests.entrypoints.test_matching import Context

PEOPLE = 24


def nightly(remaining_ms: int = 900_000, tenant: str = "") -> None:
    """Invoke the function as EventBridge does, or by hand for one tenant."""
    event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    detail = {"tenant": tenant} if tenant else {}
    schedule_counts.schedule_counts(event | {"detail": detail, "resources": []}, Context(remaining_ms))


def forget() -> None:
    """Empty what the functions keep between calls."""
    forget_composed()
    for one in (insights.count_services, insights.insight_services, insights.word_services, insights._group_tags):
        one.cache_clear()


@pytest.fixture(scope="module")
def town(shop: Shop) -> Iterator[Shop]:
    """People of two provinces; those of 浙江 complain that their parcels are lost."""
    forget()
    calls: list[dict[str, Any]] = []
    for number in range(2 * PEOPLE):
        who, far = f"p-{number}", number % 2
        traits = {"city": "杭州" if far else "上海"}
        calls.append({"type": "identify", "messageId": unique("m"), "userId": who, "traits": traits})
        words = "快递丢了，我要投诉" if far else "谢谢"
        calls.append(
            {
                "type": "track",
                "messageId": unique("m"),
                "userId": who,
                "event": "Complaint Filed" if far else "Message Received",
                "properties": {"text": words, "ticket_id": f"t-{number}"} if far else {"text": words},
            }
        )
    for start in range(0, len(calls), 20):
        assert shop.send("/v1/batch", {"batch": calls[start : start + 20]}).status == 200
    shop.lambdas.ingest()
    tally = compose.ingest_services().tally
    assert tally is not None
    tally._next_at = float("-inf")
    tally.flush()
    nightly()
    yield shop
    forget()


def test_insights_and_quality__of_another_tenant__know_nothing_of_this_one(town: Shop) -> None:
    """Words, counts, groups and sources are told to the tenant whose they are."""
    other = open_shop(town.lambdas)

    def ask(path: str) -> Any:
        return other.lambdas.http("GET", f"/v1/{path}", token=other.admin_token)

    words = ask("insights/hot-words?window=24h").json
    assert (words["messages"], words["words"]) == (0, [])
    assert {ask(f"insights/{path}").code for path in ("tags", "tags/vip", "groups")} == {"no_counts"}
    assert ask("quality").json == {"judged_at": None, "sources": [], "measures": []}


def lines(log: Callable[[], str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log().splitlines() if line.startswith("{")]


def test_words__sent_through_the_door__are_told_to_analysts(town: Shop) -> None:
    """What people write comes out as counts of declared words, by region too, and in no other form."""
    token = town.role("analyst")
    told = town.lambdas.http("GET", "/v1/insights/hot-words?window=24h", token=token).json
    found = {one["id"]: one for one in told["words"]}
    assert told["messages"] == 2 * PEOPLE and found["parcel_lost"]["count"] == PEOPLE
    assert found["parcel_lost"]["name"]["zh"] == "快递丢了" and found["parcel_lost"]["expected"] is None
    of_region = town.read("/v1/insights/hot-words?region=%E4%B8%8A%E6%B5%B7&window=1h").json
    assert {one["id"] for one in of_region["words"]} == {"thanks"} and of_region["region"] == "上海"


def test_tags__counted_at_night__are_told_with_their_distribution(town: Shop) -> None:
    """The count of the night, one tag by region and by day, and the groups with their tags and reasons."""
    told = town.read("/v1/insights/tags").json
    assert told["people"] == 2 * PEOPLE
    assert {tag["id"]: tag["people"] for tag in told["tags"]}["open_complaint"] == PEOPLE
    one = town.read("/v1/insights/tags/open_complaint").json
    assert {cell["value"]: cell["people"] for cell in one["by"]["region"]} == {"浙江": PEOPLE, "上海": 0}
    assert one["history"] == [{"day": told["day"], "people": PEOPLE, "share": 0.5}]
    groups = {(group["grouping"], group["value"]): group for group in town.read("/v1/insights/groups").json["groups"]}
    assert "group_open_complaints" in {tag["id"] for tag in groups["region", "浙江"]["tags"]}
    assert town.read(f"/v1/insights/tags?day={told['day']}").json == told


def test_group_tag__on_a_person__is_read_with_its_source(town: Shop) -> None:
    """Profile, lookup and tags show what the group of somebody is tagged with, and not where it is not."""
    found = town.lookup("user_id", "p-1").json
    of_group = {tag["id"] for tag in found["tags"] if tag["source"] == "group"}
    assert "group_open_complaints" in of_group
    path = f"/v1/profiles/{found['profile_id']}"
    for answer in (town.read(f"{path}?purpose=service").json, town.read(f"{path}/tags?purpose=service").json):
        assert {tag["id"] for tag in answer["tags"] if tag["source"] == "group"} == of_group
    elsewhere = town.lookup("user_id", "p-0").json
    assert "group_open_complaints" not in {tag["id"] for tag in elsewhere["tags"]}
    why = town.read(f"{path}/tags/group_open_complaints/why?purpose=service").json
    assert (why["set"], why["source"]) == (True, "group") and "浙江" in why["says"]["zh"]
    assert [one["values"] for one in why["signals"] if one["true"]]
    not_set = town.read(f"/v1/profiles/{elsewhere['profile_id']}/tags/group_open_complaints/why?purpose=service").json
    assert not not_set["set"] and not_set["signals"]


def test_night__second_invocation__counts_nobody_again(town: Shop, log: Callable[[], str]) -> None:
    """A day is counted once; by hand a tenant is counted again at once."""
    nightly()
    assert sum(line.get("PeopleCounted", 0) for line in lines(log)) == 0
    nightly(tenant=town.tenant_id)
    assert sum(line.get("PeopleCounted", 0) for line in lines(log)) == 2 * PEOPLE


def test_night__store_is_away__others_have_their_turn(
    town: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant that cannot be counted is logged by its code, and raises nothing."""

    def away(*_: object, **__: object) -> Any:
        raise Unavailable("throttled", "Try again.")

    monkeypatch.setattr("chalicelib.flows.count_people.count_people", away)
    nightly()
    told = lines(log)
    assert {line["code"] for line in told if line.get("message") == "counts_failed"} == {"throttled"}
    assert sum(line.get("FailedCounts", 0) for line in told) >= 1


def test_night__too_little_time__begins_nobody(town: Shop, log: Callable[[], str]) -> None:
    """How many are left is counted; the next invocation of the night goes on."""
    nightly(remaining_ms=30_000)
    assert sum(line.get("CountTenantsLeft", 0) for line in lines(log)) >= 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("hot-words?window=2h", 400, "bad_window"),
        ("hot-words?region=nowhere", 400, "unknown_region"),
        ("hot-words?segment=rich", 400, "unknown_segment"),
        ("hot-words?channel=fax", 400, "unknown_channel"),
        ("tags?day=yesterday", 400, "bad_time"),
        ("tags?day=2020-01-01", 404, "no_counts"),
        ("tags/none", 404, "no_such_tag"),
    ],
)
def test_question__that_cannot_be_answered__is_a_problem(town: Shop, path: str, status: int, code: str) -> None:
    """Each refusal has its code."""
    answer = town.read(f"/v1/insights/{path}")
    assert (answer.status, answer.code) == (status, code)


def test_insights__agents_and_bots__may_not(town: Shop) -> None:
    """Numbers of many are for analysts."""
    for path in ("hot-words", "tags", "tags/vip", "groups"):
        for role in ("agent", "bot", "rule_editor"):
            assert town.lambdas.http("GET", f"/v1/insights/{path}", token=town.role(role)).status == 403
