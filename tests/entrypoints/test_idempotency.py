"""``Idempotency-Key`` on every POST: by the one mechanism, or because the call is idempotent by nature."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from chalice.app import Request

from app import app
from chalicelib.entrypoints import idempotency
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.request import Caller
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import DAY_MS
from infra.openapi_operations import OPERATIONS
from infra.openapi_parameters import IDEMPOTENCY_KEY
from tests.entrypoints.service import Shop, unique

BY_NATURE = {
    **{
        ("POST", f"/v1/{call}"): "the marker of each event"
        for call in ("batch", "track", "identify", "page", "screen", "group", "alias", "events")
    },
    ("POST", "/v1/webhooks/standard/{source_id}"): "webhook-id marks the event",
    ("POST", "/v1/profiles/lookup"): "it only reads",
    ("POST", "/v1/merges/preview"): "it only reads",
    ("POST", "/v1/decisions/replay"): "it only reads",
    ("POST", "/v1/outreach/{risk_id}/outcome"): "what came of a suggestion is kept once, another answer is refused",
    ("POST", "/v1/merge-candidates/{candidate_id}/reject"): "who is rejected stays so",
    (
        "POST",
        "/v1/quarantine/{quarantine_id}/replay",
    ): "the row says that it was replayed, the marker lets it count once",
}
"""Why a POST needs no key. Every other one takes it."""
CALLER = Caller("t_1", "bot-1", "bot", frozenset(), "")


def test_posts__each__takes_the_key_or_is_idempotent_by_nature() -> None:
    """A new POST fails here until somebody has decided."""
    posts = {(method, path) for path, methods in app.routes.items() for method in methods if method == "POST"}
    keyed = {call for call, operation in OPERATIONS.items() if IDEMPOTENCY_KEY in operation.parameters}
    assert {call for call in keyed if call[0] == "POST"} | BY_NATURE.keys() == posts
    assert not keyed & BY_NATURE.keys()
    assert all(409 in OPERATIONS[call].refuses for call in keyed)


def request(key: str | None, body: bytes = b"{}", path: str = "/v1/route", **ids: str) -> Request:
    return Request(
        {
            "requestContext": {"httpMethod": "POST", "resourcePath": path},
            "headers": {} if key is None else {"Idempotency-Key": key},
            "multiValueQueryStringParameters": None,
            "pathParameters": ids,
            "body": body.decode(),
            "stageVariables": None,
        },
        None,
    )


def name(key: str | None, caller: Caller = CALLER, **asked: Any) -> str:
    return idempotency_key(request(key, **asked), caller)


def test_key__same_request__same_name_and_none_other_has_it() -> None:
    """Tenant, principal, path, ids, key and body are all part of it."""
    key = unique("k")
    first = name(key)
    assert name(key) == first and len(first) == 32 and int(first, 16)
    others = [
        name(unique("k")),
        name(key, Caller("t_2", "bot-1", "bot", frozenset(), "")),
        name(key, Caller("t_1", "bot-2", "bot", frozenset(), "")),
        name(key, path="/v1/merges"),
        name(key, path="/v1/{a}", a="1"),
        name(key, path="/v1/{a}", a="2"),
    ]
    assert len({first, *others}) == 7


def test_key__none_given__every_request_is_its_own() -> None:
    """Without a key nothing is taken for a repeat."""
    assert len({name(None) for _ in range(5)}) == 5


def test_key__with_another_body__conflict_for_a_day_and_never_the_others_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key used twice by mistake is told, and may not answer with what another request made."""
    key = unique("k")
    first = name(key)
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        name(key, body=b"{ }")
    assert name(key) == first
    later = idempotency.now() + DAY_MS
    monkeypatch.setattr(idempotency, "now", lambda: later)
    assert name(key, body=b"{ }") != first


def test_claim__of_a_body_with_a_phone_number__cannot_be_guessed(shop: Shop) -> None:
    """What is kept tells nothing to who does not have the key."""
    body = b'{"phone": "13907551234"}'
    caller = Caller(unique("t"), "bot-1", "bot", frozenset(), "")
    name("k", caller, body=body)
    operator = shop.lambdas.operator
    items = operator.api("dynamodb").call("Scan", {"TableName": operator.settings.table_history})["Items"]
    ((pk, kept),) = [(one["pk"]["S"], one["content"]["B"]) for one in items if caller.tenant_id in one["pk"]["S"]]
    digest = sha256(body).digest()
    assert "#k#" in pk and digest.hex()[:16] not in pk
    assert digest[:8] not in kept


def test_route__key_with_another_body__409(shop: Shop) -> None:
    """The mistake is answered and nothing is decided."""
    headers = {"Idempotency-Key": unique("k")}
    asked = {"channel": "web_chat", "purpose": "service", "identifiers": [{"namespace": "user_id", "value": "nobody"}]}
    assert shop.ask("/v1/route", asked, headers).status == 200
    answer = shop.ask("/v1/route", {**asked, "message": "hello"}, headers)
    assert (answer.status, answer.code) == (409, "idempotency_key_reused")
    assert shop.ask("/v1/route", asked, headers).status == 200
