"""The document is kept: no call that it allows or forbids is answered as it does not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from schemathesis.core.transport import Response

from infra import openapi
from tests import contract
from tests.entrypoints.service import Answer, Lambdas, Shop, unique

DOCUMENT = json.loads(openapi.FILE.read_bytes())
OPERATIONS = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
EACH = 8
"""The local cloud is asked as often again, and more."""
BASE = "http://api.test"


def sender(lambdas: Lambdas) -> contract.Send:
    """Sends into this process."""

    def send(request: requests.PreparedRequest) -> Response:
        asked = urlsplit(str(request.url))
        path = asked.path + (f"?{asked.query}" if asked.query else "")
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        return told(lambdas.http(str(request.method), path, content, dict(request.headers)), request)

    return send


def told(answer: Answer, request: requests.PreparedRequest) -> Response:
    body, headers = answer.body, {name: [str(value)] for name, value in answer.headers.items()}
    if answer.by_gateway:
        # What infra/templates/gateway.yaml makes the gateway say.
        body = json.dumps({"code": "refused", "message": "No.", "request_id": "r", "errors": []}).encode()
        headers = {"content-type": ["application/json"], "www-authenticate": ["Bearer"]}
    return Response(answer.status, headers, body, request, 0.0, verify=False)


@pytest.fixture
def known(shop: Shop) -> dict[str, list[Any]]:
    """Things that are there, by the name of the parameter or member that names them."""
    user = unique("u")
    traits = {"phone": "13907551234", "name": "王小明"}
    shop.send("/v1/identify", {"userId": user, "timestamp": datetime.now(UTC).isoformat(), "traits": traits})
    shop.send("/v1/track", {"userId": user, "event": "X", "timestamp": "2099-01-01T00:00:00Z"})
    shop.lambdas.ingest()

    def call(method: str, path: str, body: Any) -> Any:
        return shop.lambdas.http(method, path, b"" if body is None else body, token=shop.admin_token).json

    return contract.known_things(call, user, shop.source_id)


def test_contract__every_call_made_up__is_answered_as_the_document_says(
    shop: Shop, known: dict[str, list[Any]]
) -> None:
    """No 5xx, no status, content type, header or body that the document does not have."""
    signs = {
        "principal_auth": contract.bearer(shop.admin_token),
        "source_auth": contract.basic(shop.write_key),
        "webhook_signature": contract.webhook(shop.webhook_secret),
    }
    found = contract.walk(DOCUMENT, sender(shop.lambdas), signs, known, base_url=BASE, each=EACH)
    shop.lambdas.queued()
    assert not found.broken, "\n\n".join(found.broken)
    assert found.cases >= 5 * len(OPERATIONS)
    asked = {(method, path) for method, path, _ in found.answered}
    assert asked == OPERATIONS
    assert len(found.well_answered()) >= 0.5 * len(OPERATIONS), "most calls were answered, not only refused"


def answered(status: int, body: bytes, media: str = "application/json") -> contract.Send:
    return lambda request: Response(status, {"content-type": [media]}, body, request, 0.0, verify=False)


@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        (answered(200, b'{"status": "ok", "version": "1"}'), False),
        (answered(500, b'{"code": "internal", "message": "No.", "request_id": "r", "errors": []}'), True),
        (answered(418, b"{}"), True),
        (answered(200, b'{"status": 7}'), True),
        (answered(200, b"<html>", "text/html"), True),
    ],
    ids=["as said", "5xx", "undocumented status", "body off its schema", "undocumented content type"],
)
def test_walk__an_answer_that_the_document_does_not_have__is_found(answer: contract.Send, broken: bool) -> None:
    """Negative controls: each check of the walk can fail, and what is as said passes."""
    small = DOCUMENT | {"paths": {"/v1/health": DOCUMENT["paths"]["/v1/health"]}}
    assert bool(contract.walk(small, answer, {}, {}, base_url=BASE, each=3).broken) is broken
