"""The data map, for those who must account for what is kept of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.compose import in_force
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller

if TYPE_CHECKING:
    from chalicelib.flows.data_map import DataMapView

blueprint = Blueprint(__name__)

READ = "audit:read"


@blueprint.route("/v1/privacy/data-map", authorizer=principal_auth)
@serves(blueprint, READ)
def data_map(request: Request, caller: Caller) -> DataMapView:
    """What is kept of people: what for, on what ground, how long, from whom and for whom."""
    # Few ask for it; the others' start should not wait for it.
    from chalicelib.flows.data_map import data_map as map_of

    return map_of(in_force()(caller.tenant_id))
