"""Proactive service through the doors: a plan is published, a risk is seen, the desk works it off, and who may is held to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.entrypoints import compose
from tests.entrypoints.service import Answer, Lambdas, Shop, forget_composed, open_shop, unique

PLAN: dict[str, Any] = {"hold_back": 0.0, "experiment": "spring", "quiet": {"begins": 0, "ends": 0}}


def publish(shop: Shop, plan: dict[str, Any]) -> Answer:
    """Draft the plan and put it in force."""
    path, token = "/v1/catalogue/outreach/default", shop.admin_token
    drafted = shop.lambdas.http("PUT", path, plan, token=token)
    if drafted.status != 200:
        return drafted
    answer = shop.lambdas.http("POST", f"{path}/publish", {"reason": "spring"}, token=token)
    compose.in_force().forget(shop.tenant_id)
    return answer


def payments_fail(shop: Shop, who: str) -> None:
    """Three payments fail in a row."""
    calls = [
        {"type": "track", "messageId": unique("m"), "userId": who, "event": "Payment Failed", "properties": {}}
        for _ in range(3)
    ]
    assert shop.send("/v1/batch", {"batch": calls}).status == 200
    shop.lambdas.ingest()


@pytest.fixture
def planned(lambdas: Lambdas) -> Iterator[Shop]:
    """A shop of its own with a plan in force."""
    shop = open_shop(lambdas)
    assert publish(shop, PLAN).status == 200
    yield shop
    forget_composed()


def suggestions(shop: Shop, role: str = "supervisor") -> list[dict[str, Any]]:
    answer = shop.lambdas.http("GET", "/v1/outreach", token=shop.role(role))
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["suggestions"]
    return found


@pytest.mark.parametrize(("share", "held_back"), [(0.0, "false"), (0.5, "true")])
def test_person__sees_what_was_raised_of_them__on_the_page_and_in_every_export(
    lambdas: Lambdas, share: float, held_back: str
) -> None:
    """JSON, a page in both languages and a table say what was seen, why, and whether they are held back."""
    shop = open_shop(lambdas)
    # Enough people that some are in the group: who is drawn follows from the id alone.
    assert publish(shop, {**PLAN, "hold_back": share}).status == 200
    for _ in range(40):
        user = unique("u")
        payments_fail(shop, user)
        told = {"profile_id": shop.lookup("user_id", user).json["profile_id"], "reason": "asked"}
        token = shop.ask("/v1/privacy/links", told).json["url"].partition("#")[2]
        me = lambdas.http("GET", "/v1/me", token=token)
        assert me.status == 200, me.body
        if me.json["control_group"]["held_back"] is (held_back == "true"):
            break
    one = next(one for one in me.json["risks"] if one["risk"] == "payment_anomaly")
    assert str(one["held_back"]).lower() == held_back and one["why"][0]["zh"] and one["explained"]["en"]
    export = {
        kind: lambdas.http("GET", f"/v1/me/export?format={kind}&language={language}", token=token).body.decode()
        for kind, language in (("json", "en"), ("csv", "en"), ("html", "zh"))
    }
    assert json.loads(export["json"])["person"]["risks"] == me.json["risks"]
    assert f'"control_group","held_back","","{held_back}"' in export["csv"]
    assert one["why"][0]["zh"] in export["html"] and one["explained"]["zh"] in export["html"]
    assert one["why"][0]["en"] in export["csv"] and one["why"][0]["en"] not in export["html"]
    # Lists are rows and items of their own, and not the text that Python has for them.
    assert not any("{'" in text or "('" in text for text in (export["csv"], export["html"]))
    forget_composed()


def test_outreach__from_the_event_to_the_answer__is_worked_off(planned: Shop) -> None:
    """A risk is listed with its sentence and why, marked as sent, answered, and then gone; the context told of it, too."""
    payments_fail(planned, "u-9")
    found = {one["risk"]: one for one in suggestions(planned)}
    one = found["payment_anomaly"]
    assert one["suggestion"] == "guard_call" and one["why"][0]["says"]["zh"] and one["says"]["en"]
    path = f"/v1/profiles/{one['profile_id']}/context?purpose=service&channel=phone"
    context = planned.lambdas.http("GET", path, token=planned.role("agent")).json
    assert one["risk_id"] in {told["risk_id"] for told in context["suggestions"]}
    outcome = f"/v1/outreach/{one['risk_id']}/outcome"
    token = planned.role("supervisor")
    assert planned.lambdas.http("POST", outcome, {"result": "sent"}, token=token).json["sent_at"]
    assert {one["state"] for one in suggestions(planned)} == {"sent", "open"}
    assert planned.lambdas.http("POST", outcome, {"result": "accepted"}, token=token).json["answer"] == "accepted"
    assert planned.lambdas.http("POST", outcome, {"result": "declined"}, token=token).code == "already_answered"
    assert planned.lambdas.http("POST", outcome, {"result": "maybe"}, token=token).status == 400
    assert one["risk_id"] not in {left["risk_id"] for left in suggestions(planned)}
    effect = planned.lambdas.http("GET", "/v1/outreach/effect", token=token).json
    assert (effect["treated"], effect["held"]) == (0, 0) and effect["effects"][0]["difference"] is None


def test_outreach__for_a_role_of_another_purpose__shows_nothing_of_service(planned: Shop) -> None:
    """Whoever sells sees what is for marketing; and neither a bot, an agent nor an analyst sees the list."""
    payments_fail(planned, "u-8")
    assert len(suggestions(planned)) == 2
    assert suggestions(planned, "marketer") == []
    for role in ("bot", "agent", "analyst", "privacy_officer"):
        answer = planned.lambdas.http("GET", "/v1/outreach", token=planned.role(role))
        assert answer.status == 403, role


def test_outreach__of_another_tenant_or_without_a_plan__is_nothing(planned: Shop) -> None:
    """A risk's id is no key to it elsewhere; and who published no plan has no suggestions at all."""
    payments_fail(planned, "u-7")
    other = open_shop(planned.lambdas)
    payments_fail(other, "u-7")
    assert suggestions(other) == []
    theirs = f"/v1/outreach/{suggestions(planned)[0]['risk_id']}/outcome"
    answer = other.lambdas.http("POST", theirs, {"result": "sent"}, token=other.admin_token)
    assert (answer.status, answer.code) == (404, "no_such_suggestion")


def test_outreach__read__is_noted_of_each_person(planned: Shop) -> None:
    """Who saw whom stands in the audit before the answer."""
    payments_fail(planned, "u-6")
    (profile_id,) = {one["profile_id"] for one in suggestions(planned)}
    rows = planned.lambdas.http("GET", f"/v1/audit?profile={profile_id}", token=planned.admin_token).body
    assert b"outreach.read" in rows


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"hold_back": 0.9}, "hold_back", "bad_share"),
    ({"caps": {"person": 0}}, "caps.person", "out_of_range"),
    ({"quiet": {"begins": 24}}, "quiet.begins", "out_of_range"),
    ({"off": ["complaint_rsk"]}, "off[0]", "unknown_risk"),
    ({"experiment": "Spring 1"}, "experiment", "bad_name"),
    ({"holdback": 0.1}, "holdback", "unknown_field"),
)


def own_rule(**changed: Any) -> dict[str, Any]:
    """A risk of the tenant's own."""
    text = {"zh": "测试", "en": "test"}
    sign = {"id": "one", "when": {">=": [{"var": "m.contacts.count_30d"}, 3]}, "says": text}
    made = {"id": "own", "name": text, "suggestion": "guard_call", "says": text, "purpose": "service", "signs": [sign]}
    return made | {"valid_days": 3, "again_days": 9} | changed


def sign(when: Any) -> list[dict[str, Any]]:
    return [{"id": "one", "when": when, "says": {"zh": "测", "en": "t"}}]


WRONG_RULES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"signs": sign({"!!": [{"var": "tag.high_valu"}]})}, "rules[0].signs[0].when", "unknown_path"),
    ({"signs": sign({">=": [{"var": "score.chrun"}, 1]})}, "rules[0].signs[0].when", "unknown_path"),
    ({"signs": sign({"<": [{"??": [{"var": "m.contacts.count"}, 0]}, 9]})}, "rules[0].signs[0].when", "true_of_nobody"),
    ({"signs": sign({"!!": [{"var": "t.phone"}]})}, "rules[0].signs[0].when", "sealed_trait"),
    ({"signs": []}, "rules[0].signs", "no_signals"),
    ({"channels": ["pigeon"]}, "rules[0].channels[0]", "unknown_channel"),
    ({"again_days": 0}, "rules[0].again_days", "out_of_range"),
    (
        {"purpose": "marketing", "signs": sign({"!!": [{"var": "tag.likely_to_complain"}]})},
        "rules[0].purpose",
        "wider_purposes",
    ),
)


@pytest.mark.parametrize(("changed", "path", "code"), WRONG)
def test_plan__that_cannot_be__is_refused_with_where_and_what_instead(
    planned: Shop, changed: dict[str, Any], path: str, code: str
) -> None:
    """Each mistake with its path, its code and a suggestion."""
    answer = publish(planned, {**PLAN, **changed})
    assert answer.status == 400
    assert [(one["path"], one["code"]) for one in answer.json["errors"]] == [(path, code)]
    assert answer.json["errors"][0]["suggestion"]


@pytest.mark.parametrize(("changed", "path", "code"), WRONG_RULES)
def test_plan__with_a_rule_that_cannot_be__is_refused(
    planned: Shop, changed: dict[str, Any], path: str, code: str
) -> None:
    """A rule reads what exists for its purpose, and is true of nobody unknown."""
    answer = publish(planned, {**PLAN, "rules": [own_rule(**changed)]})
    assert answer.status == 400
    assert (path, code) in [(one["path"], one["code"]) for one in answer.json["errors"]]


def test_plan__with_many_mistakes__tells_all_at_once(planned: Shop) -> None:
    """Every mistake comes with the first answer; a sound plan, its own rule in it, is taken."""
    rules = [own_rule(**changed) for changed, _, _ in WRONG_RULES]
    answer = publish(planned, {**PLAN, "hold_back": 2, "rules": rules})
    assert len(answer.json["errors"]) > len(WRONG_RULES)
    assert publish(planned, {**PLAN, "rules": [own_rule()]}).status == 200


def test_plan__withdrawn__ends_suggestions(planned: Shop) -> None:
    """What a tenant took back is in force no more; what was listed is gone with it."""
    payments_fail(planned, "u-5")
    assert suggestions(planned)
    assert publish(planned, {"withdrawn": True}).status == 200
    assert suggestions(planned) == []
    payments_fail(planned, "u-4")
    assert suggestions(planned) == []


def test_plan__in_the_catalogue__is_listed_with_what_it_says(planned: Shop) -> None:
    """It has versions and can be read like any other declaration."""
    answer = planned.lambdas.http("GET", "/v1/catalogue/outreach/default", token=planned.admin_token)
    assert answer.json["state"] == "published" and answer.json["declaration"]["experiment"] == "spring"
    assert json.loads(answer.body)["versions"][0]["number"] == 1
