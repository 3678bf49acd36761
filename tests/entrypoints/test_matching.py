"""The nightly function and the review of what it proposes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.entrypoints import matching, schedule_matches
from chalicelib.kernel.errors import Unavailable
from infra.failures import Failure
from tests.entrypoints.service import Shop, forget_composed, unique


class Context:
    """What Lambda tells a function of its time."""

    def __init__(self, remaining_ms: int = 900_000) -> None:
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def nightly(remaining_ms: int = 900_000) -> None:
    """Invoke the function as EventBridge does."""
    event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    schedule_matches.schedule_matches(event | {"detail": {}, "resources": []}, Context(remaining_ms))


@pytest.fixture(scope="module")
def crowd(shop: Shop) -> Iterator[Shop]:
    """Strangers, and one person who is there twice."""
    people = [
        {"name": f"{family}{given}", "birthday": f"19{60 + at}-0{1 + at % 9}-1{at % 10}", "city": "上海"}
        for at, (family, given) in enumerate(zip("王李张刘陈杨黄赵吴周徐孙", "伟芳娜敏静丽强磊军洋勇杰", strict=True))
    ]
    twins = [{"name": "沈从文", "birthday": "1990-03-14"}, {"name": "Shen Congwen", "birthday": "1990-03-14"}]
    calls = [{"type": "identify", "messageId": unique("m"), "userId": unique("u"), "traits": one} for one in people]
    calls += [
        {"type": "identify", "messageId": unique("m"), "userId": f"twin-{at}", "traits": {**one, "city": "杭州"}}
        for at, one in enumerate(twins)
    ]
    assert shop.send("/v1/batch", {"batch": calls}).status == 200
    shop.lambdas.ingest()
    yield shop
    forget_composed()


def candidates(shop: Shop, token: str = "") -> Any:
    return shop.lambdas.http("GET", "/v1/merge-candidates", token=token or shop.admin_token)


def test_night__person_there_twice__is_listed_and_can_be_rejected(crowd: Shop, log: Callable[[], str]) -> None:
    """From the schedule to the list and to a supervisor's no: the pair does not come again."""
    nightly()
    (found,) = candidates(crowd, crowd.role("supervisor")).json["candidates"]
    profiles = {crowd.lookup("user_id", f"twin-{at}").json["profile_id"] for at in range(2)}
    assert set(found["profile_ids"]) == profiles and found["state"] == "open"
    assert {"field": "birth_date", "level": "same"}.items() <= found["fields"][2].items()
    assert "从文" not in json.dumps(found, ensure_ascii=False) and "1990" not in str(found["fields"])
    answer = crowd.ask(f"/v1/merge-candidates/{found['id']}/reject", {"reason": "father and son"})
    assert (answer.status, answer.json["state"]) == (200, "rejected")
    crowd.ask(f"/v1/merge-candidates/{found['id']}/reject", {"reason": "once more"})
    audited = [one for one in crowd.read("/v1/audit").json["audited"] if one["action"] == "candidates.reject"]
    assert [(one["subjects"], one["reason"]) for one in audited] == [(found["profile_ids"], "father and son")]
    nightly()
    assert candidates(crowd).json == {"candidates": [], "cursor": ""}
    lines = [json.loads(line) for line in log().splitlines() if line.startswith("{")]
    assert 1 in [line["count"] for line in lines if line.get("message") == "matches_listed"]


def test_night__one_tenant_fails__the_others_have_their_turn(
    crowd: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant whose keys are away is counted and logged by its code, and raises nothing."""

    def away(_tenant: object) -> Any:
        raise Unavailable("key_unavailable", "A key cannot be used; try again.")

    matching.match_services.cache_clear()
    monkeypatch.setattr(matching, "branch_keys", away)
    nightly()
    matching.match_services.cache_clear()
    lines = [json.loads(line) for line in log().splitlines() if line.startswith("{")]
    assert {line["code"] for line in lines if line.get("message") == "matches_failed"} == {"key_unavailable"}
    assert sum(line.get("FailedMatchRuns", 0) for line in lines) >= 1


def test_night__too_little_time__begins_nobody(crowd: Shop, log: Callable[[], str]) -> None:
    """A tenant that could not be finished is not begun; how many are left is counted."""
    nightly(remaining_ms=60_000)
    lines = [json.loads(line) for line in log().splitlines() if line.startswith("{")]
    assert sum(line.get("MatchTenantsLeft", 0) for line in lines) >= 1
    assert not [line for line in lines if line.get("message") == "matches_listed"]


@pytest.mark.parametrize(
    ("query", "code"), [("?limit=0", "bad_limit"), ("?limit=many", "bad_limit"), ("?cursor=1", "bad_cursor")]
)
def test_list__bad_page__is_a_problem(crowd: Shop, query: str, code: str) -> None:
    """A bad limit or cursor is answered with its code."""
    answer = crowd.read(f"/v1/merge-candidates{query}")
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad_request"),
        ({"reason": ""}, 400, "bad_request"),
        ({"reason": "x" * 201}, 400, "bad_request"),
        ({"reason": "no", "merge": True}, 400, "bad_request"),
        ({"reason": "call 13900001234"}, 400, "personal_reason"),
        ({"reason": "no"}, 404, "no_such_candidate"),
    ],
)
def test_reject__bad_call__is_a_problem(crowd: Shop, body: Any, status: int, code: str) -> None:
    """A reason is needed, short, and names nobody; the pair must be there."""
    answer = crowd.ask("/v1/merge-candidates/pm_none/reject", body)
    assert (answer.status, answer.code) == (status, code)


def test_operator__score_to_merge_from__is_kept_for_the_tenant(shop: Shop) -> None:
    """The tenant's threshold is set and taken back by a command; one that needs a person is refused."""
    operator = shop.lambdas.operator
    assert operator.merge_matches(shop.tenant_id, 0.999)["merge_above"] == 0.999
    assert operator.catalogue.tenant(shop.tenant_id).merge_above == 0.999  # type: ignore[union-attr]
    assert operator.merge_matches(shop.tenant_id, None)["merge_above"] == "never"
    assert operator.catalogue.tenant(shop.tenant_id).merge_above is None  # type: ignore[union-attr]
    for tenant_id, score in ((shop.tenant_id, 0.8), (shop.tenant_id, 1.1), ("t_none", 0.99)):
        with pytest.raises(Failure):
            operator.merge_matches(tenant_id, score)


def test_list__agents_and_bots__may_not(crowd: Shop) -> None:
    """To review who is one person is for supervisors."""
    assert {candidates(crowd, crowd.role(role)).status for role in ("agent", "bot", "analyst")} == {403}


def test_night__tenant_lets_sure_pairs_be_merged__one_profile_and_an_audit_row(crowd: Shop) -> None:
    """Above the tenant's own threshold nobody is asked; a protection is never gone over."""
    same = {"name": "慕容复", "birthday": "1988-08-08", "city": "苏州", "address": "苏州市姑苏区燕子坞 1 号"}
    browsers = [unique("b"), unique("b")]
    calls = [{"type": "identify", "messageId": unique("m"), "anonymousId": one, "traits": same} for one in browsers]
    assert crowd.send("/v1/batch", {"batch": calls}).status == 200
    crowd.lambdas.ingest()
    before = {crowd.lookup("anonymous_id", one).json["profile_id"] for one in browsers}
    assert len(before) == 2
    crowd.lambdas.operator.merge_matches(crowd.tenant_id, 0.95)
    try:
        forget_composed()
        nightly()
    finally:
        crowd.lambdas.operator.merge_matches(crowd.tenant_id, None)
        forget_composed()
    after = {crowd.lookup("anonymous_id", one).json["profile_id"] for one in browsers}
    assert len(after) == 1 and after < before
    twins = {crowd.lookup("user_id", f"twin-{at}").json["profile_id"] for at in range(2)}
    assert len(twins) == 2
    audited = crowd.lambdas.http("GET", "/v1/audit", token=crowd.admin_token).json
    assert "automatic" in json.dumps(audited)
