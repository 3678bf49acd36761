"""The document is kept by what is deployed: thousands of made-up calls against the local cloud."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import requests
from schemathesis.core.transport import Response

from infra import openapi
from tests import contract
from tests.journeys.live import Live, described, now_ms, sending, unique

pytestmark = pytest.mark.deployed

LEAST = int(os.environ.get("CONTRACT_CASES", "1000"))
DAY_MS = 86_400_000


def test_contract__thousands_of_calls_made_up__are_answered_as_the_document_says(live: Live) -> None:
    """At least ``CONTRACT_CASES`` cases over all calls (1,000 unless it says otherwise): no 5xx, and nothing that the document does not have."""
    user, session = unique("u"), requests.Session()
    live.send(
        [described(user, name="王小明", city="上海"), sending("message.received", user, at=now_ms() + 900 * DAY_MS)]
    )

    def call(method: str, path: str, body: Any) -> Any:
        return live.api.call(method, path, body=body)

    def send(request: requests.PreparedRequest) -> Response:
        return Response.from_requests(session.send(request, timeout=40, allow_redirects=False), verify=False)

    signs = {
        "principal_auth": contract.bearer(live.tenant.admin_token),
        "source_auth": contract.basic(live.access.write_key),
        "webhook_signature": contract.webhook(live.access.webhook_secret),
    }
    known = contract.known_things(call, user, live.access.source_id)
    document = json.loads(openapi.FILE.read_bytes())
    operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    each = -(-LEAST * 11 // (10 * len(operations)))
    found = contract.walk(document, send, signs, known, base_url=live.cloud.url, each=each)
    print(f"{found.cases} calls, {len(found.broken)} answered as the document does not say")
    assert not found.broken, "\n\n".join(found.broken)
    assert found.cases >= LEAST
    assert {(method, path) for method, path, _ in found.answered} == operations
