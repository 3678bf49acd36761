"""The people's own side: a page and calls by which they see and change what is held of them, each by their link.

No authorizer stands before these routes. Who holds a link is found by ``by_link`` in each view; a test walks them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import query
from chalicelib.entrypoints.self_service import by_link, private
from chalicelib.kernel.errors import BadInput

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
    from chalicelib.flows.own_reads import note_own_read
    from chalicelib.flows.show_person import show_person

    note_own_read(person, "me.see", ("person",), history(), now())
    return json_answer(show_person(person, show_services(person.claims.tenant), now()))


@blueprint.route("/v1/me/export")
@private
@serves(blueprint)
@by_link("export")
def export(request: Request, person: Linked) -> Response:
    """A part of all that is held of the person as a file: JSON, a page, or a table. ``X-Parts`` says how many there are."""
    from chalicelib.entrypoints.exporting import export_services, written
    from chalicelib.flows.export_person import export_of
    from chalicelib.flows.export_views import FORMATS
    from chalicelib.flows.own_reads import note_own_read

    format_, part = query(request, "format") or "json", _part(request)
    language = query(request, "language") or "en"
    if format_ not in FORMATS:
        raise BadInput("bad_format", f"The formats are {', '.join(FORMATS)}.", "format")
    if language not in ("zh", "en"):
        raise BadInput("bad_language", "The languages are zh and en.", "language")
    note_own_read(person, "me.export", ("person",) if part == 1 else ("events",), history(), now())
    services = export_services(person.claims.tenant)
    view = export_of(person.tenant, person.row.profile_id, services, now(), part, only=person.body.facets)
    response = written(view, format_, language)
    response.headers["X-Parts"] = str(view.parts)
    return response


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


def _part(request: Request) -> int:
    given = query(request, "part") or "1"
    if not (given.isascii() and given.isdigit() and len(given) < 6):
        raise BadInput("bad_part", "A part is a number from 1 on.", "part")
    return int(given)


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
    return (Path(__file__).parent / "pages" / name).read_text(encoding="utf-8")
