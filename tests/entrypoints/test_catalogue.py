"""The run-time catalogue over HTTP: drafts, publishing, rolling back, and every refusal of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chalicelib.entrypoints import compose
from chalicelib.flows import check_declaration
from chalicelib.flows.effective import InForceCatalogues
from chalicelib.kernel.errors import Unavailable
from chalicelib.routing.shipped import TRADES
from chalicelib.store.declarations import Entry, Head, Publication, Version
from infra import operator, protections
from infra.failures import Failure
from tests.entrypoints.service import Answer, Lambdas, Shop, forget_composed, open_shop

TAG: dict[str, Any] = {
    "name": {"zh": "常来咨询", "en": "Frequent caller"},
    "meaning": {"zh": "近30天联系很多", "en": "Many contacts within 30 days"},
    "class": "contact_volume",
    "dimension": "behaviour",
    "owner": "service-operations",
    "purposes": ["service"],
    "signals": [
        {
            "id": "often",
            "weight": 1,
            "when": {">=": [{"count": ["contacts", 30]}, 17]},
            "says": {"zh": "近30天联系17次以上", "en": "17 contacts or more within 30 days"},
        }
    ],
    "threshold": 0.5,
    "half_life_days": 30,
    "expires_days": None,
    "examples": {"positive": {"m.contacts.count_30d": 20}, "negative": {"m.contacts.count_30d": 3}},
}
MEASURE: dict[str, Any] = {
    "on": ["order.paid"],
    "names": {"zh": "大额订单", "en": "Large orders"},
    "where": {"==": [{"var": "data.category"}, "appliances"]},
}
WORDS: dict[str, Any] = {"name": {"zh": "直播", "en": "Live streams"}, "words": ["直播间", "livestream"]}
SCENE: dict[str, Any] = {
    "name": {"zh": "店庆", "en": "Anniversary"},
    "meaning": {"zh": "店庆当天", "en": "The day of the anniversary"},
    "owner": "marketing",
    "when": {"==": [{"var": "at.day"}, "05-20"]},
    "examples": {"positive": {"at.day": "05-20"}, "negative": {"at.day": "05-21"}},
}
SEGMENTATION: dict[str, Any] = {
    "names": {"zh": "买过没有", "en": "Bought or not"},
    "says": {"zh": "按是否下单。", "en": "By whether they ordered."},
    "by": "rule",
    "kinds": [
        {
            "id": "buyers",
            "names": {"zh": "买家", "en": "Buyers"},
            "says": {"zh": "下过单。", "en": "They ordered."},
            "when": [[{"feature": "orders_90d", "op": ">=", "value": 1}]],
        },
        {
            "id": "others",
            "names": {"zh": "其他", "en": "Others"},
            "says": {"zh": "没有。", "en": "They did not."},
            "when": [[]],
        },
    ],
}
DECLARED: Mapping[str, dict[str, Any]] = {
    "tags": TAG,
    "measures": MEASURE,
    "words": WORDS,
    "scenes": SCENE,
    "segmentations": SEGMENTATION,
}


@pytest.fixture
def own(lambdas: Lambdas, functions_environment: None) -> Shop:
    """A tenant for one test, with nothing of its own in its catalogue."""
    return open_shop(lambdas)


def put(shop: Shop, path: str, body: Any, token: str = "") -> Answer:
    return shop.lambdas.http("PUT", f"/v1/catalogue/{path}", body, token=token or shop.admin_token)


def publish(shop: Shop, path: str, body: Any = b"", headers: Mapping[str, str] | None = None) -> Answer:
    return shop.ask(f"/v1/catalogue/{path}/publish", body, headers)


def rollback(shop: Shop, path: str, body: Any = b"") -> Answer:
    return shop.ask(f"/v1/catalogue/{path}/rollback", body)


def in_force(shop: Shop, path: str, body: Any) -> dict[str, Any]:
    """Draft and publish; what was answered to the publishing."""
    drafted = put(shop, path, body)
    assert drafted.status == 200, drafted.body
    answer = publish(shop, path)
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json
    return told


def changed(**fields: Any) -> dict[str, Any]:
    return deepcopy(TAG) | fields


def mistakes(answer: Answer) -> list[tuple[str, str]]:
    assert (answer.status, answer.code) == (400, "bad_declaration"), answer.body
    return [(one["path"], one["code"]) for one in answer.json["errors"]]


def test_rule__with_eight_mistakes__is_refused_with_eight_messages(own: Shop) -> None:
    """All that is wrong is told at once: what each mistake is, where it is, and what to do about it."""
    wrong = changed(
        dimension="behavior",
        threshold=1.5,
        half_life_days=-1,
        purposes=[],
        parent="frequent_calller",
        colour="red",
        signals=[
            {**TAG["signals"][0], "weight": 0.7, "when": {">=": [{"var": "m.contcats.count_30d"}, 17]}},
            {**TAG["signals"][0], "id": "late", "weight": 0.3, "when": {"greater": [{"var": "p.days_known"}, 1]}},
        ],
    )
    answer = put(own, "tags/frequent_caller", wrong)
    assert sorted(mistakes(answer)) == [
        ("colour", "unknown_field"),
        ("dimension", "wrong_type"),
        ("half_life_days", "bad_days"),
        ("parent", "unknown_tag"),
        ("purposes", "no_purpose"),
        ("signals[0].when", "unknown_path"),
        ("signals[1].when", "bad_operator"),
        ("threshold", "bad_threshold"),
    ]
    assert all(one["message"] and one["suggestion"] for one in answer.json["errors"])
    suggested = {one["path"]: one["suggestion"] for one in answer.json["errors"]}
    assert suggested["signals[0].when"] == "m.contacts.count_30d"
    assert suggested["dimension"] == "behaviour"
    assert own.read("/v1/catalogue/tags/frequent_caller").code == "no_such_declaration"


@pytest.mark.parametrize("kind", sorted(DECLARED))
def test_declaration__drafted_published_rolled_back__is_in_force_when_it_should(own: Shop, kind: str) -> None:
    """A draft changes nothing; published it is in force; rolled back it is gone; and each is told by its versions."""
    path = f"{kind}/our_own"
    drafted = put(own, path, DECLARED[kind])
    assert drafted.status == 200, drafted.body
    shown = own.read(f"/v1/catalogue/{path}").json
    assert (shown["state"], shown["declaration"], shown["version"]) == ("draft", None, 0)
    assert shown["draft"]["declaration"] == drafted.json["declaration"]
    told = publish(own, path, {"reason": "asked for", "digest": drafted.json["digest"]}).json
    assert (told["number"], told["version"]) == (1, 1)
    shown = own.read(f"/v1/catalogue/{path}").json
    assert (shown["state"], shown["number"], shown["draft"]) == ("published", 1, None)
    assert shown["declaration"]["id"] == "our_own"
    listed = own.read(f"/v1/catalogue/{kind}?limit=500").json
    assert [one["state"] for one in listed["declarations"] if one["id"] == "our_own"] == ["published"]
    assert rollback(own, path, {"reason": "not so good"}).json["number"] == 2
    shown = own.read(f"/v1/catalogue/{path}").json
    assert (shown["declaration"], shown["number"], shown["version"]) == (None, 0, 2)
    assert [(one["number"], one["state"], one["content_of"]) for one in shown["versions"]] == [
        (2, "shipped", 0),
        (1, "declared", 1),
    ]
    assert rollback(own, path, {"version": 1}).json["number"] == 3
    assert own.read(f"/v1/catalogue/{path}").json["state"] == "published"
    assert rollback(own, path).json["number"] == 4
    assert rollback(own, path).code == "no_such_version"


def test_policy__published__routes_go_by_it(own: Shop) -> None:
    """The tenant's policy takes the place of the shipped one, and goes back to it."""
    shipped = own.read("/v1/catalogue/policies/default").json["declaration"]
    told = in_force(own, "policies/default", {**shipped, "version": "our-1"})
    assert told["version"] == 1
    asked = {"channel": "web", "purpose": "service", "identifiers": [{"namespace": "user_id", "value": "nobody"}]}
    assert own.ask("/v1/route", asked).json["policy_version"] == "our-1"
    assert rollback(own, "policies/default").status == 200
    assert own.ask("/v1/route", asked).json["policy_version"] == shipped["version"]
    wrong = put(own, "policies/default", {**shipped, "base_priority": "high"})
    assert mistakes(wrong) == [("base_priority", "wrong_type")]
    assert put(own, "policies/other", shipped).code == "bad_declaration"


@pytest.mark.parametrize("trade", TRADES)
def test_policy__of_each_trade__is_shown_published_over_and_gone_back_to(lambdas: Lambdas, trade: str) -> None:
    """A tenant has its trade's policy until it publishes one, drafts from it pass, and a rollback leads back to it."""
    shop = open_shop(lambdas)
    lambdas.operator.protect(shop.tenant_id, protections.Protections(trade=trade))
    forget_composed()
    view = shop.read("/v1/catalogue/policies/default").json
    assert (view["state"], view["declaration"]["id"], view["declaration"]) == ("shipped", trade, view["shipped"])
    asked = {"channel": "web", "purpose": "service", "identifiers": [{"namespace": "user_id", "value": "nobody"}]}
    assert shop.ask("/v1/route", asked).json["policy_version"] == view["declaration"]["version"]
    told = in_force(shop, "policies/default", {**view["declaration"], "version": "our-1"})
    assert told["version"] == 1
    assert shop.ask("/v1/route", asked).json["policy_version"] == "our-1"
    assert rollback(shop, "policies/default").status == 200
    assert shop.ask("/v1/route", asked).json["policy_version"] == view["declaration"]["version"]


def test_published_tag__is_on_people_and_in_why(own: Shop) -> None:
    """A tag of the tenant's own is seen on a profile with the catalogue's version in its why; another tenant has none."""
    rule = changed(
        signals=[{**TAG["signals"][0], "when": {">=": [{"count": ["contacts", 30]}, 1]}}],
        examples={"positive": {"m.contacts.count_30d": 1}, "negative": {"m.contacts.count_30d": 0}},
    )
    in_force(own, "tags/any_caller", rule)
    call = {"event": "Complaint Filed", "userId": "u-1", "properties": {}}
    assert own.send("/v1/track", call).status == 200
    assert own.lambdas.ingest() == {"batchItemFailures": []}
    profile = own.lookup("user_id", "u-1").json
    assert "any_caller" in [one["id"] for one in profile["tags"]]
    why = own.read(f"/v1/profiles/{profile['profile_id']}/tags/any_caller/why?purpose=service").json
    assert (why["set"], why["rule_version"]) == (True, 1)
    other = open_shop(own.lambdas)
    assert other.read("/v1/catalogue/tags/any_caller").status == 404


def test_measure__declared_by_a_tenant__counts_from_then_on_and_can_be_read(own: Shop) -> None:
    """A rule may read a measure once it is published; what came before that is not counted."""
    call = {"event": "Order Completed", "userId": "u-2", "properties": {"category": "appliances", "total": 10}}
    own.send("/v1/track", {**call, "messageId": "m-1"})
    own.lambdas.ingest()
    reading = changed(
        signals=[{**TAG["signals"][0], "when": {">=": [{"count": "large_orders"}, 1]}}],
        examples={"positive": {"m.large_orders.count": 1}, "negative": {"m.large_orders.count": 0}},
    )
    assert mistakes(put(own, "tags/buys_large", reading)) == [("signals[0].when", "unknown_path")]
    in_force(own, "measures/large_orders", MEASURE)
    in_force(own, "tags/buys_large", reading)
    assert "buys_large" not in [one["id"] for one in own.lookup("user_id", "u-2").json["tags"]]
    own.send("/v1/track", {**call, "messageId": "m-2"})
    own.lambdas.ingest()
    assert "buys_large" in [one["id"] for one in own.lookup("user_id", "u-2").json["tags"]]


def test_declaration__that_others_read__cannot_be_taken_away(own: Shop) -> None:
    """A measure, scene or tag that something in force reads is not withdrawn or rolled back; who reads it is named."""
    in_force(own, "measures/large_orders", MEASURE)
    reading = changed(
        signals=[{**TAG["signals"][0], "when": {">=": [{"count": "large_orders"}, 1]}}],
        examples={"positive": {"m.large_orders.count": 1}, "negative": {"m.large_orders.count": 0}},
    )
    in_force(own, "tags/buys_large", reading)
    gone = {"withdrawn": True}
    refused = put(own, "measures/large_orders", gone)
    assert mistakes(refused) == [("$", "in_use")]
    assert "buys_large" in refused.json["errors"][0]["message"]
    assert mistakes(rollback(own, "measures/large_orders")) == [("$", "in_use")]
    assert mistakes(put(own, "measures/large_orders", {**MEASURE, "where": None})) == [("$", "measure_changes")]
    assert put(own, "measures/large_orders", {**MEASURE, "names": {"zh": "大件", "en": "Big"}}).status == 200
    in_force(own, "scenes/anniversary", SCENE)
    weighs = {"scene": "anniversary", "weights": {"often": 1}}
    in_force(own, "tags/frequent_caller", changed(scenes=[weighs]))
    assert mistakes(put(own, "scenes/anniversary", gone)) == [("$", "in_use")]
    child = changed(parent="frequent_caller", threshold=0.6)
    in_force(own, "tags/child", child)
    assert mistakes(put(own, "tags/frequent_caller", gone)) == [("$", "in_use")]
    assert [code for _, code in mistakes(put(own, "tags/vip", gone))] == ["in_use"]
    in_force(own, "tags/child", gone)
    in_force(own, "tags/frequent_caller", gone)
    shown = own.read("/v1/catalogue/tags/frequent_caller").json
    assert (shown["state"], shown["declaration"]) == ("withdrawn", None)


def test_rollback__to_what_reads_what_is_gone__is_refused(own: Shop) -> None:
    """What ships is checked as well before it is in force again: a measure that it reads may have been withdrawn."""
    for path in ("tags/accepts_bot", "measures/bot_uses"):
        in_force(own, path, {"withdrawn": True})
    assert set(mistakes(rollback(own, "tags/accepts_bot"))) == {("signals[0].when", "unknown_path")}
    assert rollback(own, "measures/bot_uses").status == 200
    assert rollback(own, "tags/accepts_bot").status == 200


def test_measure__taken_away_and_declared_anew__counts_the_same(own: Shop) -> None:
    """To withdraw a measure first is no way round: what it counted is still stored."""
    other = {"on": ["page.viewed"], "names": MEASURE["names"]}
    in_force(own, "measures/our_own", MEASURE)
    in_force(own, "measures/our_own", {"withdrawn": True})
    assert mistakes(put(own, "measures/our_own", other)) == [("$", "measure_changes")]
    in_force(own, "measures/our_own", MEASURE)
    in_force(own, "tags/accepts_bot", {"withdrawn": True})
    in_force(own, "measures/bot_uses", {"withdrawn": True})
    assert mistakes(put(own, "measures/bot_uses", other)) == [("$", "measure_changes")]


def test_shipped_tag__overridden_and_withdrawn__by_one_tenant_only(own: Shop) -> None:
    """A tenant may say otherwise than what is shipped, or take it away, for itself."""
    shipped = own.read("/v1/catalogue/tags/contacts_rising")
    listed = own.read("/v1/catalogue/tags?limit=500").json["declarations"]
    free = next(one["id"] for one in listed if one["class"] == "channel_preference")
    assert shipped.status in (200, 404)
    in_force(own, f"tags/{free}", changed())
    shown = own.read(f"/v1/catalogue/tags/{free}").json
    assert (shown["state"], shown["declaration"]["version"]) == ("published", shown["shipped"]["version"] + 1)
    in_force(own, f"tags/{free}", {"withdrawn": True})
    assert own.read(f"/v1/catalogue/tags/{free}").json["state"] == "withdrawn"
    assert rollback(own, f"tags/{free}", {"version": 0}).status == 200
    assert own.read(f"/v1/catalogue/tags/{free}").json["state"] == "shipped"


def test_publish__of_what_somebody_changed__is_refused(own: Shop) -> None:
    """Who looked at a draft publishes that one, or is told that it is another by now."""
    digest = put(own, "tags/our_own", TAG).json["digest"]
    assert put(own, "tags/our_own", changed(threshold=0.4)).json["digest"] != digest
    assert publish(own, "tags/our_own", {"digest": digest}).code == "draft_changed"
    assert publish(own, "tags/our_own").status == 200
    assert publish(own, "tags/our_own").code == "no_such_draft"


def test_publish__checked_again__against_what_is_in_force_then(own: Shop) -> None:
    """A draft that was right when it was written is not published when it is wrong by then."""
    in_force(own, "measures/large_orders", MEASURE)
    reading = changed(
        signals=[{**TAG["signals"][0], "when": {">=": [{"count": "large_orders"}, 1]}}],
        examples={"positive": {"m.large_orders.count": 1}, "negative": {"m.large_orders.count": 0}},
    )
    assert put(own, "tags/buys_large", reading).status == 200
    in_force(own, "measures/large_orders", {"withdrawn": True})
    assert mistakes(publish(own, "tags/buys_large")) == [("signals[0].when", "unknown_path")]


def test_same_request__again_with_its_key__is_one_publication(own: Shop) -> None:
    """An ``Idempotency-Key`` makes a repeated publishing and a repeated roll back the first ones, told alike."""
    put(own, "tags/our_own", TAG)
    first = publish(own, "tags/our_own", {}, {"Idempotency-Key": "k1"})
    assert (first.status, first.json["number"]) == (200, 1)
    put(own, "tags/our_own", changed(threshold=0.4))
    assert publish(own, "tags/our_own", {}, {"Idempotency-Key": "k1"}).json == first.json
    assert own.read("/v1/catalogue/tags/our_own").json["draft"] is not None
    assert publish(own, "tags/our_own", {"reason": "x"}, {"Idempotency-Key": "k1"}).code == "idempotency_key_reused"
    assert publish(own, "tags/our_own", {}, {"Idempotency-Key": "k2"}).json["number"] == 2


def test_deeds__each__stand_in_the_audit(own: Shop) -> None:
    """Who drafted, dropped, published and rolled back what, and why, is read in the audit."""
    put(own, "tags/our_own", TAG)
    own.lambdas.http("DELETE", "/v1/catalogue/tags/our_own", token=own.admin_token)
    put(own, "tags/our_own", TAG)
    publish(own, "tags/our_own", {"reason": "asked for"})
    rollback(own, "tags/our_own", {"reason": "too many"})
    rows = own.read("/v1/audit?profile=tags/our_own").json["audited"]
    assert sorted((one["action"], one["reason"]) for one in rows) == [
        ("catalogue.draft", ""),
        ("catalogue.draft", ""),
        ("catalogue.drop", ""),
        ("catalogue.publish", "asked for"),
        ("catalogue.rollback", "too many"),
    ]
    assert {tuple(one["subjects"]) for one in rows} == {("tags/our_own",)}


def test_analyst__reads_and_writes_nothing(own: Shop) -> None:
    """Reading takes ``catalogue:read``, writing ``catalogue:write``; an agent has neither."""
    analyst, editor, agent = (own.role(one) for one in ("analyst", "rule_editor", "agent"))
    http = own.lambdas.http
    assert http("GET", "/v1/catalogue/tags", token=analyst).status == 200
    assert put(own, "tags/our_own", TAG, token=analyst).status == 403
    assert put(own, "tags/our_own", TAG, token=editor).status == 200
    for path in ("publish", "rollback"):
        assert http("POST", f"/v1/catalogue/tags/our_own/{path}", b"", token=analyst).status == 403
    assert http("DELETE", "/v1/catalogue/tags/our_own", token=analyst).status == 403
    assert http("GET", "/v1/catalogue/tags", token=agent).status == 403
    assert http("DELETE", "/v1/catalogue/tags/our_own", token=editor).status == 200


@pytest.mark.parametrize("name", ["__proto__", "constructor", "$where", "Vip", "a.b", "x" * 64, "9lives", "tag-id"])
def test_name__not_of_the_allow_list__is_refused(own: Shop, name: str) -> None:
    """Ids are lower-case words: none can mean anything to the store, to a path or to a script."""
    assert put(own, f"tags/{name}", TAG).code == "bad_name"
    assert publish(own, f"tags/{name}").code == "bad_name"
    assert own.read(f"/v1/catalogue/tags/{name}").code == "no_such_declaration"
    signals = [{**TAG["signals"][0], "id": name}]
    assert mistakes(put(own, "tags/our_own", changed(signals=signals))) == [("signals[0].id", "bad_name")]


def test_kind__that_is_none__is_not_found(own: Shop) -> None:
    """There are five kinds."""
    assert own.read("/v1/catalogue/rules").code == "no_such_kind"
    assert put(own, "rules/our_own", TAG).code == "no_such_kind"


BOMBS: Mapping[str, Any] = {
    "many_parts": {"or": [{">": [{"var": "m.contacts.count_30d"}, n]} for n in range(200)]},
    "unknown_variable": {"==": [{"var": "m.contacts.count_31d"}, 1]},
    "no_path": {"==": [{"var": ""}, 1]},
    "computed_path": {">": [{"var": {"cat": ["m.", "contacts"]}}, 1]},
    "loop": {">": [{"reduce": [[1, 2], {"+": [1, 2]}, 0]}, 1]},
    "pattern": {"matches": [{"var": "t.region"}, "(a+)+$"]},
    "prototype": {"==": [{"var": "__proto__.x"}, 1]},
    "operator_of_mongo": {"$where": "1"},
    "number_of_no_engine": {">=": [{"var": "m.contacts.count_30d"}, 2**70]},
    "amount_beyond_all_money": {">=": [{"var": "m.orders_paid.sum_30d"}, 1e30]},
}


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_condition__that_is_an_attack__is_refused_with_its_place(own: Shop, bomb: str) -> None:
    """Rule bombs, loops, patterns, computed and unknown paths never get as far as a draft."""
    signals = [{**TAG["signals"][0], "when": BOMBS[bomb]}]
    found = mistakes(put(own, "tags/our_own", changed(signals=signals)))
    assert found[0][0] == "signals[0].when", found


def test_condition__on_what_models_say__is_refused_with_what_to_do(own: Shop) -> None:
    """A tag follows from events: a score and a learned segment are refused by name, and a risk is named that may read them."""
    for path in ("score.churn", "segment.customers"):
        signals = [{**TAG["signals"][0], "when": {"!!": [{"var": path}]}}]
        answer = put(own, "tags/our_own", changed(signals=signals))
        assert mistakes(answer) == [("signals[0].when", "judged_path")]
        assert path in answer.json["errors"][0]["message"] and "outreach" in answer.json["errors"][0]["suggestion"]


def test_condition__nested_deep__is_refused_at_the_door(own: Shop) -> None:
    """A rule of a hundred thousand levels is refused like every body of that depth."""
    deep = json.dumps(TAG).replace('{"count": ["contacts", 30]}', '{"!":' * 100_000 + "1" + "}" * 100_000)
    answer = own.lambdas.http("PUT", "/v1/catalogue/tags/our_own", deep.encode(), token=own.admin_token)
    assert (answer.status, answer.code) == (400, "too_deep")


def test_texts__too_long_or_invisible__are_refused(own: Shop) -> None:
    """What people and models will read is short and on one line; nothing of it is repeated in the answer."""
    for text in ("x" * 501, "a\nb", "a\u2028b", "a\u202eb"):
        found = put(own, "tags/our_own", changed(meaning={"zh": text, "en": "ok"}))
        assert mistakes(found) == [("meaning.zh", "bad_text")]
        assert text.encode() not in found.body


@pytest.mark.parametrize("text", ["联系13900001234", "ask wang.fang@shop.test", "身份证11010119900307123X"])
def test_texts__with_somebodys_number_or_address__are_refused(own: Shop, text: str) -> None:
    """A declaration stands in no seal and is shown to many; what is refused is not repeated, nor kept."""
    assert put(own, "tags/our_own", changed(meaning={"zh": "常联系", "en": "Often"})).status == 200
    found = put(own, "tags/our_own", changed(meaning={"zh": text, "en": "ok"}))
    assert mistakes(found) == [("meaning.zh", "personal_text")] and text.encode() not in found.body
    assert text.encode() not in own.lambdas.http("GET", "/v1/catalogue/tags/our_own", token=own.admin_token).body


def test_bodies__of_wrong_shapes__are_problems(own: Shop) -> None:
    """Whatever is sent as a declaration, the answer is a problem document."""
    for body in ([], "tag", 1, None, {}, {"signals": 5}, {"signals": [5]}, {"signals": [{"when": []}], "id": {}}):
        for kind in ("tags", "measures", "scenes", "policies", "words", "outreach", "segmentations"):
            id_ = "default" if kind in ("policies", "outreach") else "our_own"
            if (kind, body) == ("outreach", {}):
                # A plan that says nothing is one: what ships, with its bounds.
                continue
            answer = put(own, f"{kind}/{id_}", body)
            assert (answer.status, answer.code) == (400, "bad_declaration"), (kind, body, answer.body)
            assert all(one["suggestion"] for one in answer.json["errors"])
    assert put(own, "tags/our_own", b"{").code == "bad_json"
    assert put(own, "tags/our_own", changed(owner="x" * 300_000)).code == "too_large"


MEASURES: Mapping[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "unknown type": ({"on": ["order.payed"]}, ("on[0]", "unknown_type")),
    "no type": ({"on": []}, ("on", "bad_types")),
    "field mistyped": ({"where": {"==": [{"var": "data.categry"}, "a"]}}, ("where", "unknown_path")),
    "no event field": ({"where": {"==": [{"var": "m.contacts.count"}, 1]}}, ("where", "unknown_path")),
    "fails on texts": ({"where": {">": [{"+": [{"var": "data.category"}, 1]}, 5]}}, ("where", "fails_on_nothing")),
    "fails on some": (
        {"where": {">": [{"+": [{"??": [{"var": "data.category"}, 0]}, 1]}, 5]}},
        ("where", "fails_on_values"),
    ),
    "not a sum": ({"amount": "data.category", "unit": "money"}, ("unit", "bad_unit")),
    "not of the event": ({"amount": "t.amount"}, ("amount", "unknown_path")),
}


@pytest.mark.parametrize("case", sorted(MEASURES))
def test_measure__that_would_set_events_aside__is_refused(own: Shop, case: str) -> None:
    """A measure runs on every event: one that cannot read what comes is refused before it harms any."""
    fields, expected = MEASURES[case]
    assert mistakes(put(own, "measures/our_own", {**MEASURE, **fields})) == [expected]


def test_list__in_pages__has_every_declaration_once(own: Shop) -> None:
    """Pages of a list follow one another by id."""
    put(own, "tags/our_own", TAG)
    whole = [one["id"] for one in own.read("/v1/catalogue/tags?limit=500").json["declarations"]]
    found: list[str] = []
    cursor = ""
    while True:
        page = own.read(f"/v1/catalogue/tags?limit=37&cursor={cursor}").json
        found += [one["id"] for one in page["declarations"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert found == whole == sorted(set(whole))
    assert "our_own" in found
    assert own.read("/v1/catalogue/tags?limit=501").code == "bad_limit"
    assert own.read("/v1/catalogue/tags?cursor=A!").code == "bad_cursor"


def test_other_functions__of_the_same_version__go_by_the_same_rules(own: Shop) -> None:
    """Ingestion, reading and merging of one container have one catalogue between them."""
    in_force(own, "tags/our_own", TAG)
    one = compose.catalogue(own.tenant_id)
    assert compose.ingest_services().catalogue(own.tenant_id) is one
    assert compose.read_services(own.tenant_id).catalogue is one
    assert compose.identity_services(own.tenant_id).catalogue is one
    assert one.version == 1


def test_read_services__until_something_is_published__are_put_together_once(own: Shop) -> None:
    """What answers are made from is the same for every call while the same is in force, and made anew after that."""
    one = compose.read_services(own.tenant_id)
    assert compose.read_services(own.tenant_id) is one
    in_force(own, "tags/our_own", TAG)
    later = compose.read_services(own.tenant_id)
    assert "our_own" in later.catalogue.rules.keys() - one.catalogue.rules.keys()
    assert compose.read_services(own.tenant_id) is later


def put_in_force_unchecked(shop: Shop, tag_id: str, rule: dict[str, Any]) -> None:
    """As a rule would stand that was published under earlier limits."""
    store, body = compose.declarations(), json.dumps({"id": tag_id, "version": 1, **rule}).encode()
    head = Head(1, store.keep_bundle(shop.tenant_id, 1, [Entry("tags", tag_id, 1, body)]))
    made = Version("tags", tag_id, 1, "declared", body, 0, "anna", "", 1, 1)
    assert store.publish(Publication(shop.tenant_id, head, made))
    compose.in_force().forget(shop.tenant_id)


def test_rule__over_its_budget__is_switched_off_and_the_event_applied(own: Shop, log: Callable[[], str]) -> None:
    """It is applied, alarmed, off for this tenant from then on, said so in why and in the audit, until it is published."""
    total = {"+": [{"var": "m.contacts.count_30d"}] * 25_000}
    costly = changed(signals=[{**TAG["signals"][0], "when": {">": [total, 1]}}])
    put_in_force_unchecked(own, "costly", costly)
    clock = [1_000.0]
    elsewhere = InForceCatalogues(compose.declarations, lambda: clock[0])
    assert elsewhere(own.tenant_id).off() == frozenset()
    complaint = {"event": "Complaint Filed", "userId": "u-1", "messageId": "c-1", "properties": {}}
    own.send("/v1/track", complaint)
    assert own.lambdas.ingest() == {"batchItemFailures": []}
    told = log()
    assert '"SwitchedOffRules":1.0' in told or '"SwitchedOffRules":1' in told
    assert "rule_switched_off" in told
    assert compose.catalogue(own.tenant_id).switched_off == {"costly"}
    clock[0] += 60
    assert elsewhere(own.tenant_id).off() == {"costly"}
    profile = own.lookup("user_id", "u-1").json
    assert profile["measures"]
    own.send("/v1/track", {**complaint, "messageId": "c-2"})
    own.lambdas.ingest()
    assert "rule_failed" not in log()
    why = own.read(f"/v1/profiles/{profile['profile_id']}/tags/costly/why?purpose=service").json
    assert (why["set"], why["switched_off"]) == (False, True)
    assert own.read("/v1/catalogue/tags/costly").json["switched_off"] is True
    rows = own.read("/v1/audit?profile=tags/costly").json["audited"]
    assert [(one["action"], one["principal"]) for one in rows] == [("catalogue.switch_off", "zhiyin")]
    in_force(own, "tags/costly", TAG)
    assert own.read("/v1/catalogue/tags/costly").json["switched_off"] is False
    clock[0] += 60
    assert elsewhere(own.tenant_id).off() == frozenset()


def test_rule__over_its_budget_at_a_read__is_switched_off_as_well(own: Shop, log: Callable[[], str]) -> None:
    """The function that reads sees it too, and answers without that tag."""
    own.send("/v1/track", {"event": "Complaint Filed", "userId": "u-1", "properties": {}})
    own.lambdas.ingest()
    total = {"+": [{"var": "m.contacts.count_30d"}] * 25_000}
    put_in_force_unchecked(own, "costly", changed(signals=[{**TAG["signals"][0], "when": {">": [total, 1]}}]))
    assert own.lookup("user_id", "u-1").status == 200
    assert "rule_switched_off" in log()
    assert compose.catalogue(own.tenant_id).switched_off == {"costly"}


def test_switching_off__that_cannot_be_written__harms_no_event(
    own: Shop, monkeypatch: pytest.MonkeyPatch, log: Callable[[], str]
) -> None:
    """The event is applied and not delivered again; the rule is switched off with a later one."""
    total = {"+": [{"var": "m.contacts.count_30d"}] * 25_000}
    put_in_force_unchecked(own, "costly", changed(signals=[{**TAG["signals"][0], "when": {">": [total, 1]}}]))

    def away(*_: Any) -> None:
        raise Unavailable("no_answer", "Not now.")

    with monkeypatch.context() as patch:
        patch.setattr(type(compose.declarations()), "switch_off", away)
        own.send("/v1/track", {"event": "Complaint Filed", "userId": "u-1", "messageId": "c-1", "properties": {}})
        assert own.lambdas.ingest() == {"batchItemFailures": []}
        assert "rules_not_switched_off" in log()
    own.send("/v1/track", {"event": "Complaint Filed", "userId": "u-1", "messageId": "c-2", "properties": {}})
    own.lambdas.ingest()
    assert compose.catalogue(own.tenant_id).switched_off == {"costly"}


def test_switching_off__of_very_many_rules__is_noted(own: Shop) -> None:
    """A measure that makes a thousand rules costly at once switches all of them off."""
    marks = {f"tag_{number}": "shipped 1" for number in range(1_000)}
    compose.declarations().switch_off(own.tenant_id, marks)
    assert compose.declarations().standing(own.tenant_id).switched_off == marks


def test_rules__beyond_the_bounds_of_a_tenant__are_refused_by_their_cost(
    own: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant has so many rules of its own, and all of them together cost so much; the next one is refused."""
    in_force(own, "tags/first", TAG)
    with monkeypatch.context() as patch:
        patch.setattr(check_declaration, "MOST", {**check_declaration.MOST, "tags": 1})
        assert mistakes(put(own, "tags/second", changed(threshold=0.4))) == [("$", "too_many")]
        assert put(own, "tags/first", changed(threshold=0.4)).status == 200
    with monkeypatch.context() as patch:
        patch.setattr(check_declaration, "MOST_PARTS", 9)
        assert mistakes(put(own, "tags/second", changed(threshold=0.4))) == [("$", "too_costly")]
    many = {"or": [{">": [{"var": "m.contacts.count_30d"}, n]} for n in range(17, 40)]}
    signals = [{**TAG["signals"][0], "id": f"s{n}", "weight": 0.125, "when": many} for n in range(8)]
    assert mistakes(put(own, "tags/wide", changed(signals=signals))) == [("signals", "too_costly")]


def operate(shop: Shop, *given: str) -> dict[str, Any]:
    """The operator's command on this deployment."""
    asked = operator._parser().parse_args(["catalogue", *given, "--tenant", shop.tenant_id])
    return shop.lambdas.operator.declare(asked)


def test_operator__puts_and_publishes_files__like_the_door(own: Shop, tmp_path: Path) -> None:
    """Files are drafted with every mistake of all of them told, published, listed and rolled back."""
    good, bad, torn = (tmp_path / f"{name}.json" for name in ("our_own", "our_other", "torn"))
    good.write_text(json.dumps(TAG), encoding="utf-8")
    bad.write_text(json.dumps(changed(threshold=2, colour="red")), encoding="utf-8")
    torn.write_text("{", encoding="utf-8")
    with pytest.raises(Failure) as failed:
        operate(own, "put", "--kind", "tags", "--files", str(good), str(bad), str(torn))
    assert [line.partition(": ")[0].rpartition("/")[2] for line in str(failed.value).splitlines()] == [
        "our_other.json",
        "our_other.json",
        "torn.json",
    ]
    assert operate(own, "list", "--kind", "tags")["our_own"] == "draft, draft"
    published = operate(own, "publish", "--kind", "tags", "--id", "our_own", "--reason", "asked for")
    assert published == {"id": "our_own", "number": 1, "version": 1}
    assert operate(own, "list", "--kind", "tags")["our_own"] == "published, number 1"
    assert own.read("/v1/catalogue/tags/our_own").json["state"] == "published"
    assert operate(own, "rollback", "--kind", "tags", "--id", "our_own")["number"] == 2
    rows = own.read("/v1/audit?principal=operator").json["audited"]
    assert {one["action"] for one in rows} == {"catalogue.draft", "catalogue.publish", "catalogue.rollback"}
    with pytest.raises(Failure):
        operate(own, "publish", "--kind", "tags")


def test_policy__with_loops_or_clocks__is_refused(own: Shop) -> None:
    """What a policy may use is what a tag may: an allow-list without loops, clocks and patterns."""
    shipped = own.read("/v1/catalogue/policies/default").json["declaration"]
    loop = {"reduce": [[1] * 50, {"map": [[1] * 50, 1]}, 0]}
    for bomb in (loop, {">": [{"now": []}, 1]}, {"matches": [{"var": "message.text"}, "(a+)+$"]}, {"$where": "1"}):
        rules = [{**shipped["rules"][0], "when": {"and": [True, bomb]}}, *shipped["rules"][1:]]
        found = mistakes(put(own, "policies/default", {**shipped, "rules": rules}))
        assert set(found) == {("rules[0].when", "bad_operator")}
    rules = [{**shipped["rules"][0], "when": {">": [{"var": "message.length"}, 2**70]}}, *shipped["rules"][1:]]
    assert ("rules[0].when", "bad_number") in mistakes(put(own, "policies/default", {**shipped, "rules": rules}))
    many = {"or": [{"==": [{"var": f"tags.nobody_{n}"}, 1]} for n in range(21)]}
    rules = [{**shipped["rules"][0], "when": many}, *shipped["rules"][1:]]
    assert mistakes(put(own, "policies/default", {**shipped, "rules": rules})) == [("$", "unknown_paths")]
    queues = {**shipped["queues"], "__proto__": shipped["queues"]["general"]}
    assert ("queues", "bad_name") in mistakes(put(own, "policies/default", {**shipped, "queues": queues}))


def test_refusal__of_a_rule_that_is_wrong_all_over__is_quick(own: Shop) -> None:
    """To tell what was meant is dear, so it is told of some: an editor's mistake does not hold a function."""
    wide = {"or": [{">": [{"var": f"m.contcats.count_{n}d"}, n]} for n in range(21)]}
    found = mistakes(put(own, "tags/our_own", changed(signals=[{**TAG["signals"][0], "when": wide}])))
    assert found == [("signals", "unknown_path")]
    huge = changed(examples={"positive": {f"m.c{n}": n for n in range(4_000)}, "negative": {}})
    assert mistakes(put(own, "tags/our_own", huge)) == [("$", "too_costly")]


def test_scene__that_fails_in_some_situation__is_refused(own: Shop) -> None:
    """A scene that cannot be evaluated would fail every route that asks for it."""
    for when in ({">": [{"var": "text"}, 5]}, {">": [{"+": [{"??": [{"var": "channel"}, 0]}, 1]}, 5]}):
        assert ("when", "fails_on_values") in mistakes(put(own, "scenes/our_own", {**SCENE, "when": when}))
