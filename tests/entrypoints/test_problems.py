"""Every error is one kind of document: code, sentence, request id — and never what was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice, Request
from chalice.test import Client

from chalicelib.aws.api_errors import ApiError
from chalicelib.entrypoints import problems
from chalicelib.kernel.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotAuthorised,
    NotFound,
    ServiceRefused,
    TooLarge,
    Unavailable,
    ZhiyinError,
)
from chalicelib.privacy.seal_broken import SealBroken
from tests.entrypoints.service import Answer, Shop

SECRET = "13907551234 in the message"
HIDDEN = "Something went wrong on our side."


def answer_to(error: Exception) -> Answer:
    """What a view that raises it answers."""
    blueprint = Blueprint(__name__)

    @blueprint.route("/v1/fails")
    @problems.serves(blueprint)
    def fails(request: Request) -> None:
        raise error

    app = Chalice("fails", configure_logs=False)
    app.register_blueprint(blueprint, name_prefix="fails_")
    answer = Client(app).http.get("/v1/fails")
    return Answer(answer.status_code, dict(answer.headers), answer.body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadInput("bad_time", "A time must be RFC 3339.", "time"), 400, "bad_time"),
        (TooLarge("too_large", "At most 10 bytes."), 413, "too_large"),
        (NotAuthorised(), 401, "not_authorised"),
        (Forbidden("scope_missing", "No."), 403, "scope_missing"),
        (NotFound("no_such_profile", "None."), 404, "no_such_profile"),
        (Conflict("changed", "Changed."), 409, "changed"),
        (Unavailable("throttled", "Later."), 503, "throttled"),
        (ServiceRefused("AccessDeniedException", SECRET), 500, "internal"),
        (ApiError("ValidationException", 400, SECRET), 500, "internal"),
        (SealBroken(), 500, "internal"),
        (ZhiyinError("odd", SECRET), 500, "internal"),
        (KeyError(SECRET), 500, "internal"),
        (ValueError(SECRET), 500, "internal"),
        (RecursionError(SECRET), 500, "internal"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_error__of_each_class__has_its_status_and_a_problem(
    log: Callable[[], str], error: Exception, status: int, code: str
) -> None:
    """One table turns errors into answers; what is our own fault is not told, nor written to the log."""
    answer = answer_to(error)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["request_id"]
    assert SECRET not in answer.body.decode()
    if status == 500:
        assert answer.json["message"] == HIDDEN
    written = log()
    assert SECRET not in written
    assert ("request_failed" in written or "unexpected_error" in written) is (status >= 500)


def test_error_tree__every_class__is_in_the_table() -> None:
    """A new branch of the tree needs a status."""

    def leaves(kind: type[ZhiyinError]) -> set[type[ZhiyinError]]:
        return {kind}.union(*(leaves(one) for one in kind.__subclasses__()))

    own = {one for one in leaves(ZhiyinError) if one.__module__ == "chalicelib.kernel.errors"}
    assert own == set(problems.STATUS)
    order = list(problems.STATUS)
    for place, kind in enumerate(order):
        assert not any(issubclass(later, kind) for later in order[place + 1 :]), "the most special first"


def test_problem__with_a_path__names_it() -> None:
    """A form can show the mistake where it was made."""
    answer = answer_to(BadInput("bad_time", "A time must be RFC 3339.", "events[3].time"))
    assert answer.json["errors"] == [
        {"path": "events[3].time", "code": "bad_time", "message": "A time must be RFC 3339."}
    ]
    assert answer_to(NotFound("none", "None.")).json["errors"] == []


def test_problem__401_and_503__have_the_headers_that_clients_go_by() -> None:
    """HTTP asks for a challenge; a client that must wait is told how long."""
    assert answer_to(NotAuthorised()).headers["WWW-Authenticate"]
    assert int(answer_to(Unavailable("throttled", "Later.")).headers["Retry-After"]) >= 1


def test_error_log__has_class_and_place_but_no_text(log: Callable[[], str]) -> None:
    """An unexpected error can be found in the log by its request, without what it quotes."""
    answer_to(KeyError(SECRET))
    (line,) = [json.loads(one) for one in log().splitlines() if "unexpected_error" in one]
    assert line["error"] == "KeyError"
    assert any("test_problems.py" in place for place in line["places"])
    assert line["request_id"]


type Ask = Callable[[Shop], Answer]


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (lambda shop: shop.lambdas.http("POST", "/v1/health"), 405, "method_not_allowed"),
        (lambda shop: shop.read("/v1/route"), 405, "method_not_allowed"),
        (
            lambda shop: shop.send("/v1/batch", b"<x/>", {"content-type": "application/xml"}),
            415,
            "unsupported_content_type",
        ),
        (
            lambda shop: shop.send("/v1/events", b"a,b", {"content-type": "text/csv"}),
            415,
            "unsupported_content_type",
        ),
        (
            lambda shop: shop.ask("/v1/profiles/lookup", b"{}", {"content-type": "text/plain"}),
            415,
            "unsupported_content_type",
        ),
    ],
)
def test_refusal_of_the_framework__is_a_problem_too(shop: Shop, ask: Ask, status: int, code: str) -> None:
    """Clients of the Segment family retry what has no code."""
    answer = ask(shop)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["request_id"] and answer.json["message"]


def test_any_fault_of_a_service_behind__no_route_says_not_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is away nobody is told that a person does not exist."""
    from chalicelib.aws.json_api import JsonApi

    bodies: dict[str, Any] = {
        "/v1/profiles/lookup": {"identifiers": [{"namespace": "user_id", "value": "u"}], "purpose": "service"},
        "/v1/route": {"channel": "web", "purpose": "service", "profile_id": "p_1"},
    }
    paths = ["", "/tags", "/tags/vip/why", "/segments/stages/why", "/timeline", "/context"]
    # Known before the store goes away, as a warm function has them.
    assert shop.ask("/v1/profiles/lookup", bodies["/v1/profiles/lookup"]).status == 404
    real = JsonApi._attempt

    def away(self: JsonApi, call: Any, seconds_left: float) -> dict[str, Any]:
        if b'-catalogue"' in call.body:
            return real(self, call, seconds_left)
        raise self.unavailable("throttled")

    monkeypatch.setattr(JsonApi, "_attempt", away)
    answers = [shop.ask(path, body) for path, body in bodies.items()]
    answers += [shop.read(f"/v1/profiles/p_1{path}?purpose=service") for path in paths]
    answers.append(shop.read("/v1/decisions/d_1"))
    assert {(one.status, one.code) for one in answers} == {(503, "throttled")}
