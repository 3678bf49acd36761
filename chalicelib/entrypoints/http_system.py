"""Whether it runs, and what it offers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.problems import json_answer, serves

if TYPE_CHECKING:
    from chalicelib.flows.views import Health

blueprint = Blueprint(__name__)


@blueprint.route("/v1/health")
@serves(blueprint)
def health(request: Request) -> Health:
    """That this function answers."""
    from chalicelib.flows.views import Health
    from chalicelib.kernel.version import VERSION

    return Health("ok", VERSION)


@blueprint.route("/v1/openapi.json")
@serves(blueprint)
def openapi(request: Request) -> Response:
    """The contract as OpenAPI 3.1."""
    return json_answer(Path(__file__).with_name("openapi.json").read_bytes())
