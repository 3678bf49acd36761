"""The Segment HTTP tracking API: what its public client libraries send, as canonical events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.channels.each import (
    Notes,
    content_id,
    members_of,
    refuse_other_tenant,
    translate_each,
)
from chalicelib.channels.model import SourceProfile, Translated
from chalicelib.channels.segment_calls import CALLS
from chalicelib.channels.segment_names import NAMES
from chalicelib.channels.segment_people import identifiers_of_call
from chalicelib.channels.shape import keep_members
from chalicelib.channels.values import read_any_id
from chalicelib.events.check import check
from chalicelib.events.model import Event
from chalicelib.events.types import CHANNELS
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import MINUTE_MS, Millis, parse_moment

_CONTEXT_KEPT = ("locale", "timezone", "library", "campaign", "os", "app")
_NOT_CONTENT = ("messageId", "sentAt", "receivedAt", "writeKey", "integrations")


def translate_batch(payload: object, *, source: SourceProfile, now: Millis) -> Translated:
    """The events of a ``/v1/batch`` body, which may give a common ``context`` and ``sentAt``.

    ``now`` is when it was received. Raises BadInput ``bad_type`` if there is no list ``batch``, and
    as ``translate_each`` does.
    """
    body = members_of(payload, "")
    refuse_other_tenant(body, source.tenant)
    batch = body.get("batch")
    if not isinstance(batch, list):
        raise BadInput("bad_type", "A batch is a list of calls.", "batch")
    return translate_each(
        batch,
        source.tenant,
        lambda item, notes: _translate(item, item.get("type"), body, source, now, notes),
    )


def translate_call(kind: str, payload: object, *, source: SourceProfile, now: Millis) -> Translated:
    """One call to ``/v1/<kind>``: track, identify, page, screen, group or alias."""
    return translate_each([payload], source.tenant, lambda item, notes: _translate(item, kind, {}, source, now, notes))


def _translate(
    item: Mapping[str, Any],
    kind: object,
    body: Mapping[str, Any],
    source: SourceProfile,
    now: Millis,
    notes: Notes,
) -> Event:
    call = CALLS.get(kind) if isinstance(kind, str) else None
    if call is None:
        raise BadInput("bad_type", "A call is track, identify, page, screen, group or alias.", "type")
    context = {
        **members_of(body.get("context"), "context"),
        **members_of(item.get("context"), "context"),
    }
    event_type, data = call(item, context, source, notes)
    given_id = item.get("messageId")
    event = Event(
        id=content_id(item, without=_NOT_CONTENT) if given_id in (None, "") else read_any_id(given_id, "messageId"),
        type=event_type,
        time=_time_of(item, item.get("sentAt") or body.get("sentAt"), now),
        received_at=now,
        tenant=source.tenant,
        source=source.source_id,
        channel=_channel_of(item, context, source, kind),
        identifiers=identifiers_of_call(item, context, notes),
        data=data,
        context=keep_members({name: context.get(name) for name in _CONTEXT_KEPT}, notes, "context"),
    )
    check(event, now, horizon_days=source.horizon_days)
    return event


def _time_of(item: Mapping[str, Any], sent_at: object, now: Millis) -> Millis:
    """When it happened by our clock: a sender's clock is corrected by what ``sentAt`` shows of it.

    The correction is in whole minutes: less is the time that the network took, and would give the
    same event another time at every try. A call with ``originalTimestamp`` and ``timestamp`` came
    through Segment, which has corrected it already.
    """
    stamp, original = item.get("timestamp"), item.get("originalTimestamp")
    if stamp is None and original is None:
        return now
    if stamp is None:
        time = parse_moment(original, "originalTimestamp")
    else:
        time = parse_moment(stamp, "timestamp")
        if original is not None:
            return time
    if sent_at is None:
        return time
    drift = now - parse_moment(sent_at, "sentAt")
    return time + (drift + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS


def _channel_of(item: Mapping[str, Any], context: Mapping[str, Any], source: SourceProfile, kind: object) -> str:
    """The channel that the call names, else the source's own.

    Looked at in this order, unknown names passed over: ``context.channel``,
    ``context.source.channel``, ``properties.channel``; a screen is in the app; then the platform
    that the library writes as ``channel`` (browser, mobile, server).
    """
    origin, properties = context.get("source"), item.get("properties")
    for place in (context, origin, properties):
        named = place.get("channel") if isinstance(place, dict) else None
        if isinstance(named, str) and named in CHANNELS:
            return named
    if kind == "screen":
        return "app"
    platform = item.get("channel")
    return NAMES.channels.get(platform, source.channel) if isinstance(platform, str) else source.channel
