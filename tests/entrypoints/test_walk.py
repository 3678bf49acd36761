"""All routes × all scopes: each scope opens its own calls and no other, at the gateway and once more in the view."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from chalicelib.entrypoints import authorizers, own_functions
from chalicelib.entrypoints.access import OWN_FUNCTIONS, ROUTES, routes_for
from chalicelib.privacy import credentials
from chalicelib.privacy.credentials import SCOPES, SECRET_BYTES, Credential, hash_token, new_token
from tests.entrypoints.service import Lambdas, Shop
from tests.entrypoints.walking import GUARDED, WAYS, Way, event_of

ALL_SCOPES = sorted({*ROUTES, *frozenset().union(*SCOPES.values()), *(way.scope for way in GUARDED if way.scope)})
WIDER = {
    "GET /v1/profiles/*": "the gateway's star spans slashes, so a reader of profiles is let through to a timeline, a "
    "context and links; the view asks for their own scopes",
    "GET /v1/catalogue/*": "the same for jobs, which have the same scope",
    "GET /v1/insights/*": "the same for tags and groups, which have the same scope",
}
"""Patterns of the gateway that match more than their own calls, and why that opens nothing."""
ARN = "arn:aws:execute-api:us-east-1:1:abc/api/GET/v1/health"


@pytest.fixture(scope="module")
def opened(shop: Shop) -> Callable[[str], list[str]]:
    """METHOD/path patterns that the real authorizer's policy allows to a principal of one scope."""

    def policy(scope: str) -> list[str]:
        role = f"only {scope}"
        token = new_token("principal", scope.encode().ljust(SECRET_BYTES, b"-")[:SECRET_BYTES])
        kept = Credential(hash_token(token), "principal", shop.tenant_id, "one-scope", (role,))
        shop.lambdas.operator.catalogue.keep_credential(kept)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(credentials.SCOPES, role, frozenset({scope}))  # type: ignore[arg-type]
            event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": ARN}
            answer: Any = authorizers.principal_auth(event, None)
        assert answer["context"]["scopes"] == scope
        (statement,) = answer["policyDocument"]["Statement"]
        return [one.partition("/api/")[2] for one in statement["Resource"]]

    return policy


def view(lambdas: Lambdas, way: Way, scopes: str, source: str = "") -> tuple[int, str]:
    """What a view answers a caller with these scopes whom the gateway let through, were its policy too wide."""
    context = {"tenant": "t_none", "principal": "p", "role": "r", "scopes": scopes, "source_id": source}
    function: Any = OWN_FUNCTIONS.get((way.method, way.path))
    event = event_of(way, context)
    answer = getattr(own_functions, function)(event, None) if function else lambdas.app(event, None)
    found = json.loads(answer["body"]) if answer["body"] else {}
    return answer["statusCode"], str(found.get("code", ""))


@pytest.mark.parametrize("scope", ALL_SCOPES)
def test_scope__at_the_gateway__opens_its_own_calls(opened: Callable[[str], list[str]], scope: str) -> None:
    """Refused by default: what the policy does not list is 403 before any code of ours runs. Wider patterns are known."""
    declared = sorted(f"{method}{path}" for method, path in ROUTES.get(scope, ()))
    # Sources have an authorizer of their own, of the same table.
    patterns = declared if scope == "events:write" or not declared else opened(scope)
    assert sorted(patterns) == declared
    for way in GUARDED:
        matching = [one for one in patterns if fnmatchcase(f"{way.method}{way.starred}", one)]
        if way.scope == scope:
            assert matching, f"{way} is opened to nobody"
        else:
            wide = {one.replace("/", " /", 1) for one in matching}
            assert wide <= set(WIDER), f"{scope} opens {way}"


@pytest.mark.parametrize("way", GUARDED, ids=lambda way: f"{way.method} {way.path}")
def test_view__of_each_single_scope__refuses_all_but_its_own(lambdas: Lambdas, way: Way) -> None:
    """403 ``scope_missing`` whatever else the caller may do; also all other scopes together open nothing."""
    for scope in ALL_SCOPES:
        status, code = view(lambdas, way, scope, "s_none")
        if scope == way.scope:
            assert code != "scope_missing", (scope, status, code)
        else:
            assert (status, code) == (403, "scope_missing"), (scope, status, code)
    others = " ".join(one for one in ALL_SCOPES if one != way.scope)
    assert view(lambdas, way, others, "s_none") == (403, "scope_missing")


def test_scopes__that_nobody_declared__open_nothing() -> None:
    """A misspelt scope, a star, a route's name."""
    for scope in ("", "*", "admin", "profiles", "profiles:", "profiles:read ", "GET /v1/audit"):
        assert routes_for([scope]) == []


def test_routes__without_scope__are_few_and_known() -> None:
    """Those that check another kind of credential themselves, and two that show nothing."""
    from tests.entrypoints.test_access import OPEN_TO_ALL

    assert {(way.method, way.path) for way in WAYS if way.scope is None} == set(OPEN_TO_ALL)


def test_walk__a_route_whose_view_forgot_its_scope__would_be_found(lambdas: Lambdas) -> None:
    """Negative control: a view that is served to a scope that is not its own is no refusal."""
    way = next(one for one in GUARDED if one.path == "/v1/quality")
    assert view(lambdas, way, "quality:read")[1] != "scope_missing"
    assert view(lambdas, way, "audit:read") == (403, "scope_missing")
