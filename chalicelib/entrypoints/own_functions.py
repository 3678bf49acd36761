"""Functions with a role of their own that answer some routes: the gateway hands them the very request, and they the app.

So views, refusals and tests are those of every other route, and only who may open what is sealed differs. A function
that is asked for a route of another one refuses: to try with the wrong role would fail half-way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.access import OWN_FUNCTIONS
from chalicelib.entrypoints.problems import problem
from chalicelib.entrypoints.request import request_id
from chalicelib.entrypoints.textless import textless
from chalicelib.kernel.errors import Unavailable

blueprint = Blueprint(__name__)

API_HANDLER = "api_handler"
_serving: ContextVar[str] = ContextVar("serving", default=API_HANDLER)
"""Which function this is. Set by the handler that Lambda calls, and by nothing that a request holds."""


@blueprint.lambda_function(name="reveal_fields")
@textless
def reveal_fields(event: dict[str, Any], context: Any) -> Any:
    """Clear values of named fields, for a purpose and a ticket."""
    return _answer("reveal_fields", event, context)


@blueprint.lambda_function(name="export_person")
@textless
def export_person(event: dict[str, Any], context: Any) -> Any:
    """All that is held of a person, for those who may take it out, and for the person."""
    return _answer("export_person", event, context)


def only_where_it_is_served(event: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: a route is served by its function and by no other."""
    if OWN_FUNCTIONS.get((event.method, event.path), API_HANDLER) != _serving.get():
        return problem(Unavailable("not_served_here", "This path is not served here; try again."), request_id(event))
    return get_response(event)


def _answer(function: str, event: dict[str, Any], context: Any) -> Any:
    # The app registers this module: at its import the app is not there yet.
    from app import app

    before = _serving.set(function)
    try:
        return app(event, context)
    finally:
        _serving.reset(before)
