"""Puts the judging of sources together: a part of ``compose`` of its own, because hot functions need none of it."""

from __future__ import annotations

from functools import cache

from chalicelib.entrypoints.compose import api, settings
from chalicelib.flows.judge_sources import QualityServices
from chalicelib.store.health import DynamoHealth
from chalicelib.store.tallies import DynamoTallies


@cache
def quality_services() -> QualityServices:
    """What judging and reporting needs."""
    call, names = api("dynamodb").call, settings()
    return QualityServices(
        tallies=DynamoTallies(call, names.table_history), health=DynamoHealth(call, names.table_catalogue)
    )
