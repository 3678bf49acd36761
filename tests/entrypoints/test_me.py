"""The people's own side over HTTP: nothing without a link, everything in clear with one, and no more than it is for."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from app import app
from chalicelib.entrypoints import compose, erasing, queue_privacy, self_service
from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.kernel.codec import decode
from chalicelib.privacy.links import ACTIONS
from tests.entrypoints.service import Answer, Invocation, Lambdas, Shop, open_shop, unique

NICKNAME = '<img src=x onerror="document.title=1">'
BY_LINK = {
    (method, path): entry.view_function.action  # type: ignore[attr-defined]  # `by_link` puts it there
    for path, methods in app.routes.items()
    for method, entry in methods.items()
    if hasattr(entry.view_function, "action")
}
OPEN = ["/v1/me/app.js", "/v1/me/app.css"]
BAD_HEADERS = [
    "",
    "Bearer",
    "Bearer zl_",
    "Bearer zl_x.y",
    "Bearer zt_" + "a" * 43,
    "Basic eDo=",
    "Bearer zl_" + "A" * 60 + "." + "B" * 43,
]


class Guest(msgspec.Struct, frozen=True):
    """Somebody whom the shop knows, and who holds a link."""

    shop: Shop
    user: str
    phone: str
    profile_id: str
    link_id: str
    token: str

    def call(self, method: str, path: str, body: Any = b"", headers: Any = None) -> Answer:
        return self.shop.lambdas.http(method, path, body, headers, token=self.token)

    def me(self) -> Any:
        answer = self.call("GET", "/v1/me")
        assert answer.status == 200, answer
        return answer.json

    def held(self) -> dict[str, Any]:
        return {one["field"]: one["value"] for one in self.me()["held"]}


@pytest.fixture(autouse=True)
def _as_often_as_a_test_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.flows.open_link.CALLS", 1_000)


def guest_of(shop: Shop, **asked: Any) -> Guest:
    user, phone = (
        unique("u"),
        "139" + "".join(character for character in str(hash(unique("p"))) if character.isdigit())[:8],
    )
    traits = {"name": NICKNAME, "gender": "female", "phone": phone, "birthday": "1999-03-02", "city": "上海"}
    shop.send("/v1/identify", {"messageId": unique("m"), "userId": user, "traits": traits})
    assert shop.lambdas.ingest() == {"batchItemFailures": []}
    profile_id = shop.lookup("user_id", user).json["profile_id"]
    made = shop.ask("/v1/privacy/links", {"profile_id": profile_id, "reason": "asked", **asked}).json
    return Guest(shop, user, phone, profile_id, made["link_id"], made["url"].partition("#")[2])


@pytest.fixture(scope="module")
def guest(shop: Shop) -> Guest:
    return guest_of(shop)


# -- the walk


def test_routes__of_people__are_these_and_each_checks_the_link() -> None:
    """A new route under /v1/me is either named here as one that holds nothing, or it checks the link."""
    mine = {(method, path) for path, methods in app.routes.items() for method in methods if path.startswith("/v1/me")}
    mine = {(method, path) for method, path in mine if path == "/v1/me" or path.startswith("/v1/me/")}
    assert mine - {("GET", path) for path in OPEN} == set(BY_LINK)
    assert set(BY_LINK.values()) <= set(ACTIONS)


@pytest.mark.parametrize(("method", "path"), sorted(BY_LINK))
@pytest.mark.parametrize("header", BAD_HEADERS)
def test_route__without_a_link_that_holds__one_refusal(lambdas: Lambdas, method: str, path: str, header: str) -> None:
    """Whatever is wrong, the answer is the same."""
    answer = lambdas.http(method, path, {}, {"authorization": header} if header else {})
    told = answer.json
    assert (answer.status, told.pop("request_id") != "") == (401, True)
    assert told == {"code": "not_authorised", "message": "A valid credential is needed.", "errors": []}


@pytest.mark.parametrize(("method", "path"), sorted(BY_LINK))
def test_route__with_staffs_credentials__refused(shop: Shop, method: str, path: str) -> None:
    """An admin is nobody here: these routes are a person's."""
    assert shop.lambdas.http(method, path, {}, token=shop.admin_token).status == 401
    assert shop.lambdas.http(method, path, {}, key=shop.write_key).status == 401


@pytest.mark.parametrize(("method", "path"), sorted(BY_LINK))
def test_route__with_a_link_for_all_else__forbidden(shop: Shop, method: str, path: str) -> None:
    """A link is for what it names."""
    others = [action for action in ACTIONS if action != BY_LINK[method, path]]
    answer = guest_of(shop, actions=others).call(method, path, {})
    assert (answer.status, answer.code) == (403, "action_not_allowed")


def test_link__on_a_route_of_staff__is_no_credential(guest: Guest) -> None:
    """A person's link opens their own side only."""
    for path in ("/v1/audit", f"/v1/profiles/{guest.profile_id}?purpose=service"):
        assert guest.call("GET", path).status == 401


# -- the page


@pytest.mark.parametrize("path", ["/v1/me", *OPEN])
def test_page__and_what_it_loads__runs_nothing_but_our_script_and_is_kept_by_nobody(
    lambdas: Lambdas, path: str
) -> None:
    """The headers that a browser goes by stand on every answer."""
    answer = lambdas.http("GET", path, headers={"accept": "text/html,*/*"})
    assert answer.status == 200
    headers = {name.lower(): value for name, value in answer.headers.items()}
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_refusal__to_a_person__has_the_same_headers(lambdas: Lambdas) -> None:
    """A refusal is no page either that may be framed or kept."""
    answer = lambdas.http("GET", "/v1/me")
    assert answer.status == 401
    assert set(self_service.HEADERS) <= set(answer.headers)


@pytest.mark.parametrize(
    ("languages", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh-TW;q=0.5", "zh"),
        ("", "en"),
        ("x" * 9_999, "en"),
    ],
)
def test_page__in_the_browsers_language(lambdas: Lambdas, languages: str, lang: str) -> None:
    """Chinese or English, whichever a browser names first."""
    body = lambdas.http("GET", "/v1/me", headers={"accept": "text/html", "accept-language": languages}).body.decode()
    assert f'<html lang="{lang}">' in body


def test_page__its_source__has_no_inline_script_no_foreign_address_and_no_way_for_markup(lambdas: Lambdas) -> None:
    """What the policy forbids is not there either, and the script knows no way to put in markup."""
    html = lambdas.http("GET", "/v1/me", headers={"accept": "text/html"}).body.decode()
    script = lambdas.http("GET", "/v1/me/app.js").body.decode()
    style = lambdas.http("GET", "/v1/me/app.css").body.decode()
    assert re.findall(r"<script(?! src=\"me/app\.js\" defer></script>)", html) == []
    assert not re.search(r"\son\w+=|style=|javascript:", html)
    for text in (html, script, style):
        assert not re.search(r"https?://|url\(|@import", text)
    for name in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "localStorage",
        "sessionStorage",
        "cookie",
    ):
        assert name not in script


def test_page__every_sentence__is_said_in_both_languages(lambdas: Lambdas) -> None:
    """What is said in one language is said in the other, with the same places for values."""
    source = lambdas.http("GET", "/v1/me/app.js").body.decode()
    english, _, chinese = source[source.index("const WORDS") : source.index("// The page of one person")].partition(
        "\n  zh: {"
    )
    pattern = re.compile(r'^ {4}(\w+): "(.*)",$', re.MULTILINE)
    one, other = dict(pattern.findall(english)), dict(pattern.findall(chinese))
    assert len(one) > 60 and one.keys() == other.keys()
    assert all(sorted(re.findall(r"\{\w+\}", one[key])) == sorted(re.findall(r"\{\w+\}", other[key])) for key in one)
    used = set(re.findall(r'say\("(\w+)"', source)) | set(re.findall(r'data-says="(\w+)"', source))
    assert used <= one.keys()


# -- what is shown


def test_me__with_a_link__shows_values_in_clear_with_their_grounds(guest: Guest) -> None:
    """The person sees what is held, where it is from, why, how long, and who gets it."""
    view = guest.me()
    held = {one["field"]: one for one in view["held"]}
    assert held["name"]["value"] == NICKNAME
    assert held["phone"]["value"].endswith(guest.phone)
    assert held["birth_date"]["value"] == "1999-03-02"
    assert held["name"]["class"] == "personal"
    assert (
        held["name"]["purposes"]
        and held["name"]["legal_basis"]
        and held["name"]["kept_until"]
        and held["name"]["recipients"]
    )
    assert held["name"]["source"] == "first source"
    assert (held["birth_date"]["correctable"], held["age_band"]["correctable"]) == (True, False)
    known = {one["namespace"]: one for one in view["identifiers"]}
    assert known["user_id"]["value"] == guest.user
    assert known["phone"]["value"].endswith(guest.phone)
    assert view["company"] == "shop"
    assert {one["purpose"] for one in view["consents"]} == {"service", "marketing", "analytics", "profiling"}


def test_me__tags__say_why(guest: Guest) -> None:
    """Each conclusion names the sentences that it follows from, in both languages."""
    tags = {one["tag"]: one for one in guest.me()["tags"]}
    assert tags["female"]["why"]
    assert all(text["zh"] and text["en"] for one in tags.values() for text in one["why"])


def test_me__decisions__say_where_and_why(shop: Shop) -> None:
    """Where somebody was sent is shown with its reasons."""
    guest = guest_of(shop)
    asked = {"profile_id": guest.profile_id, "channel": "web", "purpose": "service", "message": "要投诉"}
    decided = shop.ask("/v1/route", asked).json
    (shown,) = guest.me()["decisions"]
    assert (shown["decision_id"], shown["queue"]) == (decided["decision_id"], decided["queue"])


def test_me__used__stands_in_the_audit_as_the_person(shop: Shop) -> None:
    """Each use is answered for, and the row holds no value."""
    guest = guest_of(shop)
    guest.me()
    rows = compose.history().records(shop.tenant_id, AUDIT, before=1 << 60, limit=500)
    told = [decode(row.content, Audited) for row in rows]
    used = [one for one in told if one.result == guest.link_id and one.action == "links.use"]
    assert [(one.principal, one.subjects, one.reason) for one in used] == [("person", (guest.profile_id,), "see")]
    assert guest.phone not in json.dumps([msgspec.to_builtins(one) for one in told])


def test_me__link_revoked_or_of_another_shop__refused(shop: Shop) -> None:
    """A link that was taken back opens nothing any more; nor does a shop's key sign for another shop."""
    guest = guest_of(shop)
    assert guest.call("GET", "/v1/me").status == 200
    shop.lambdas.http("DELETE", f"/v1/privacy/links/{guest.link_id}", token=shop.admin_token)
    assert guest.call("GET", "/v1/me").status == 401
    other = open_shop(shop.lambdas, "other")
    assert guest_of(other).me()["company"] == "other"


def test_me__too_often__429_with_how_long_to_wait(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link has its limit, and who meets it is told when to come again."""
    monkeypatch.setattr("chalicelib.flows.open_link.CALLS", 2)
    monkeypatch.setattr("chalicelib.flows.open_link.WINDOW_MS", 600_000)
    guest = guest_of(shop)
    answers = [guest.call("GET", "/v1/me") for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 0


# -- what is changed


def test_correction__by_the_person__is_in_force_and_wins_over_sources(shop: Shop) -> None:
    """The person's own word stands, whatever a source says afterwards."""
    guest = guest_of(shop)
    answer = guest.call("POST", "/v1/me/corrections", {"traits": {"name": "李四", "city": "北京"}})
    assert (answer.status, answer.json["fields"]) == (202, ["city", "name"])
    shop.lambdas.ingest()
    shop.send("/v1/identify", {"messageId": unique("m"), "userId": guest.user, "traits": {"name": "王五"}})
    shop.lambdas.ingest()
    held = guest.held()
    assert (held["name"], held["city"]) == ("李四", "北京")
    source = next(one["source"] for one in guest.me()["held"] if one["field"] == "name")
    assert source == "person"


def test_correction__that_it_is_not_so__nothing_is_held(shop: Shop) -> None:
    """Null is a correction, too."""
    guest = guest_of(shop)
    guest.call("POST", "/v1/me/corrections", {"traits": {"birth_date": None}})
    shop.lambdas.ingest()
    assert not {"birth_date", "age_band"} & guest.held().keys()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_request"),
        ({"traits": {}}, "bad_request"),
        ({"traits": {"age_band": "18_24"}}, "derived_trait"),
        ({"traits": {"nonsense": "x"}}, "unknown_trait"),
        ({"traits": {"birth_date": "yesterday"}}, "bad_trait"),
        ({"traits": {"name": "x"}, "profile_id": "p_other"}, "bad_request"),
    ],
)
def test_correction__that_cannot_be__says_why(guest: Guest, body: Any, code: str) -> None:
    """Each mistake has its code, and nothing is queued; nobody else can be named."""
    answer = guest.call("POST", "/v1/me/corrections", body)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("value", [True, False, None])
def test_correction__of_what_the_company_judges__forbidden(guest: Guest, value: Any) -> None:
    """Nobody makes himself a VIP, or takes back what a bank thinks of him: that goes by staff."""
    answer = guest.call("POST", "/v1/me/corrections", {"traits": {"is_vip": value, "name": "x"}})
    assert (answer.status, answer.code) == (403, "not_yours_to_set")


def test_correction__sent_again_with_its_key__is_one(shop: Shop) -> None:
    """A page that lost the answer sends it again."""
    guest = guest_of(shop)
    headers = {"Idempotency-Key": unique("k")}
    first, again = (guest.call("POST", "/v1/me/corrections", {"traits": {"name": "李四"}}, headers) for _ in range(2))
    assert first.json["correction_id"] == again.json["correction_id"]


def test_consent__by_the_person__counts_at_once_for_everybody(shop: Shop) -> None:
    """A no is read by staff in the next call, and by the person."""
    guest = guest_of(shop)
    answer = guest.call("POST", "/v1/me/consents", {"purpose": "marketing", "granted": False})
    assert (answer.status, answer.json["granted"]) == (200, False)
    mine = {one["purpose"]: one for one in guest.me()["consents"]}
    assert (mine["marketing"]["granted"], mine["analytics"]["granted"]) == (False, None)
    ledger = shop.read(f"/v1/profiles/{guest.profile_id}/consents?purpose=service").json
    assert [(one["purpose"], one["granted"], one["source"]) for one in ledger["consents"]] == [
        ("marketing", False, "person:person")
    ]
    guest.call("POST", "/v1/me/consents", {"purpose": "marketing", "granted": True})
    assert {one["purpose"]: one["granted"] for one in guest.me()["consents"]}["marketing"] is True


@pytest.mark.parametrize(
    "body", [{}, {"purpose": "legal", "granted": False}, {"purpose": "marketing", "granted": "no"}]
)
def test_consent__that_is_none__refused(guest: Guest, body: Any) -> None:
    """What is no yes or no to a purpose is not kept."""
    assert guest.call("POST", "/v1/me/consents", body).status == 400


def test_profiling__refused_by_the_person__nobody_judges_them(shop: Shop) -> None:
    """Who opts out has no tags, and is told so."""
    guest = guest_of(shop)
    assert guest.me()["tags"]
    guest.call("POST", "/v1/me/consents", {"purpose": "profiling", "granted": False})
    view = guest.me()
    assert (view["profiled"], view["tags"]) == (False, [])


def test_restriction__by_the_person__is_in_force_until_it_is_lifted(shop: Shop) -> None:
    """Restricted is stored and not used; the person still sees all of it."""
    guest = guest_of(shop)
    assert guest.call("POST", "/v1/me/restriction", {"restricted": True}).json == {"state": "restricted"}
    view = guest.me()
    assert (view["state"], view["profiled"], view["tags"]) == ("restricted", False, [])
    assert guest.held()["name"] == NICKNAME
    assert guest.call("POST", "/v1/me/restriction", {"restricted": False}).json == {"state": "active"}
    assert guest.me()["profiled"]


# -- what is taken along


@pytest.mark.parametrize(
    ("format_", "kind"), [("json", "application/json"), ("html", "text/html"), ("csv", "text/csv")]
)
def test_export__in_each_format__holds_it_in_clear_and_is_inert(guest: Guest, format_: str, kind: str) -> None:
    """All of it goes along, and what somebody is called runs nowhere."""
    answer = guest.call("GET", f"/v1/me/export?format={format_}")
    headers = {name.lower(): str(value) for name, value in answer.headers.items()}
    assert (answer.status, headers["content-type"].partition(";")[0]) == (200, kind)
    assert int(headers["x-parts"]) >= 2
    assert headers["cache-control"] == "no-store"
    text = answer.body.decode()
    assert guest.phone in text
    assert ("<img" in text) == (format_ != "html")
    second = guest.call("GET", f"/v1/me/export?format={format_}&part=2").body.decode()
    assert "profile.described" in second


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("format=pdf", 400, "bad_format"),
        ("part=0x1", 400, "bad_part"),
        ("part=99", 404, "no_such_part"),
        ("language=fr", 400, "bad_language"),
    ],
)
def test_export__that_cannot_be__says_why(guest: Guest, query: str, status: int, code: str) -> None:
    """Each mistake has its code."""
    answer = guest.call("GET", f"/v1/me/export?{query}")
    assert (answer.status, answer.code) == (status, code)


def test_sights__of_staff_and_of_the_person__are_shown(shop: Shop) -> None:
    """Who looked is told by role and purpose; the person's own looks stand beside them."""
    guest = guest_of(shop)
    guest.me()
    shop.read(f"/v1/profiles/{guest.profile_id}?purpose=service")
    sights = {(one["role"], one["clear"]) for one in guest.me()["read_by"]}
    assert {("admin", False), ("person", True)} <= sights


# -- erasing


def erased(shop: Shop) -> None:
    """The function that erases works off its queue."""
    url, sqs = shop.lambdas.operator.environ["QUEUE_PRIVACY_URL"], shop.lambdas.operator.api("sqs")
    while messages := sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}).get("Messages"):
        for one in messages:
            records = [{"messageId": one["MessageId"], "body": one["Body"]}]
            queue_privacy.erase_people({"Records": records}, Invocation())  # type: ignore[operator]
            sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]})


def test_erasure__asked_for_once__erases_nobody(shop: Shop) -> None:
    """One slip of a finger is none."""
    guest = guest_of(shop)
    answer = guest.call("POST", "/v1/me/erasure", {})
    assert (answer.status, answer.json["state"]) == (200, "to_confirm")
    erased(shop)
    assert guest.held()["name"] == NICKNAME


def test_erasure__confirmed__the_person_is_a_stranger(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link opens nothing any more, staff find nobody, and a receipt is there."""
    monkeypatch.setattr(erasing, "_LAG_MS", 0)
    guest = guest_of(shop)
    confirmation = guest.call("POST", "/v1/me/erasure", {}).json["confirmation"]
    answer = guest.call("POST", "/v1/me/erasure", {"confirmation": confirmation})
    assert answer.status == 202
    erased(shop)
    assert guest.call("GET", "/v1/me").status == 401
    assert shop.lookup("user_id", guest.user).status == 404
    receipt = shop.read(f"/v1/privacy/receipts/{answer.json['erasure_id']}").json
    assert receipt["state"] == "completed"
    audit = compose.history().records(shop.tenant_id, AUDIT, before=1 << 60, limit=500)
    told = [decode(row.content, Audited) for row in audit]
    assert [one.principal for one in told if one.action == "profiles.erase" and guest.profile_id in one.subjects] == [
        "person"
    ]


def test_erasure__confirmed_by_another_links_word__refused(shop: Shop) -> None:
    """What one link was answered confirms nothing for another, and nor does a word made up."""
    one, other = guest_of(shop), guest_of(shop)
    confirmation = one.call("POST", "/v1/me/erasure", {}).json["confirmation"]
    for given in (confirmation, "", "yes", "1" * 13 + "." + "A" * 43):
        answer = other.call("POST", "/v1/me/erasure", {"confirmation": given})
        assert (answer.status, answer.code) == (400, "not_confirmed")
