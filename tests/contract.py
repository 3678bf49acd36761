"""Walks the whole HTTP contract: calls made up from the OpenAPI document, and answers held to it."""

from __future__ import annotations

import base64
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from standardwebhooks.webhooks import Webhook

HELD_TO = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# No shrinking: what is found is told as it was met, and a walk ends in time however much it finds.
_BOUNDED = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
_FORBIDDEN_IN_HEADERS = {ord(one): None for one in "\r\n\0"}

type Send = Callable[[requests.PreparedRequest], Response]
type Sign = Callable[[requests.PreparedRequest], None]


class Walk(msgspec.Struct):
    """What was asked and answered: (method, path, status) → how often; what the document does not say."""

    answered: Counter[tuple[str, str, int]] = msgspec.field(default_factory=Counter)
    broken: list[str] = msgspec.field(default_factory=list)

    @property
    def cases(self) -> int:
        """How many calls were made."""
        return self.answered.total()

    def well_answered(self) -> set[tuple[str, str]]:
        """Calls that were answered with success at least once."""
        return {(method, path) for method, path, status in self.answered if status < 300}


def bearer(token: str) -> Sign:
    """Calls as a principal."""
    return lambda request: request.headers.update({"Authorization": f"Bearer {token}"})


def basic(write_key: str) -> Sign:
    """Calls as a source."""
    word = base64.b64encode(f"{write_key}:".encode()).decode()
    return lambda request: request.headers.update({"Authorization": f"Basic {word}"})


def webhook(secret: str) -> Sign:
    """Signs a webhook as its sender does, where the body is a text at all."""

    def sign(request: requests.PreparedRequest) -> None:
        at, body = datetime.now(UTC), request.body or b""
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        request.headers["webhook-timestamp"] = str(int(at.timestamp()))
        id_ = str(request.headers.get("webhook-id", "msg_1"))
        request.headers["webhook-signature"] = Webhook(secret).sign(id_, at, text)

    return sign


def walk(
    document: Mapping[str, Any],
    send: Send,
    signs: Mapping[str, Sign],
    known: Mapping[str, Sequence[Any]],
    *,
    base_url: str,
    each: int,
) -> Walk:
    """Ask every operation up to ``each`` times: as the document says, and (a third) as it forbids.

    ``signs`` are the credentials by security scheme; ``known`` are values that exist, by the name of a parameter or
    member, which are put into three of four calls so that not all end at an unknown id.
    """
    found = Walk()
    schema = schemathesis.openapi.from_dict(dict(document))
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode, count in ((GenerationMode.POSITIVE, each - each // 3), (GenerationMode.NEGATIVE, each // 3)):
            cases = operation.as_strategy(generation_mode=mode)
            _ask(found, cases, count, send, signs, known, base_url)
    return found


def _ask(found: Walk, cases: Any, count: int, send: Send, signs: Any, known: Any, base_url: str) -> None:
    turns = itertools.count(1)

    @settings(_BOUNDED, max_examples=count)
    @given(cases)
    def one(case: Any) -> None:
        turn = next(turns)
        if turn % 4:
            _place(case, known, turn)
        request = _prepared(case, base_url)
        # One in forty keeps the credential that was made up: each costs the local cloud a new process.
        if turn % 40:
            for scheme in (name for choice in case.operation.definition.raw.get("security", ()) for name in choice):
                if scheme in signs:
                    signs[scheme](request)
        answer = send(request)
        found.answered[case.method.upper(), case.path, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=list(HELD_TO))
        except FailureGroup as group:
            said = "; ".join(f"{type(each).__name__}: {each.message[:400]}" for each in group.exceptions)
            found.broken.append(
                f"{request.method} {request.url} {str(request.body)[:300]} → {answer.status_code} {said} "
                f"{answer.content[:300]!r}"
            )

    try:
        one()
    except Unsatisfiable:
        # Nothing can be sent wrongly where nothing is taken.
        return


def _place(case: Any, known: Mapping[str, Sequence[Any]], turn: int) -> None:
    body = case.body if isinstance(case.body, dict) else {}
    for part in (case.path_parameters or {}, case.query or {}, body):
        for place, name in enumerate(sorted(part.keys() & known.keys())):
            # Two names of one call go through their values at different paces, so that all pairs are met.
            part[name] = known[name][turn // (1 + 4 * place) % len(known[name])]


def _prepared(case: Any, base_url: str) -> requests.PreparedRequest:
    kwargs = case.as_transport_kwargs(base_url=base_url)
    # HTTP clients refuse to send such headers at all.
    kwargs["headers"] = {
        str(name): str(value).translate(_FORBIDDEN_IN_HEADERS).encode("latin-1", "replace")
        for name, value in kwargs.get("headers", {}).items()
    }
    allowed = {"method", "url", "headers", "params", "data", "json", "files", "cookies"}
    request = requests.Request(**{name: value for name, value in kwargs.items() if name in allowed}).prepare()
    request.headers = type(request.headers)(
        {
            str(name): value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
    )
    return request


def known_things(call: Callable[[str, str, Any], Any], user_id: str, source_id: str) -> dict[str, list[Any]]:
    """What is there, by the names of the parameters and members that name it. ``user_id`` is a person's, ``source_id`` a door's.

    ``call(method, path, body)`` asks as an admin and returns what the answer says.
    """
    named = [{"namespace": "user_id", "value": user_id}]
    who = call("POST", "/v1/profiles/lookup", {"identifiers": named, "purpose": "service"})["profile_id"]
    asked = {"profile_id": who, "channel": "web_chat", "purpose": "service"}
    waiting = call("GET", "/v1/quarantine", None)["quarantined"]
    call("PUT", "/v1/agents/agent-1", {"skills": {"complaints": 4}, "units": 1_000})
    call("POST", "/v1/agents/agent-1/presence", {"presence": "available", "lease_seconds": 3_600})
    reserving = {**asked, "intent": "complaint", "reserve": True}
    offered = [call("POST", "/v1/route", {**reserving, "conversation_id": f"{who}-{at}"}) for at in range(3)]
    return {
        "profile_id": [who],
        "source_id": [source_id],
        "identifiers": [named],
        "profile_ids": [[who, "p_1"]],
        "decision_id": [call("POST", "/v1/route", asked)["decision_id"]],
        "agent_id": ["agent-1"],
        "queue": ["vip", "payments"],
        "reservation_id": [one["reservation_id"] for one in offered],
        "quarantine_id": [one["id"] for one in waiting],
        "tag_id": ["vip", "inbound_preference", "frequent_caller"],
        "kind": ["tags", "measures", "scenes", "policies", "words", "outreach", "segmentations"],
        "id": ["vip", "orders_paid", "night", "frequent_caller"],
        "purpose": ["service", "service", "service", "marketing", "analytics"],
        "channel": ["web_chat", "phone"],
    }
