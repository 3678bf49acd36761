"""CloudEvents 1.0 over HTTP: binary, structured and batched mode."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.channels.each import (
    Notes,
    members_of,
    refuse_other_tenant,
    translate_each,
)
from chalicelib.channels.members import data_of, identifiers_of, type_of
from chalicelib.channels.model import SourceProfile, Translated
from chalicelib.channels.people import named_identifiers, without_repeats
from chalicelib.channels.values import read_name, read_text
from chalicelib.events.check import MAX_EVENT_BYTES, MAX_ID_CHARACTERS, check
from chalicelib.events.model import Event, Identifier
from chalicelib.events.types import CHANNELS, NAMESPACES
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, parse_moment
from chalicelib.kernel.strict_json import parse

_STRUCTURED = "application/cloudevents+json"
_BATCHED = "application/cloudevents-batch+json"
_JSON = re.compile(r"(?:application|text)/(?:[\w.-]+\+)?json", re.ASCII)
_PREFIX = "ce-"


def translate(
    headers: Mapping[str, str], body: bytes, *, source: SourceProfile, now: Millis, limit_bytes: int
) -> Translated:
    """The events of a request in whichever mode its Content-Type says.

    Plain JSON without ``ce-`` headers is taken as structured or, if it is a list, as batched: it is
    what a curl line sends. Raises BadInput ``unsupported_content_type``, what ``strict_json.parse``
    raises, and as ``translate_each`` does.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    media = _media_type(by_name.get("content-type"))
    if not media.startswith("application/cloudevents") and "ce-specversion" in by_name:
        items = [_from_headers(by_name, media, body, limit_bytes)]
    elif media in (_STRUCTURED, _BATCHED) or _JSON.fullmatch(media):
        document = parse(body, limit_bytes=limit_bytes)
        if isinstance(document, list) is not (media == _BATCHED) and media in (
            _STRUCTURED,
            _BATCHED,
        ):
            raise BadInput("bad_type", "A batch is a list of events, and one event is an object.")
        items = document if isinstance(document, list) else [document]
    else:
        raise BadInput("unsupported_content_type", "CloudEvents come as JSON here.", "content-type")
    return translate_each(items, source.tenant, lambda item, notes: _translate(item, source, now, notes))


def _media_type(header: str | None) -> str:
    return (header or "").partition(";")[0].strip().lower() or "application/json"


def _from_headers(headers: Mapping[str, str], media: str, body: bytes, limit_bytes: int) -> dict[str, Any]:
    """A binary-mode request as the object that structured mode would have sent."""
    attributes: dict[str, Any] = {
        name.removeprefix(_PREFIX): _header_text(value) for name, value in headers.items() if name.startswith(_PREFIX)
    }
    if not body:
        return attributes
    if not _JSON.fullmatch(media):
        raise BadInput("unsupported_content_type", "The data of an event is JSON here.", "content-type")
    return {**attributes, "data": parse(body, limit_bytes=limit_bytes)}


def _header_text(value: str) -> str:
    """An attribute out of a header: percent-encoded UTF-8, perhaps a quoted string (HTTP binding 3.1.3.2)."""
    from urllib.parse import unquote_to_bytes  # only binary mode needs it

    if len(value) >= 2 and value.startswith('"') and value.endswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeError:
        raise BadInput("bad_utf8", "A ce- header is not percent-encoded UTF-8.") from None


def _translate(item: Mapping[str, Any], source: SourceProfile, now: Millis, notes: Notes) -> Event:
    if item.get("specversion") != "1.0":
        raise BadInput("unsupported_version", "Only CloudEvents 1.0 is read.", "specversion")
    data = _data(item)
    refuse_other_tenant(data, source.tenant)
    event_type = type_of(read_name(item.get("type"), "type"))
    channel = item.get("channel", data.get("channel"))
    time = item.get("time")
    event = Event(
        id=_event_id(read_name(item.get("source"), "source"), read_name(item.get("id"), "id")),
        type=event_type,
        time=now if time is None else parse_moment(time, "time"),
        received_at=now,
        tenant=source.tenant,
        source=source.source_id,
        channel=channel if isinstance(channel, str) and channel in CHANNELS else source.channel,
        identifiers=without_repeats(_identifiers(item, data, notes)),
        data=data_of(event_type, data, source, notes),
    )
    check(event, now, horizon_days=source.horizon_days)
    return event


def _event_id(origin: str, event_id: str) -> str:
    """``source`` and ``id`` together are unique. A URI-reference holds no space, so one parts them."""
    if " " in origin:
        raise BadInput("bad_type", "A source is a URI-reference.", "source")
    joined = f"{origin} {event_id}"
    if len(joined) <= MAX_ID_CHARACTERS:
        return joined
    return "sha256:" + hashlib.sha256(joined.encode()).hexdigest()


def _data(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if item.get("data_base64") is None:
        return members_of(item.get("data"), "data")
    media = item.get("datacontenttype")
    if not _JSON.fullmatch(_media_type(None if media is None else read_text(media, "datacontenttype"))):
        raise BadInput("unsupported_content_type", "The data of an event is JSON here.", "datacontenttype")
    try:
        packed = base64.b64decode(read_text(item["data_base64"], "data_base64"), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("bad_base64", "That is not base64.", "data_base64") from None
    return members_of(parse(packed, limit_bytes=MAX_EVENT_BYTES), "data")


def _identifiers(item: Mapping[str, Any], data: Mapping[str, Any], notes: Notes) -> Iterator[Identifier]:
    """The subject as ``namespace:value``, extension attributes (``userid``, ``phone``), and the data's."""
    subject = item.get("subject")
    if isinstance(subject, str):
        namespace, _, value = subject.partition(":")
        if namespace in NAMESPACES:
            yield Identifier(namespace, value)
    extensions = {name: value for name, value in item.items() if name not in ("data", "data_base64")}
    yield from named_identifiers(extensions, notes, "")
    yield from identifiers_of(data, notes)
