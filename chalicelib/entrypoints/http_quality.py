"""The quality of what comes in: how each source is, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller

if TYPE_CHECKING:
    from chalicelib.flows.source_views import QualityView

blueprint = Blueprint(__name__)

QUALITY = "quality:read"


@blueprint.route("/v1/quality", authorizer=principal_auth)
@serves(blueprint, QUALITY)
def quality(request: Request, caller: Caller) -> QualityView:
    """Sources with their states, the measures that suffer, and the stability index of each field."""
    # Few ask for it; the others' start should not wait for it.
    from chalicelib.entrypoints.quality import quality_services
    from chalicelib.flows.describe_sources import describe_sources

    return describe_sources(caller.tenant_id, quality_services().health)
