"""The people's own side: a page and calls by which they see and change what is held of them, each by their link.

No authorizer stands before these routes. Who holds a link is found by ``by_link`` in each view; a test walks them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.self_service import private

blueprint = Blueprint(__name__)

_TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
_LONGEST_ACCEPT = 1_000


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


def page(request: Request) -> Response:
    """The page, which holds nothing of anybody: its script brings the link along."""
    response = _shown("html", "me.html")
    if _speaks_chinese(request):
        response.body = response.body.replace('<html lang="en">', '<html lang="zh">', 1)
    return response


def wants_page(request: Request) -> bool:
    """Whether a browser asks for the page: it takes HTML, and sends no link with its request."""
    return "authorization" not in request.headers and "text/html" in _accepted(request, "accept")


def _speaks_chinese(request: Request) -> bool:
    """Whether Chinese comes before English in what a browser is set to; the first named is the one preferred."""
    for tag in _accepted(request, "accept-language").split(","):
        first = tag.strip()[:2].lower()
        if first in ("zh", "en"):
            return first == "zh"
    return False


def _accepted(request: Request, name: str) -> str:
    return str(request.headers.get(name, ""))[:_LONGEST_ACCEPT]


def _shown(kind: str, *names: str) -> Response:
    return Response(body="\n".join(map(_read, names)), status_code=200, headers={"Content-Type": _TYPES[kind]})


@cache
def _read(name: str) -> str:
    return files("chalicelib.entrypoints").joinpath("pages", name).read_text(encoding="utf-8")
