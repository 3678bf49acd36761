"""Puts together what plays past contacts again: a part of ``catalogue_jobs`` of its own, for the worker alone."""

from __future__ import annotations

from chalicelib.entrypoints.catalogue_jobs import job_services
from chalicelib.entrypoints.compose import api, settings, tenant
from chalicelib.flows.run_what_if import WhatIfServices
from chalicelib.store.dynamo_desk import DynamoDesk
from chalicelib.store.past import DynamoPast
from chalicelib.store.tallies import DynamoTallies


def what_if_services(tenant_id: str) -> WhatIfServices:
    """What the worker needs."""
    names, call = settings(), api("dynamodb").call
    return WhatIfServices(
        job=job_services(tenant_id),
        past=DynamoPast(call, names.table_history),
        agents=DynamoDesk(call, names.table_desk, names.table_history).agents,
        timezone=lambda asked: tenant(asked).timezone,
        tallies=DynamoTallies(call, names.table_history),
    )
