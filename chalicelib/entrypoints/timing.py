"""Puts the job that looks after timers together: a part of ``compose`` of its own, because no other function needs it."""

from __future__ import annotations

from typing import Any

from chalicelib.aws.retrying import wait
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import api, catalogue, publish, settings
from chalicelib.entrypoints.outreach import outreach
from chalicelib.flows.fire_timers import TimerServices
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.timers import DynamoTimers


def timer_services(context: Any) -> TimerServices:
    """What a run needs, within the time that the invocation has left."""
    call, names = api("dynamodb").call, settings()
    return TimerServices(
        profiles=DynamoProfiles(call, names.table_profiles, names.table_history),
        timers=DynamoTimers(call, names.table_profiles),
        catalogue=catalogue,
        publish=publish,
        clock=now,
        wait=wait,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        outreach=outreach,
    )
