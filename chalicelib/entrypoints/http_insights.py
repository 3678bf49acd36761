"""What many people say and are: hot words, distributions per tag, and tags of groups. Numbers only, none below five."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import Caller, moment, query
from chalicelib.kernel.moments import day_of, parse_moment

if TYPE_CHECKING:
    from chalicelib.flows.forecast_views import VolumeForecastView
    from chalicelib.flows.insight_views import GroupsView, HotWordsView, TagCountsView, TagDistributionView
    from chalicelib.flows.read_hot_words import Asked
    from chalicelib.flows.service_views import ServiceView

blueprint = Blueprint(__name__)

READ = "insights:read"


@blueprint.route("/v1/insights/hot-words", authorizer=principal_auth)
@serves(blueprint, READ)
def hot_words(request: Request, caller: Caller) -> HotWordsView:
    """What people ask now, against the same hours of the past four weeks."""
    from chalicelib.entrypoints.insights import word_services
    from chalicelib.flows.read_hot_words import read_hot_words

    return read_hot_words(caller.tenant_id, _asked(request), word_services(), now())


@blueprint.route("/v1/insights/tags", authorizer=principal_auth)
@serves(blueprint, READ)
def tags(request: Request, caller: Caller) -> TagCountsView:
    """How many people have which tag, and how often people do what; the newest count, or that of a day."""
    from chalicelib.entrypoints.insights import insight_services
    from chalicelib.flows.read_counts import read_tag_counts

    day = query(request, "day")
    return read_tag_counts(
        caller.tenant_id, day_of(parse_moment(f"{day}T00:00:00Z", "day")) if day else None, insight_services()
    )


@blueprint.route("/v1/insights/tags/{tag_id}", authorizer=principal_auth)
@serves(blueprint, READ)
def tag(request: Request, caller: Caller, tag_id: str) -> TagDistributionView:
    """One tag by region, member level, age band, segment and channel, by confidence, and by day."""
    from chalicelib.entrypoints.insights import insight_services
    from chalicelib.flows.read_counts import read_tag_distribution

    return read_tag_distribution(caller.tenant_id, tag_id, insight_services())


@blueprint.route("/v1/insights/groups", authorizer=principal_auth)
@serves(blueprint, READ)
def groups(request: Request, caller: Caller) -> GroupsView:
    """Every group with its size, its growth, its tags and why it has them."""
    from chalicelib.entrypoints.insights import insight_services
    from chalicelib.flows.read_counts import read_groups

    return read_groups(caller.tenant_id, insight_services())


@blueprint.route("/v1/insights/service", authorizer=principal_auth)
@serves(blueprint, READ)
def service(request: Request, caller: Caller) -> ServiceView:
    """How service was: response, resolution, transfers, handling, satisfaction and repeats; by queue …"""
    from chalicelib.entrypoints.insights import service_tallies
    from chalicelib.flows.read_service import read_service

    since, until = moment(request, "from"), moment(request, "to")
    return read_service(caller.tenant_id, since, until, query(request, "by"), service_tallies(), now())


@blueprint.route("/v1/insights/forecast", authorizer=principal_auth)
@serves(blueprint, READ)
def forecast(request: Request, caller: Caller) -> VolumeForecastView:
    """How many contacts a queue is likely to have, by half hour, with bounds and past errors."""
    from chalicelib.entrypoints.at_desk import timezone
    from chalicelib.entrypoints.insights import service_tallies
    from chalicelib.flows.read_forecast import read_forecast

    zone, asked = timezone(caller.tenant_id), (query(request, "queue"), query(request, "days"))
    return read_forecast(caller.tenant_id, *asked, zone, service_tallies(), now())


def _asked(request: Request) -> Asked:
    from chalicelib.flows.read_hot_words import Asked

    return Asked(
        window=query(request, "window") or "24h",
        region=query(request, "region"),
        segment=query(request, "segment"),
        channel=query(request, "channel"),
    )
