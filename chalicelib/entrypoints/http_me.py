"""The people's own side: a page and calls by which they see and change what is held of them, each by their link.

No authorizer stands before these routes. Who holds a link is found by ``by_link`` in each view; a test walks them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.self_service import by_link, private

if TYPE_CHECKING:
    from chalicelib.flows.link_services import Linked

blueprint = Blueprint(__name__)

_TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
_LONGEST_ACCEPT = 1_000


def page(request: Request) -> Response | None:
    """The page, to a browser that asks for one and brings no link; None to everybody else.

    It holds nothing of anybody: its script brings the link along.
    """
    if "authorization" in request.headers or "text/html" not in _told(request, "accept"):
        return None
    response = _shown("html", "me.html")
    if _speaks_chinese(request):
        response.body = str(response.body).replace('<html lang="en">', '<html lang="zh">', 1)
    return response


@blueprint.route("/v1/me")
@private
@serves(blueprint)
@by_link("see", without=page)
def me(request: Request, person: Linked) -> Response:
    """The page to a browser that brings no link; to who holds one, all that is held of them."""
    # Only the function that may open what is sealed loads what opens.
    from chalicelib.entrypoints.self_service import show_services
    from chalicelib.flows.show_person import show_person

    return json_answer(show_person(person, show_services(person.claims.tenant), now()))


@blueprint.route("/v1/me/app.js")
@private
@serves(blueprint)
def script(request: Request) -> Response:
    """The page's script."""
    return _shown("js", "me_words.js", "me.js")


@blueprint.route("/v1/me/app.css")
@private
@serves(blueprint)
def style(request: Request) -> Response:
    """The page's style."""
    return _shown("css", "me.css")


def _speaks_chinese(request: Request) -> bool:
    """Whether Chinese comes before English in what a browser is set to; the first named is the one preferred."""
    for tag in _told(request, "accept-language").split(","):
        first = tag.strip()[:2].lower()
        if first in ("zh", "en"):
            return first == "zh"
    return False


def _told(request: Request, name: str) -> str:
    return str(request.headers.get(name, ""))[:_LONGEST_ACCEPT]


def _shown(kind: str, *names: str) -> Response:
    return Response(body="\n".join(map(_read, names)), status_code=200, headers={"Content-Type": _TYPES[kind]})


@cache
def _read(name: str) -> str:
    return files("chalicelib.entrypoints").joinpath("pages", name).read_text(encoding="utf-8")
