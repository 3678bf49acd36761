"""What the OpenAPI document says of jobs: dry runs, what-ifs, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.job_views import JobsView, JobView
from chalicelib.flows.open_job import DryRunRequest, JobOpened
from chalicelib.flows.what_if_job import WhatIfRequest, WhatIfView
from infra.openapi_parameters import CURSOR, IDEMPOTENCY_KEY, Operation

JOBS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/v1/catalogue/{kind}/{id}/dry-run"): Operation(
        details="The body may be left out. Without `sample` all people are looked at up to about 50,000, and of more a "
        "sample of about 5,000, whose answer has bounds. With `window` it is past events, refolded one by one.",
        body=(DryRunRequest,),
        answer=JobOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("POST", "/v1/what-if"): Operation(
        details="Decisions of the window are played twice with the same dice: as the policy in force and the roster have it, "
        "and with the draft `policy` or the `change` of agents. Handling times are drawn from the outcomes of such contacts. "
        "Nobody hangs up in it, and bots are not played.",
        body=(WhatIfRequest,),
        answer=JobOpened,
        status=202,
        parameters=(IDEMPOTENCY_KEY,),
        refuses=(404, 409),
    ),
    ("GET", "/v1/what-if/{job_id}"): Operation(answer=WhatIfView),
    ("GET", "/v1/catalogue/jobs"): Operation(answer=JobsView, parameters=(CURSOR,)),
    ("GET", "/v1/catalogue/jobs/{job_id}"): Operation(answer=JobView),
}
