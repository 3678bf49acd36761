"""Puts counting and its answers together: a part of ``compose`` of its own, because few functions need it."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.entrypoints.compose import CATALOGUE_SECONDS, api, catalogue, settings, words
from chalicelib.entrypoints.recent import Recent

if TYPE_CHECKING:
    from chalicelib.flows.counting_services import CountServices, InsightServices
    from chalicelib.flows.read_hot_words import WordServices
    from chalicelib.insights.shown_tags import GroupTags
    from chalicelib.store.tallies import DynamoTallies


@cache
def count_services() -> CountServices:
    """What a run of the count needs."""
    from chalicelib.flows.counting_services import CountServices
    from chalicelib.store.counts import DynamoCounts, DynamoGroupTags
    from chalicelib.store.people import DynamoPeople

    call, names = api("dynamodb").call, settings()
    return CountServices(
        people=DynamoPeople(call, names.table_profiles),
        counts=DynamoCounts(call, names.table_history),
        group_tags=DynamoGroupTags(call, names.table_catalogue),
        catalogue=catalogue,
    )


@cache
def insight_services() -> InsightServices:
    """What telling of counts needs."""
    from chalicelib.flows.counting_services import InsightServices
    from chalicelib.store.counts import DynamoCounts

    return InsightServices(DynamoCounts(api("dynamodb").call, settings().table_history), catalogue)


@cache
def word_services() -> WordServices:
    """What telling of hot words needs."""
    from chalicelib.flows.read_hot_words import WordServices
    from chalicelib.store.tallies import DynamoTallies

    return WordServices(DynamoTallies(api("dynamodb").call, settings().table_history), words)


@cache
def service_tallies() -> DynamoTallies:
    """The counters of decisions and what came of them."""
    from chalicelib.store.tallies import DynamoTallies

    return DynamoTallies(api("dynamodb").call, settings().table_history)


@cache
def _group_tags() -> Recent[GroupTags]:
    from chalicelib.insights.shown_tags import NOTHING, GroupTags
    from chalicelib.kernel.codec import decode
    from chalicelib.store.counts import DynamoGroupTags

    store = DynamoGroupTags(api("dynamodb").call, settings().table_catalogue)

    def ask(tenant_id: str) -> GroupTags:
        content = store.group_tags(tenant_id)
        return NOTHING if content is None else decode(content, GroupTags)

    return Recent(ask, CATALOGUE_SECONDS, time.monotonic)


def group_tags(tenant_id: str) -> GroupTags:
    """The tags of a tenant's groups, as they are shown on people; read at most once a minute. Raises Unavailable."""
    from chalicelib.insights.shown_tags import NOTHING

    return _group_tags()(tenant_id) or NOTHING
