"""The doors for webhooks, each with its channel's own signature."""

from __future__ import annotations

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import door_services
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import LIMIT_BYTES, raw_body
from chalicelib.kernel.strict_json import parse

blueprint = Blueprint(__name__)


@blueprint.route(
    "/v1/webhooks/standard/{source_id}", methods=["POST"], content_types=["application/json", "text/plain"]
)
@serves(blueprint)
def standard(request: Request, source_id: str) -> Response:
    """Standard Webhooks 1.0. The signature is over the body as sent, and says who it is from."""
    from chalicelib.channels import standard_webhooks
    from chalicelib.entrypoints.accepting import accepted, count_left_out, for_quarantine, translates_as
    from chalicelib.flows.accept_events import accept_events

    services = door_services()
    source = services.source(source_id)
    # An unknown source is checked against no secret, which fails like a wrong signature does.
    secrets = services.webhook_secrets(source) if source else ()
    body = raw_body(request)
    message_id = standard_webhooks.verify(dict(request.headers), body, secrets, now())
    assert source is not None
    translated = standard_webhooks.translate(
        parse(body, limit_bytes=LIMIT_BYTES), message_id=message_id, source=translates_as(source), now=now()
    )
    count_left_out(translated)
    accept_events(translated.events, for_quarantine(translated), source, services, now())
    return accepted(translated)
