"""The doors for events: the Segment family and CloudEvents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import source_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import door_services, source_of
from chalicelib.entrypoints.problems import serves
from chalicelib.entrypoints.request import LIMIT_BYTES, Caller, json_body, raw_body

if TYPE_CHECKING:
    # The doors load what translates with their first event; all other calls of this function never do.
    from chalicelib.channels.model import Translated
    from chalicelib.flows.views import Success

blueprint = Blueprint(__name__)

SCOPE = "events:write"
# Clients in browsers send JSON as text/plain to avoid a preflight request.
_SEGMENT_TYPES = ["application/json", "text/plain"]
_CLOUDEVENTS_TYPES = [
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json",
    "text/json",
]


@blueprint.route("/v1/batch", methods=["POST"], content_types=_SEGMENT_TYPES, authorizer=source_auth)
@serves(blueprint, SCOPE)
def batch(request: Request, caller: Caller) -> Success:
    """Many calls of the Segment family at once."""
    from chalicelib.channels.segment import translate_batch
    from chalicelib.entrypoints.accepting import translates_as

    source = source_of(caller)
    return _accept_all(caller, translate_batch(json_body(request), source=translates_as(source), now=now()))


def _segment_call(kind: str) -> None:
    @blueprint.route(f"/v1/{kind}", methods=["POST"], name=kind, content_types=_SEGMENT_TYPES, authorizer=source_auth)
    @serves(blueprint, SCOPE)
    def call(request: Request, caller: Caller) -> Success:
        from chalicelib.channels.segment import translate_call
        from chalicelib.entrypoints.accepting import translates_as

        source = translates_as(source_of(caller))
        return _accept_all(caller, translate_call(kind, json_body(request), source=source, now=now()))


for _kind in ("track", "identify", "page", "screen", "group", "alias"):
    _segment_call(_kind)


@blueprint.route("/v1/events", methods=["POST"], content_types=_CLOUDEVENTS_TYPES, authorizer=source_auth)
@serves(blueprint, SCOPE)
def events(request: Request, caller: Caller) -> Response:
    """CloudEvents 1.0 in binary, structured or batched mode; what is refused is said, not quarantined."""
    from chalicelib.channels.cloudevents import translate
    from chalicelib.entrypoints.accepting import accepted, count_left_out, translates_as
    from chalicelib.flows.accept_events import accept_events

    source, body = source_of(caller), raw_body(request)
    translated = translate(
        dict(request.headers), body, source=translates_as(source), now=now(), limit_bytes=LIMIT_BYTES
    )
    count_left_out(translated)
    accept_events(translated.events, (), source, door_services(), now())
    return accepted(translated)


def _accept_all(caller: Caller, translated: Translated) -> Success:
    """Segment's clients know only success: what has to be refused goes to the quarantine."""
    from chalicelib.entrypoints.accepting import count_left_out, for_quarantine
    from chalicelib.flows.accept_events import accept_events
    from chalicelib.flows.views import Success

    count_left_out(translated)
    accept_events(translated.events, for_quarantine(translated), source_of(caller), door_services(), now())
    return Success()
