"""Reading: profiles, tags and why, timeline, context, routes — masked, by purpose, and of one's own tenant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.entrypoints import http_profiles
from chalicelib.kernel.moments import DAY_MS, parse_moment
from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop, unique

PHONE = "13907551234"
STRUCTURED = {"content-type": "application/cloudevents+json"}


@pytest.fixture(scope="module")
def person(shop: Shop) -> dict[str, Any]:
    """Somebody with orders, a complaint and personal traits."""
    user = unique("u")
    at = datetime.now(UTC).isoformat()
    calls: list[dict[str, Any]] = [
        {
            "type": "identify",
            "traits": {"name": "张三丰", "phone": PHONE, "birthday": "1995-02-03", "gender": "female"},
        },
        {"type": "track", "event": "Order Completed", "properties": {"order_id": "o1", "total": "99.50"}},
        {
            "type": "track",
            "event": "Complaint Filed",
            "properties": {"ticket_id": "k1", "text": f"我叫张三丰，{PHONE}"},
        },
    ]
    shop.send("/v1/batch", {"batch": [{**call, "userId": user, "timestamp": at} for call in calls]})
    shop.lambdas.ingest()
    found: dict[str, Any] = shop.lookup("user_id", user).json
    return {**found, "user": user}


def route(shop: Shop, headers: dict[str, str] | None = None, **asked: Any) -> Answer:
    return shop.ask("/v1/route", {"channel": "web_chat", "purpose": "service", **asked}, headers)


def test_lookup__by_any_identifier__the_same_person(shop: Shop, person: dict[str, Any]) -> None:
    """However a phone number is typed."""
    for namespace, value in (
        ("user_id", person["user"]),
        ("phone", "+86 139-0755-1234"),
        ("phone", "１３９０７５５１２３４"),
    ):
        assert shop.lookup(namespace, value).json["profile_id"] == person["profile_id"]


def test_profile__by_id__masked_with_reasons(shop: Shop, person: dict[str, Any]) -> None:
    """Clear values never leave by this door."""
    answer = shop.read(f"/v1/profiles/{person['profile_id']}?purpose=service")
    assert answer.status == 200
    found = answer.json
    assert found["traits"]["phone"]["value"] == "139****1234"
    assert found["traits"]["age_band"]["value"]
    assert {"traits.phone", "traits.name", "traits.birth_date"} <= {one["path"] for one in found["masked"]}
    for clear in (PHONE, "张三丰", "1995-02-03"):
        assert clear not in answer.body.decode()
    assert parse_moment(found["as_of"]) and parse_moment(found["first_seen"])


def test_tags_and_why__of_each_set_tag__are_explained(shop: Shop, person: dict[str, Any]) -> None:
    """Each tag says its signals, weights and values, with times that people can read."""
    base = f"/v1/profiles/{person['profile_id']}/tags"
    tags = shop.read(f"{base}?purpose=service").json["tags"]
    assert {"open_complaint", "female"} <= {one["id"] for one in tags}
    for tag in tags:
        why = shop.read(f"{base}/{tag['id']}/why?purpose=service").json
        assert why["set"] is True
        assert why["says"]["zh"] and why["says"]["en"]
        true = [one for one in why["signals"] if one["true"]]
        assert sum(one["weight"] for one in true) == pytest.approx(why["weights_sum"])
        assert parse_moment(why["since"])
    unset = shop.read(f"{base}/male/why?purpose=service").json
    assert unset["set"] is False
    assert shop.read(f"{base}/no_such_tag/why?purpose=service").status == 404


def test_timeline__paged__each_event_once(shop: Shop, person: dict[str, Any]) -> None:
    """Newest first; the text of a complaint is not shown."""
    path = f"/v1/profiles/{person['profile_id']}/timeline?purpose=service&limit=2"
    first = shop.read(path).json
    second = shop.read(f"{path}&cursor={first['cursor']}").json
    events = first["events"] + second["events"]
    assert len({one["event"] for one in events}) == len(events) == 3
    assert second["cursor"] == ""
    assert PHONE not in json.dumps(events) and "张三丰" not in json.dumps(events, ensure_ascii=False)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1e3", "٣", "999999999999"])
def test_timeline__odd_limit__400(shop: Shop, person: dict[str, Any], limit: str) -> None:
    """A number from 1 to 100."""
    answer = shop.read(f"/v1/profiles/{person['profile_id']}/timeline?purpose=service&limit={limit}")
    assert (answer.status, answer.code) == (400, "bad_limit")


def test_context__for_a_bot__small_and_masked(shop: Shop, person: dict[str, Any]) -> None:
    """What a bot reads before it speaks."""
    answer = shop.read(f"/v1/profiles/{person['profile_id']}/context?purpose=service&channel=web_chat")
    assert answer.status == 200
    assert len(answer.body) <= 4096
    assert PHONE not in answer.body.decode()
    assert answer.json["summary"]["zh"]


def test_route__decided_and_read_again(shop: Shop, person: dict[str, Any]) -> None:
    """A decision can be looked up as it was answered."""
    answer = route(shop, profile_id=person["profile_id"], message="我要投诉")
    assert answer.status == 200
    decision = answer.json
    assert decision["profile_id"] == person["profile_id"]
    assert decision["reasons"]
    assert shop.read(f"/v1/decisions/{decision['decision_id']}").json == decision


def test_route__same_idempotency_key__same_decision(shop: Shop, person: dict[str, Any]) -> None:
    """A client that lost the answer asks again; another key, or none, is another decision."""
    asked = {"profile_id": person["profile_id"]}
    first = route(shop, {"Idempotency-Key": "k-1"}, **asked).json
    assert route(shop, {"idempotency-key": "k-1"}, **asked).json == first
    others = [route(shop, {"idempotency-key": "k-2"}, **asked), route(shop, **asked), route(shop, **asked)]
    assert len({one.json["decision_id"] for one in others} | {first["decision_id"]}) == 4


def test_route__one_key_of_two_tenants__two_decisions(shop: Shop, lambdas: Lambdas) -> None:
    """A key is its principal's own."""
    other = open_shop(lambdas, "other")
    asked = {"identifiers": [{"namespace": "user_id", "value": "nobody"}]}
    answers = [route(one, {"idempotency-key": "same"}, **asked).json["decision_id"] for one in (shop, other)]
    assert answers[0] != answers[1]


@pytest.mark.parametrize("key", ["", "x" * 257, "键", "a\tb"])
def test_route__odd_idempotency_key__400(shop: Shop, key: str) -> None:
    """A key has 1 to 256 characters."""
    answer = route(shop, {"idempotency-key": key}, profile_id="p_1")
    assert (answer.status, answer.code) == (400, "bad_idempotency_key")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"channel": "web"},
        {"channel": "web", "purpose": "service"},
        {
            "channel": "web",
            "purpose": "service",
            "profile_id": "p_1",
            "identifiers": [{"namespace": "a", "value": "b"}],
        },
        {"channel": "web", "purpose": "service", "profile_id": 1},
        {"channel": "WEB CHAT", "purpose": "service", "profile_id": "p_1"},
        {"channel": "web", "purpose": "service", "profile_id": "p_1", "unknown": 1},
        {"channel": "web", "purpose": "service", "identifiers": [{"namespace": "a", "value": "b"}] * 11},
        {"channel": "web", "purpose": "service", "profile_id": "p_1", "message": "x" * 8001},
        {"channel": "web", "purpose": "service", "profile_id": "p_1", "reserve": "yes"},
        [],
        "text",
        None,
    ],
)
def test_route__request_that_does_not_fit__400(shop: Shop, asked: Any) -> None:
    """Strict types; the message names the place and no value."""
    answer = shop.ask("/v1/route", json.dumps(asked).encode())
    assert (answer.status, answer.code) == (400, "bad_request")


@pytest.mark.parametrize("purpose", ["", "fun", "SERVICE", "service "])
@pytest.mark.parametrize("path", ["", "/tags", "/tags/vip/why", "/segments/stages/why", "/timeline", "/context"])
def test_read__without_a_purpose_that_exists__400(shop: Shop, person: dict[str, Any], path: str, purpose: str) -> None:
    """A read says what for."""
    from urllib.parse import quote

    answer = shop.read(f"/v1/profiles/{person['profile_id']}{path}?purpose={quote(purpose)}")
    assert (answer.status, answer.code) == (400, "bad_purpose")
    assert shop.read(f"/v1/profiles/{person['profile_id']}{path}").status == 400


@pytest.mark.parametrize("purpose", ["marketing", "analytics", "security", "legal"])
def test_read__for_a_purpose_without_grant__403(shop: Shop, person: dict[str, Any], purpose: str) -> None:
    """It is not answered as if it were service, and no call serves what it has no view for."""
    agent, base = shop.role("agent"), f"/v1/profiles/{person['profile_id']}"
    sought = {"identifiers": [{"namespace": "user_id", "value": "u"}], "purpose": purpose}
    answers = [
        *(
            shop.lambdas.http("GET", f"{base}{path}?purpose={purpose}", token=agent)
            for path in ("", "/tags", "/segments/stages/why", "/timeline")
        ),
        shop.lambdas.http("POST", "/v1/profiles/lookup", sought, token=agent),
        shop.ask("/v1/route", {"channel": "web", "purpose": purpose, "profile_id": person["profile_id"]}),
        shop.read(f"{base}/context?purpose={purpose}"),
    ]
    if purpose in ("marketing", "analytics"):
        answers.append(shop.read(f"{base}/timeline?purpose={purpose}"))
    assert {(one.status, one.code) for one in answers} == {(403, "purpose_not_allowed")}


def test_other_tenants_ids__answered_like_unknown_ones(shop: Shop, lambdas: Lambdas, person: dict[str, Any]) -> None:
    """24: alike in status and in body, on every route that takes an id."""
    stranger = open_shop(lambdas, "stranger")
    decision = route(shop, profile_id=person["profile_id"]).json["decision_id"]

    def asked(profile_id: str, decision_id: str, user: str) -> list[tuple[int, Any]]:
        base = f"/v1/profiles/{profile_id}"
        answers = [
            stranger.read(f"{base}{path}?purpose=service")
            for path in ("", "/tags", "/tags/vip/why", "/segments/stages/why", "/timeline", "/context")
        ]
        answers += [route(stranger, profile_id=profile_id), stranger.read(f"/v1/decisions/{decision_id}")]
        answers.append(stranger.lookup("user_id", user))
        return [(one.status, {**one.json, "request_id": ""}) for one in answers]

    theirs = asked(person["profile_id"], decision, person["user"])
    assert theirs == asked("p_none", "d_none", "nobody-at-all")
    assert {status for status, _ in theirs} == {404}


def test_health_and_openapi__open_to_all(lambdas: Lambdas) -> None:
    """A load balancer has no credential."""
    health = lambdas.http("GET", "/v1/health")
    assert (health.status, health.json["status"]) == (200, "ok")


def test_decision__by_id_of_nobody__404(shop: Shop) -> None:
    """An odd id is an unknown id."""
    for decision_id in ("d_none", "x" * 900, "%00", "d_%2F.."):
        assert shop.read(f"/v1/decisions/{decision_id}").status == 404


@pytest.mark.parametrize("profile_id", ["x" * 3000, "p_%00", "%F0%9F%98%80", "p#1"])
def test_profile__odd_ids__404(shop: Shop, profile_id: str) -> None:
    """16: an id longer than a key of the store is unknown, and no fault of ours."""
    answer = shop.read(f"/v1/profiles/{profile_id}?purpose=service")
    assert answer.status in (400, 404), answer.body


# -- as of an earlier moment


def as_of(at: datetime) -> str:
    """A moment as it stands in a URL."""
    return f"purpose=service&as_of={at.isoformat().replace('+00:00', 'Z')}"


@pytest.fixture(scope="module")
def changed(shop: Shop) -> dict[str, Any]:
    """Somebody with one order, then a second; ``between`` is when only the first was there."""
    user = unique("u")

    def order(order_id: str) -> dict[str, Any]:
        call = {"event": "Order Completed", "userId": user, "properties": {"order_id": order_id, "total": "1.00"}}
        shop.send("/v1/track", {**call, "timestamp": datetime.now(UTC).isoformat()})
        shop.lambdas.ingest()
        found: dict[str, Any] = shop.lookup("user_id", user).json
        return found

    first = order("o1")
    order("o2")
    return {"base": f"/v1/profiles/{first['profile_id']}", "between": first["as_of"], "then": first}


def test_as_of__each_read__answers_as_it_was(shop: Shop, changed: dict[str, Any]) -> None:
    """The profile is the one that was answered then, and every answer says which moment it is for."""
    base, at = changed["base"], changed["between"]
    told = shop.read(f"{base}?purpose=service&as_of={at}")
    assert (told.status, told.json) == (200, changed["then"])
    assert shop.read(f"{base}?purpose=service").json["measures"]["orders_paid"]["count"] == 2
    for path in ("/tags", "/tags/vip/why", "/context"):
        answer = shop.read(f"{base}{path}?purpose=service&as_of={at}")
        assert (answer.status, answer.json["as_of"]) == (200, at)
    offset = at.replace("Z", "%2B00:00")
    assert shop.read(f"{base}?purpose=service&as_of={offset}").json == changed["then"]


def test_as_of__what_is_past_its_retention_today__is_not_there_to_be_looked_back_at(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that ended since is gone for the past as well; who asks for the law is told what is held."""
    user = unique("u")
    traits, at = {"device_os": "harmony"}, datetime.now(UTC).isoformat()
    shop.send("/v1/identify", {"userId": user, "traits": traits, "timestamp": at})
    shop.lambdas.ingest()
    found = shop.lookup("user_id", user).json
    assert found["traits"]["device_os"]["value"] == "harmony"
    path = f"/v1/profiles/{found['profile_id']}?as_of={found['as_of']}&purpose="
    assert "device_os" in shop.read(f"{path}service").json["traits"]
    later = http_profiles.now() + 366 * DAY_MS
    monkeypatch.setattr(http_profiles, "now", lambda: later)
    assert "device_os" not in shop.read(f"{path}service").json["traits"]
    assert "device_os" in shop.read(f"{path}legal").json["traits"]


def test_as_of__people_who_are_one_now__are_two_before_the_link(shop: Shop) -> None:
    """An id that was merged away since answers with its own profile of then."""
    user, phone = unique("u"), f"+86139{uuid4().int % 10**8:08d}"

    def viewed(*who: tuple[str, str]) -> None:
        identifiers = [{"namespace": namespace, "value": value} for namespace, value in who]
        sent = {"specversion": "1.0", "id": unique("e"), "source": "/shop", "type": "page.viewed"}
        at = datetime.now(UTC).isoformat()
        shop.send("/v1/events", {**sent, "time": at, "data": {"identifiers": identifiers}}, STRUCTURED)
        shop.lambdas.ingest()

    viewed(("user_id", user))
    viewed(("phone", phone))
    then = [shop.lookup("user_id", user).json, shop.lookup("phone", phone).json]
    at = then[1]["as_of"]
    viewed(("user_id", user), ("phone", phone))
    paths = [f"/v1/profiles/{one['profile_id']}?purpose=service" for one in then]
    assert {shop.read(path).json["profile_id"] for path in paths} == {then[0]["profile_id"]}
    told = [shop.read(f"{path}&as_of={at}").json for path in paths]
    assert [{**one, "as_of": "", "quality": ""} for one in told] == [
        {**one, "as_of": "", "quality": ""} for one in then
    ]


def test_as_of__role_of_a_bot__reads_context_alone(shop: Shop, changed: dict[str, Any]) -> None:
    """The past opens nothing that the present does not."""
    token, query = shop.role("bot"), f"?purpose=service&as_of={changed['between']}"
    assert shop.lambdas.http("GET", f"{changed['base']}/context{query}", token=token).status == 200
    assert shop.lambdas.http("GET", f"{changed['base']}{query}", token=token).status == 403


@pytest.mark.parametrize("path", ["", "/tags", "/tags/vip/why", "/context"])
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "bad_time"),
        ("yesterday", "bad_time"),
        ("2026-01-01T00:00:00", "bad_time"),
        ("2026-01-01", "bad_time"),
        ("1767225600000", "bad_time"),
        ("2026-02-30T00:00:00Z", "bad_time"),
        ("2026-01-01T00:00:00+08:00", "bad_time"),
        ("٢٠٢٦-01-01T00:00:00Z", "bad_time"),
        ("9999-12-31T23:59:59Z", "as_of_in_future"),
    ],
)
def test_as_of__no_moment_of_the_past__400(
    shop: Shop, changed: dict[str, Any], path: str, given: str, code: str
) -> None:
    """With a zone, and not in the future; a plus that is not escaped is a space."""
    answer = shop.read(f"{changed['base']}{path}?purpose=service&as_of={given}")
    assert (answer.status, answer.code) == (400, code)
    assert [one["path"] for one in answer.json["errors"]] == ["as_of"]


def test_as_of__before_anybody_knew_them__404_like_anybody_unknown(shop: Shop, changed: dict[str, Any]) -> None:
    """It is not said that somebody came later."""
    query = as_of(datetime(2020, 1, 1, tzinfo=UTC))
    answers = [shop.read(f"{base}?{query}") for base in (changed["base"], "/v1/profiles/p_none")]
    assert [(one.status, {**one.json, "request_id": ""}) for one in answers] == [
        (404, {"code": "no_such_profile", "message": "There is no such profile.", "request_id": "", "errors": []})
    ] * 2


def test_as_of__without_a_purpose__400(shop: Shop, changed: dict[str, Any]) -> None:
    """A look back says what for, too."""
    assert shop.read(f"{changed['base']}?as_of={changed['between']}").code == "bad_purpose"


def test_tag__set_by_a_supervisor__wins_until_taken_back(shop: Shop, person: dict[str, Any]) -> None:
    """PUT sets a tag by a person's word, why names them, DELETE gives it back to the rules; the audit has all."""
    path = f"/v1/profiles/{person['profile_id']}/tags/vip"
    supervisor = shop.role("supervisor")
    answer = shop.lambdas.http("PUT", path, {"value": True, "reason": "key account"}, token=supervisor)
    assert (answer.status, answer.json["value"]) == (200, True)
    tags = {
        tag["id"]: tag for tag in shop.read(f"/v1/profiles/{person['profile_id']}/tags?purpose=service").json["tags"]
    }
    assert (tags["vip"]["source"], tags["vip"]["confidence"]) == ("person", 1.0)
    why = shop.read(f"{path}/why?purpose=service").json
    assert why["pinned"]["value"] is True
    profile = shop.read(f"/v1/profiles/{person['profile_id']}?purpose=service").json
    assert not [name for name in profile["traits"] if name.startswith("tag:")]
    assert shop.lambdas.http("DELETE", path, b"", token=supervisor).status == 200
    assert shop.read(f"{path}/why?purpose=service").json["set"] is False


def test_tag__set_wrongly__is_refused(shop: Shop, person: dict[str, Any]) -> None:
    """An unknown tag is not found, a missing reason is refused, an agent may not."""
    base = f"/v1/profiles/{person['profile_id']}/tags"
    supervisor = shop.role("supervisor")
    assert shop.lambdas.http("PUT", f"{base}/no_such", {"reason": "x"}, token=supervisor).status == 404
    assert shop.lambdas.http("PUT", f"{base}/vip", {"value": True}, token=supervisor).status == 400
    assert shop.lambdas.http("PUT", f"{base}/vip", {"reason": "x", "value": "yes"}, token=supervisor).status == 400
    assert shop.lambdas.http("PUT", f"{base}/vip", {"reason": "x"}, token=shop.role("agent")).status == 403


def test_tags__in_a_scene_nobody_declared__are_refused(shop: Shop, person: dict[str, Any]) -> None:
    """A misspelt scene is told, not taken for none."""
    answer = shop.read(f"/v1/profiles/{person['profile_id']}/tags?purpose=service&scene=nihgt")
    assert (answer.status, answer.json["code"]) == (400, "unknown_scene")
    assert shop.read(f"/v1/profiles/{person['profile_id']}/tags?purpose=service&scene=night").status == 200
