"""Links over HTTP: who may make them, what is handed out, and that no secret travels where servers log."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from chalicelib.entrypoints import compose, self_service
from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.kernel.codec import decode
from tests.entrypoints.service import Answer, Shop, open_shop, unique


class Guest(msgspec.Struct, frozen=True):
    """Somebody whom the shop knows."""

    user: str
    profile_id: str


@pytest.fixture(scope="module")
def guest(shop: Shop) -> Guest:
    user = unique("u")
    shop.send(
        "/v1/identify", {"messageId": unique("m"), "userId": user, "traits": {"name": "张三", "gender": "female"}}
    )
    assert shop.lambdas.ingest() == {"batchItemFailures": []}
    return Guest(user, shop.lookup("user_id", user).json["profile_id"])


def ask(shop: Shop, guest: Guest, headers: Any = None, **more: Any) -> Answer:
    return shop.ask("/v1/privacy/links", {"profile_id": guest.profile_id, "reason": "asked", **more}, headers)


def revoke(shop: Shop, link_id: str) -> Answer:
    return shop.lambdas.http("DELETE", f"/v1/privacy/links/{link_id}?reason=lost", token=shop.admin_token)


def test_link__made__its_secret_stands_behind_the_hash_only(shop: Shop, guest: Guest) -> None:
    """What stands behind ``#`` is sent to no server and into no referrer."""
    answer = ask(shop, guest)
    assert answer.status == 200
    url = urlsplit(answer.json["url"])
    assert (url.path, url.query) == ("/v1/me", "")
    assert url.fragment.startswith("zl_")
    assert "zl_" not in answer.json["url"].partition("#")[0]


def test_link__by_identifiers__is_of_the_same_person(shop: Shop, guest: Guest) -> None:
    """An officer knows the account or the phone, and not our id."""
    named = {"identifiers": [{"namespace": "user_id", "value": guest.user}], "reason": "asked"}
    assert shop.ask("/v1/privacy/links", named).status == 200


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"profile_id": None}, 400, "bad_request"),
        ({"identifiers": [{"namespace": "user_id", "value": "u"}]}, 400, "bad_request"),
        ({"actions": []}, 400, "bad_actions"),
        ({"actions": ["see", "reveal"]}, 400, "bad_request"),
        ({"hours": 0}, 400, "bad_hours"),
        ({"hours": 73}, 400, "bad_hours"),
        ({"reason": " "}, 400, "bad_request"),
        ({"profile_id": "p_none"}, 404, "no_such_profile"),
    ],
)
def test_link__that_cannot_be__says_why(shop: Shop, guest: Guest, more: Any, status: int, code: str) -> None:
    """Each mistake has its code, and none makes a link."""
    answer = ask(shop, guest, **more)
    assert (answer.status, answer.code) == (status, code)


def test_link__asked_for_again_with_its_key__is_the_same(shop: Shop, guest: Guest) -> None:
    """A client that lost the answer gets it, and no second link."""
    headers = {"Idempotency-Key": unique("key")}
    assert ask(shop, guest, headers).json == ask(shop, guest, headers).json
    assert ask(shop, guest, headers, hours=2).status == 409
    assert ask(shop, guest).json["link_id"] != ask(shop, guest).json["link_id"]


def test_link__of_a_person_of_another_tenant__not_found(shop: Shop, guest: Guest) -> None:
    """Another tenant's people cannot be linked to, and its links cannot be revoked."""
    other = open_shop(shop.lambdas, "other")
    assert ask(other, guest).status == 404
    made = ask(shop, guest).json["link_id"]
    answer = revoke(other, made)
    assert (answer.status, answer.code) == (404, "no_such_person_link")


def test_link__made_and_revoked__stands_in_the_audit_with_the_officer(shop: Shop, guest: Guest) -> None:
    """Who handed a link out and who took it back is answered for."""
    made = ask(shop, guest).json["link_id"]
    assert [revoke(shop, made).json["revoked"] for _ in range(2)] == [True, True]
    rows = compose.history().records(shop.tenant_id, AUDIT, before=1 << 60, limit=100)
    told = [decode(row.content, Audited) for row in rows]
    assert sorted((one.action, one.principal) for one in told if one.result == made) == [
        ("links.make", "admin"),
        ("links.revoke", "admin"),
    ]


class _Request(msgspec.Struct):
    context: dict[str, Any]
    headers: dict[str, str]


@pytest.mark.parametrize(
    ("public", "context", "headers", "url"),
    [
        ("https://my.example.com/zy/", {"domainName": "x.amazonaws.com"}, {}, "https://my.example.com/zy/v1/me"),
        (
            "",
            {"domainName": "x.amazonaws.com", "path": "/api/v1/privacy/links"},
            {},
            "https://x.amazonaws.com/api/v1/me",
        ),
        ("", {"domainName": "x.org", "path": "/v1/privacy/links"}, {"x-forwarded-host": "evil"}, "https://x.org/v1/me"),
        ("", {}, {"x-forwarded-host": "127.0.0.1:4570"}, "http://127.0.0.1:4570/v1/me"),
        ("", {}, {"x-forwarded-host": "a/b?c"}, "/v1/me"),
        ("", {}, {}, "/v1/me"),
    ],
)
def test_page_url__of_a_deployment__is_where_people_reach_it(
    monkeypatch: pytest.MonkeyPatch, public: str, context: Any, headers: Any, url: str
) -> None:
    """The setting wins, then the gateway's own name; a header counts only where the gateway has none."""
    named = msgspec.structs.replace(compose.settings(), public_url=public)
    monkeypatch.setattr(self_service, "settings", lambda: named)
    assert self_service.page_url(_Request(context, headers)) == url  # type: ignore[arg-type]  # what it reads of one


def test_link__taken_back_for_a_reason_as_long_as_a_book__refused_and_not_taken_back(shop: Shop, guest: Guest) -> None:
    """The reason stands in a row that is kept: in a query as in a body it has 500 characters at most."""
    link_id = ask(shop, guest).json["link_id"]
    answer = shop.lambdas.http("DELETE", f"/v1/privacy/links/{link_id}?reason={'a' * 501}", token=shop.admin_token)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert compose.history().record_of(shop.tenant_id, "link_revoked", link_id) is None
    assert revoke(shop, link_id).status == 200
