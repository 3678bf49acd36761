"""Whether it runs, and what it offers."""

from __future__ import annotations

from importlib.resources import files

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.flows.views import Health
from chalicelib.kernel.version import VERSION

blueprint = Blueprint(__name__)


@blueprint.route("/v1/health")
@serves(blueprint)
def health(request: Request) -> Health:
    """That this function answers."""
    return Health("ok", VERSION)


@blueprint.route("/v1/openapi.json")
@serves(blueprint)
def openapi(request: Request) -> Response:
    """The contract as OpenAPI 3.1."""
    return json_answer(files("chalicelib.entrypoints").joinpath("openapi.json").read_bytes())
