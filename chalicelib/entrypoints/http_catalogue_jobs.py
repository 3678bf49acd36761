"""Dry runs of drafts and what-ifs, and the jobs that they and publishing make."""

from __future__ import annotations

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, query, raw_body, typed_body

blueprint = Blueprint(__name__)

DRY_RUN, READ = "catalogue:dry_run", "catalogue:read"


@blueprint.route("/v1/catalogue/{kind}/{id}/dry-run", methods=["POST"], name="dry_run", authorizer=principal_auth)
@serves(blueprint, DRY_RUN)
def dry_run(request: Request, caller: Caller, kind: str, id: str) -> Response:  # noqa: A002 - the path's own name
    """Try a draft on stored people or past events: who gains, who loses, which routes change."""
    # Cold: what jobs need would cost every start of the function that also routes.
    from chalicelib.entrypoints.catalogue_jobs import job_services
    from chalicelib.flows.catalogue_job import Job
    from chalicelib.flows.open_job import DryRunRequest, checked, drafts_of, open_job

    asked = typed_body(request, DryRunRequest) if raw_body(request) else DryRunRequest()
    services, at = job_services(caller.tenant_id), now()
    window = checked(asked, tenant_of(caller).horizon_days, at)
    drafts = drafts_of(caller.tenant_id, kind, id, asked, services)
    job_id = "dry_run_" + idempotency_key(request, caller)
    job = Job(
        caller.tenant_id,
        job_id,
        "dry_run",
        kind,
        id,
        caller.principal,
        at,
        (),
        tuple(drafts),
        sample=asked.sample,
        window=window,
    )
    return json_answer(open_job(job, services.door), 202)


@blueprint.route("/v1/catalogue/jobs", name="jobs", authorizer=principal_auth)
@serves(blueprint, READ)
def jobs(request: Request, caller: Caller) -> Response:
    """Dry runs and apply jobs of the last 30 days, newest first."""
    from chalicelib.entrypoints.catalogue_jobs import job_store
    from chalicelib.flows.describe_job import list_jobs

    return json_answer(list_jobs(caller.tenant_id, query(request, "cursor"), job_store()))


@blueprint.route("/v1/catalogue/jobs/{job_id}", name="job", authorizer=principal_auth)
@serves(blueprint, READ)
def job(request: Request, caller: Caller, job_id: str) -> Response:
    """How far a job is, and what it has counted."""
    from chalicelib.entrypoints.catalogue_jobs import job_services
    from chalicelib.flows.describe_job import describe_job

    services = job_services(caller.tenant_id)
    return json_answer(describe_job(caller.tenant_id, job_id, services.jobs, most_named=services.most_named))


@blueprint.route("/v1/what-if", methods=["POST"], name="what_if", authorizer=principal_auth)
@serves(blueprint, DRY_RUN)
def what_if(request: Request, caller: Caller) -> Response:
    """Play past contacts again: waits by segment, time limits, transfers, resolution, load, and who loses."""
    # Cold: what jobs need would cost every start of the function that also routes.
    from chalicelib.entrypoints.catalogue_jobs import job_services
    from chalicelib.flows.open_job import open_job
    from chalicelib.flows.what_if_job import WhatIfRequest, job_to_open

    asked = typed_body(request, WhatIfRequest)
    services, key = job_services(caller.tenant_id), idempotency_key(request, caller)
    job = job_to_open(asked, caller.tenant_id, key, caller.principal, services, now())
    return json_answer(open_job(job, services.door), 202)


@blueprint.route("/v1/what-if/{job_id}", name="what_if_job", authorizer=principal_auth)
@serves(blueprint, DRY_RUN)
def what_if_job(request: Request, caller: Caller, job_id: str) -> Response:
    """How far it is, and its result."""
    from chalicelib.entrypoints.catalogue_jobs import job_store
    from chalicelib.flows.what_if_job import describe_what_if

    return json_answer(describe_what_if(caller.tenant_id, job_id, job_store()))
