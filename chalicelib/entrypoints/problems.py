"""Errors become answers in one table; every problem has a code, a sentence and the request's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.compose import journal
from chalicelib.entrypoints.request import caller, request_id
from chalicelib.kernel.errors import (
    BadInput,
    Conflict,
    Forbidden,
    ManyMistakes,
    NotAuthorised,
    NotFound,
    ServiceRefused,
    TooLarge,
    TooOften,
    Unavailable,
    ZhiyinError,
)

if TYPE_CHECKING:
    # Loaded with the first refusal.
    from chalicelib.flows.views import Mistake

STATUS: Mapping[type[ZhiyinError], int] = {
    TooLarge: 413,
    ManyMistakes: 400,
    BadInput: 400,
    NotAuthorised: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooOften: 429,
    ServiceRefused: 500,
    Unavailable: 503,
    ZhiyinError: 500,
}
"""The first class that fits, most special first."""
_CHALICE_REFUSALS: Mapping[int, tuple[str, str]] = {
    405: ("method_not_allowed", "This path does not have that method."),
    415: ("unsupported_content_type", "The content type must be one that this path takes, such as JSON."),
    500: ("internal", "Something went wrong on our side."),
}
_OURS = "Something went wrong on our side."
_LONGEST_ID = 256
_MOST_TOLD = 100
"""Mistakes of one answer: the message counts all, and an answer of megabytes would not get through the gateway."""
_JSON: dict[str, str | list[str]] = {
    "Content-Type": "application/json",
    # Answers are about people: no cache on the way keeps one, and no browser takes one for a page.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def serves(blueprint: Blueprint, scope: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Decorate a view: it gets the request and the caller, who must have ``scope``; None = open to all.

    Its value becomes JSON with status 200, its refusal the fitting problem. ``functools.wraps`` keeps
    the handler's name, which Chalice packages.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def served(**path: str) -> Response:
            request = blueprint.current_request
            try:
                named = (caller(request, scope),) if scope else ()
                _check_ids(path)
                answer = view(request, *named, **path)
            except ZhiyinError as error:
                return problem(error, request_id(request))
            except Exception as error:  # noqa: BLE001 - the edge: a caller gets a problem, never a stack trace
                journal().fault("unexpected_error", error, request_id=request_id(request))
                return problem(ZhiyinError("internal", _OURS), request_id(request))
            return answer if isinstance(answer, Response) else json_answer(answer)

        served.scope = scope  # type: ignore[attr-defined]  # read by the test that walks all routes
        return served

    return decorate


def _check_ids(path: Mapping[str, str]) -> None:
    """No id of ours is that long, and the store would refuse it as a key: it is as unknown as any other."""
    if any(len(one) > _LONGEST_ID for one in path.values()):
        raise NotFound("not_found", "There is nothing of this id.")


def in_our_words(event: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: what Chalice itself refuses (415, 405) becomes a problem like every other."""
    response = get_response(event)
    body = response.body
    if not (isinstance(body, dict) and "Code" in body):
        return response
    from chalicelib.flows.views import Problem

    code, message = _CHALICE_REFUSALS.get(response.status_code, ("bad_request", "The request cannot be read."))
    told = msgspec.json.encode(Problem(code, message, request_id(event))).decode()
    return Response(told, {**response.headers, **_JSON}, response.status_code)


def json_answer(value: Any, status: int = 200) -> Response:
    """A value of a declared type, or JSON bytes, as an answer."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Response(body=body.decode(), status_code=status, headers=_JSON)


def kept_by_nobody(answer: Response) -> Response:
    """The answer, not to be kept by any cache on its way: it shows clear values."""
    return Response(answer.body, {**answer.headers, "Cache-Control": "no-store"}, answer.status_code)


def problem(error: ZhiyinError, id_: str) -> Response:
    """The answer to a refusal."""
    from chalicelib.flows.views import Problem

    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    if status >= 500:
        journal().warn("request_failed", code=error.code, request_id=id_)
    # What a cloud service said is ours to read, not the caller's.
    public = ("internal", _OURS) if status == 500 else (error.code, error.message)
    found = error.mistakes[:_MOST_TOLD] if isinstance(error, ManyMistakes) else (error,)
    mistakes = tuple(_mistake(one) for one in found if one.path and status < 500)
    headers = dict(_JSON)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooOften):
        headers["Retry-After"] = str(error.seconds)
    if status == 503:
        headers["Retry-After"] = "1"
    body = msgspec.json.encode(Problem(*public, request_id=id_, errors=mistakes)).decode()
    return Response(body=body, status_code=status, headers=headers)


def _mistake(error: ZhiyinError) -> Mistake:
    from chalicelib.flows.views import Mistake

    suggestion = error.suggestion if isinstance(error, BadInput) else ""
    return Mistake(error.path, error.code, error.message, suggestion)
