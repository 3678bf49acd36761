"""Refusal is the default: this file walks every route there is, and every role."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from msgspec.structs import replace

from app import app
from chalicelib.entrypoints import authorizers
from chalicelib.entrypoints.access import ROUTES, routes_for
from chalicelib.privacy.credentials import SCOPES, SECRET_BYTES, Credential, hash_token, new_token
from infra.failures import Failure
from tests.entrypoints.service import Lambdas, Shop, basic

OPEN_TO_ALL = {
    ("GET", "/v1/health"),
    ("GET", "/v1/openapi.json"),
    # Its signature is its credential: test_doors.
    ("POST", "/v1/webhooks/standard/{source_id}"),
    # The page of a person holds nothing of anybody; all else under it checks the person's link: test_me walks them.
    ("GET", "/v1/me"),
    ("GET", "/v1/me/export"),
    ("POST", "/v1/me/consents"),
    ("POST", "/v1/me/erasure"),
    ("POST", "/v1/me/restriction"),
    ("GET", "/v1/me/app.css"),
    ("GET", "/v1/me/app.js"),
    ("POST", "/v1/me/corrections"),
}
"""Whoever adds a route here has to say why."""
EXPECTED = {
    ("GET", "/v1/decisions/{decision_id}"): "route",
    ("GET", "/v1/desk"): "desk:read",
    ("GET", "/v1/agents"): "desk:read",
    ("GET", "/v1/agents/{agent_id}"): "desk:read",
    ("PUT", "/v1/agents/{agent_id}"): "queues:write",
    ("DELETE", "/v1/agents/{agent_id}"): "queues:write",
    ("POST", "/v1/agents/{agent_id}/presence"): "desk:write",
    ("PUT", "/v1/queues/{queue}"): "queues:write",
    ("GET", "/v1/reservations/{reservation_id}"): "route",
    **{
        ("POST", f"/v1/reservations/{{reservation_id}}/{way}"): "decisions:write"
        for way in ("accept", "decline", "release")
    },
    ("GET", "/v1/decisions/{decision_id}/replay"): "route",
    ("POST", "/v1/decisions/replay"): "route",
    ("POST", "/v1/decisions/{decision_id}/outcome"): "decisions:write",
    ("GET", "/v1/profiles/{profile_id}"): "profiles:read",
    ("GET", "/v1/profiles/{profile_id}/context"): "context:read",
    ("GET", "/v1/profiles/{profile_id}/consents"): "profiles:read",
    ("PUT", "/v1/profiles/{profile_id}/consents"): "consents:write",
    ("POST", "/v1/privacy/restrictions"): "privacy:restrict",
    ("GET", "/v1/profiles/{profile_id}/links"): "profiles:merge",
    ("GET", "/v1/profiles/{profile_id}/tags"): "profiles:read",
    ("GET", "/v1/profiles/{profile_id}/tags/{tag_id}/why"): "profiles:read",
    ("GET", "/v1/profiles/{profile_id}/segments/{segmentation_id}/why"): "profiles:read",
    ("GET", "/v1/profiles/{profile_id}/timeline"): "timeline:read",
    ("POST", "/v1/merges"): "profiles:merge",
    ("POST", "/v1/merges/preview"): "profiles:merge",
    ("GET", "/v1/merge-candidates"): "profiles:merge",
    ("POST", "/v1/merge-candidates/{candidate_id}/reject"): "profiles:merge",
    ("POST", "/v1/tickets"): "tickets:write",
    ("GET", "/v1/tickets"): "desk:read",
    ("GET", "/v1/tickets/{ticket_id}"): "desk:read",
    ("PATCH", "/v1/tickets/{ticket_id}"): "tickets:write",
    ("GET", "/v1/insights/hot-words"): "insights:read",
    ("GET", "/v1/insights/tags"): "insights:read",
    ("GET", "/v1/insights/tags/{tag_id}"): "insights:read",
    ("GET", "/v1/insights/groups"): "insights:read",
    ("GET", "/v1/insights/service"): "insights:read",
    ("GET", "/v1/insights/forecast"): "insights:read",
    ("GET", "/v1/catalogue/{kind}"): "catalogue:read",
    ("GET", "/v1/catalogue/{kind}/{id}"): "catalogue:read",
    ("PUT", "/v1/catalogue/{kind}/{id}"): "catalogue:write",
    ("DELETE", "/v1/catalogue/{kind}/{id}"): "catalogue:write",
    ("POST", "/v1/catalogue/{kind}/{id}/publish"): "catalogue:write",
    ("POST", "/v1/catalogue/{kind}/{id}/rollback"): "catalogue:write",
    ("GET", "/v1/audit"): "audit:read",
    ("GET", "/v1/privacy/data-map"): "audit:read",
    ("GET", "/v1/audit/exposure"): "audit:read",
    ("POST", "/v1/catalogue/{kind}/{id}/dry-run"): "catalogue:dry_run",
    ("POST", "/v1/what-if"): "catalogue:dry_run",
    ("GET", "/v1/what-if/{job_id}"): "catalogue:dry_run",
    ("GET", "/v1/segments"): "segments:read",
    ("GET", "/v1/segments/{segment_id}/members"): "segments:read",
    ("GET", "/v1/models"): "models:read",
    ("POST", "/v1/models/runs"): "models:write",
    ("POST", "/v1/models/{model_id}/rollback"): "models:write",
    ("GET", "/v1/catalogue/jobs"): "catalogue:read",
    ("GET", "/v1/catalogue/jobs/{job_id}"): "catalogue:read",
    ("POST", "/v1/privacy/links"): "privacy:link",
    ("DELETE", "/v1/privacy/links/{link_id}"): "privacy:link",
    ("POST", "/v1/privacy/corrections"): "privacy:correct",
    ("POST", "/v1/privacy/erasures"): "privacy:erase",
    ("GET", "/v1/privacy/receipts/{receipt_id}"): "privacy:receipts",
    ("GET", "/v1/quality"): "quality:read",
    ("GET", "/v1/outreach"): "outreach:read",
    ("GET", "/v1/outreach/effect"): "outreach:read",
    ("POST", "/v1/outreach/{risk_id}/outcome"): "outreach:write",
    ("GET", "/v1/quarantine"): "quarantine:read",
    ("POST", "/v1/quarantine/{quarantine_id}/replay"): "quarantine:replay",
    ("POST", "/v1/profiles/lookup"): "profiles:read",
    ("POST", "/v1/profiles/{profile_id}/reveal"): "profiles:reveal",
    ("POST", "/v1/privacy/exports"): "privacy:export",
    ("GET", "/v1/privacy/exports/{export_id}"): "privacy:export",
    ("POST", "/v1/route"): "route",
    ("POST", "/v1/imports"): "imports:write",
    ("GET", "/v1/imports/{import_id}"): "imports:write",
    ("POST", "/v1/splits"): "profiles:merge",
    ("PUT", "/v1/profiles/{profile_id}/tags/{tag_id}"): "profiles:tag",
    ("DELETE", "/v1/profiles/{profile_id}/tags/{tag_id}"): "profiles:tag",
    **{
        ("POST", f"/v1/{call}"): "events:write"
        for call in ("batch", "track", "identify", "page", "screen", "group", "alias", "events")
    },
}
"""The contract's routes and scopes, written down a second time on purpose."""


def entries() -> Iterator[tuple[str, str, Any]]:
    for path, methods in app.routes.items():
        for method, entry in methods.items():
            yield method, path, entry


ENTRIES = list(entries())
GUARDED = [(method, path) for method, path, _ in ENTRIES if (method, path) not in OPEN_TO_ALL]
ROLES = sorted(set(SCOPES) - {"source"})


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "p_none", path)


def scope_of(entry: Any) -> str | None:
    return entry.view_function.scope  # type: ignore[no-any-return]


def test_routes__each__has_the_scope_that_the_contract_says() -> None:
    """A new route fails here until its scope is written down."""
    assert {(method, path): scope_of(entry) for method, path, entry in ENTRIES if scope_of(entry)} == EXPECTED
    assert {(method, path) for method, path, entry in ENTRIES if not scope_of(entry)} == OPEN_TO_ALL


def test_routes__each_with_a_scope__has_the_authorizer_of_its_kind_of_caller() -> None:
    """Doors take sources, everything else principals; a route without scope has no authorizer."""
    for method, path, entry in ENTRIES:
        name = entry.authorizer.name if entry.authorizer else None
        expected = {None: None, "events:write": "source_auth"}.get(scope_of(entry), "principal_auth")
        assert name == expected, (method, path)


def test_access_table__agrees_with_the_views() -> None:
    """The authorizers' policy opens each route to its scope, and names no route that does not exist."""
    routes = {(method, path.replace("{", "*{")) for method, path in GUARDED}
    starred = {(method, re.sub(r"\*?\{[^}]*\}", "*", path)) for method, path in routes}
    for method, path, entry in ENTRIES:
        scope = scope_of(entry)
        if scope:
            star = re.sub(r"\{[^}]*\}", "*", path)
            assert any(verb == method and fnmatchcase(star, pattern) for verb, pattern in ROUTES[scope]), (method, path)
    for opened in ROUTES.values():
        for method, pattern in opened:
            assert any(method == verb and fnmatchcase(path, pattern) for verb, path in starred), (method, pattern)
    assert set(ROUTES) <= frozenset().union(*SCOPES.values()), "a scope that no role has opens nothing"
    assert routes_for(["no_such_scope"]) == []


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_route__without_any_credential__401(lambdas: Lambdas, method: str, path: str) -> None:
    """No credential, no answer."""
    answer = lambdas.http(method, concrete(path), {})
    assert answer.status == 401


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_route__credential_of_the_other_kind__401(shop: Shop, method: str, path: str) -> None:
    """A source may not read, and no principal may send events."""
    of_source = EXPECTED[method, path] == "events:write"
    answer = (
        shop.lambdas.http(method, concrete(path), {}, token=shop.admin_token)
        if of_source
        else shop.lambdas.http(method, concrete(path), {}, key=shop.write_key)
    )
    assert answer.status == 401


@pytest.mark.parametrize("role", ROLES)
def test_route__of_each_role__opened_only_by_its_scope(shop: Shop, role: str) -> None:
    """A role reaches the routes of its scopes, and is refused by all others."""
    token = shop.role(role)
    for method, path in GUARDED:
        answer = shop.lambdas.http(method, concrete(path), {}, token=token)
        scope = EXPECTED[method, path]
        if scope in SCOPES[role]:
            # 200: a list may be asked for without naming anything. 202, 409: so may a run of learning, once at a time.
            assert answer.status in (200, 202, 400, 404, 409), (role, method, path, answer)
        else:
            assert answer.status in (401, 403), (role, method, path, answer)


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    ("authorizer", "status", "code"),
    [
        (None, 401, "not_authorised"),
        ({}, 401, "not_authorised"),
        ({"tenant": ""}, 401, "not_authorised"),
        ({"tenant": "t_1", "scopes": ""}, 403, "scope_missing"),
        ({"tenant": "t_1", "scopes": "all admin * profiles:rea route:x"}, 403, "scope_missing"),
    ],
)
def test_view__reached_past_the_gateway__checks_the_scope_itself(
    lambdas: Lambdas, method: str, path: str, authorizer: Any, status: int, code: str
) -> None:
    """Were the gateway's policy too wide, the view would still refuse."""
    event = {
        "requestContext": {
            "httpMethod": method,
            "resourcePath": path,
            "requestId": "r-1",
            **({} if authorizer is None else {"authorizer": authorizer}),
        },
        "headers": {"content-type": "application/json"},
        "pathParameters": dict.fromkeys(re.findall(r"\{([^}]*)\}", path), "x"),
        "multiValueQueryStringParameters": None,
        "stageVariables": {},
        "body": "{}",
        "isBase64Encoded": False,
    }
    answer = lambdas.app(event, None)
    found = json.loads(answer["body"])
    assert (answer["statusCode"], found["code"], found["request_id"]) == (status, code, "r-1")


# -- the authorizers


def ask(authorizer: Any, header: str) -> Any:
    arn = "arn:aws:execute-api:us-east-1:1:abc/api/GET/v1/health"
    return authorizer({"type": "TOKEN", "authorizationToken": header, "methodArn": arn}, None)


def refused(authorizer: Any, header: str) -> bool:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(authorizer, header)
    return True


def test_authorizer__a_good_credential__names_tenant_principal_and_scopes_as_text(shop: Shop) -> None:
    """The context is all that the views go by; API Gateway passes texts only."""
    answer = ask(authorizers.principal_auth, f"Bearer {shop.role('bot')}")
    context = answer["context"]
    assert context["tenant"] == shop.tenant_id
    assert (context["principal"], context["role"], context["source_id"]) == ("bot-1", "bot", "")
    assert set(context["scopes"].split()) == SCOPES["bot"]
    assert all(isinstance(value, str) for value in context.values())
    answer = ask(authorizers.source_auth, basic(shop.write_key))
    assert answer["context"]["source_id"] == answer["principalId"] == shop.source_id


@pytest.mark.parametrize("name", ["person", "Person", " person ", "person:anna", "", " ", "anna ", "an\nna", "a" * 129])
def test_token__for_staff_of_the_peoples_own_name__is_not_made(shop: Shop, name: str) -> None:
    """What people say themselves stands under `person`: staff who were called so would speak for them."""
    with pytest.raises(Failure, match="principal"):
        shop.lambdas.operator.create_token(shop.tenant_id, "privacy_officer", name)


def test_authorizer__its_policy__allows_routes_of_the_scopes_and_nothing_else(shop: Shop) -> None:
    """Cached by the gateway for all routes, so it lists all that the caller may do, whichever was asked."""
    answer = ask(authorizers.principal_auth, f"Bearer {shop.role('bot')}")
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert sorted(one.partition("/api/")[2] for one in statement["Resource"]) == [
        "GET/v1/decisions/*",
        "GET/v1/decisions/*/replay",
        "GET/v1/profiles/*/context",
        "GET/v1/reservations/*",
        "POST/v1/decisions/*/outcome",
        "POST/v1/decisions/replay",
        *(f"POST/v1/reservations/*/{way}" for way in ("accept", "decline", "release")),
        "POST/v1/route",
    ]


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer zt_short",
        "Basic",
        "Basic %%%",
        "Basic " + b64encode(b"no colon").decode(),
        "Basic " + b64encode(b"\xff\xfe:").decode(),
        "Basic " + b64encode(b":").decode(),
        "Digest x",
        "Bearer zt_" + "a" * 43,
        "Basic " + b64encode(b"zk_" + b"a" * 43 + b":").decode(),
        "Bearer zk_" + "a" * 43,
        "Bearer zt_" + "é" * 43,
        "x" * 100_000,
        "Bearer zt_" + "a" * 43 + "\n",
        "Bearer zt_" + "a" * 43 + " zt_" + "a" * 43,
    ],
)
def test_authorizer__malformed_or_unknown_header__unauthorized(lambdas: Lambdas, header: str) -> None:
    """Every cause ends in the one word that the gateway turns into 401."""
    assert refused(authorizers.principal_auth, header)
    assert refused(authorizers.source_auth, header)


@pytest.mark.parametrize("change", [{"revoked": True}, {"expires_at": 1}, {"kind": "source"}])
def test_authorizer__credential_that_no_longer_holds__unauthorized(shop: Shop, change: dict[str, Any]) -> None:
    """Expired, revoked, or of the other kind: refused, and nobody is told which."""
    token = shop.role("admin")
    catalogue = shop.lambdas.operator.catalogue
    stored = catalogue.credential(hash_token(token))
    assert stored is not None
    assert ask(authorizers.principal_auth, f"Bearer {token}")
    catalogue.keep_credential(replace(stored, **change))
    assert refused(authorizers.principal_auth, f"Bearer {token}")


def test_authorizer__role_that_nobody_knows__opens_nothing(shop: Shop) -> None:
    """A misspelt role is no admin."""
    token = new_token("principal", b"r" * SECRET_BYTES)
    kept = Credential(hash_token(token), "principal", shop.tenant_id, "someone", ("owner",))
    shop.lambdas.operator.catalogue.keep_credential(kept)
    for method, path in GUARDED:
        assert shop.lambdas.http(method, concrete(path), {}, token=token).status in (401, 403)


def test_credentials__at_rest__only_their_hashes(shop: Shop) -> None:
    """Who reads the catalogue table can sign in as nobody."""
    operator = shop.lambdas.operator
    page = operator.api("dynamodb").call("Scan", {"TableName": operator.settings.table_catalogue})
    whole = str(page)
    assert hash_token(shop.write_key) in whole
    for secret in (shop.write_key, shop.admin_token):
        raw = secret.encode()
        assert secret not in whole
        assert b64encode(raw)[:-4].decode() not in whole
        assert secret[3:] not in whole


def test_authorizer__store_away__fails_and_lets_nobody_in(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the store is no «unauthorized», which a client would take for its own mistake."""
    from chalicelib.kernel.errors import Unavailable

    class Away:
        def credential(self, _hash: str) -> Credential | None:
            raise Unavailable("throttled", "Later.")

    monkeypatch.setattr(authorizers, "catalogue_store", Away)
    with pytest.raises(Unavailable):
        ask(authorizers.principal_auth, f"Bearer {shop.admin_token}")


def test_tenant__gone_while_its_token_lives__401(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential of nobody is none."""
    from chalicelib.entrypoints import compose

    monkeypatch.setattr(compose, "_tenants", lambda: lambda _id: None)
    answer = shop.ask("/v1/route", {"channel": "web", "purpose": "service", "profile_id": "p_1"})
    assert (answer.status, answer.code) == (401, "not_authorised")
