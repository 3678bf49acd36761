"""Standard Webhooks 1.0: checks the signature, then reads ``{"type", "timestamp", "data"}``."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping, Sequence

from chalicelib.channels.each import (
    Notes,
    members_of,
    refuse_other_tenant,
    translate_each,
)
from chalicelib.channels.members import data_of, identifiers_of, type_of
from chalicelib.channels.model import SourceProfile, Translated
from chalicelib.channels.people import without_repeats
from chalicelib.channels.values import read_name
from chalicelib.events.check import check
from chalicelib.events.model import Event
from chalicelib.events.types import CHANNELS
from chalicelib.kernel.errors import NotAuthorised
from chalicelib.kernel.moments import MINUTE_MS, Millis, parse_moment

TOLERANCE_MS = 5 * MINUTE_MS
_PREFIX = b"whsec_"
_MAX_SIGNATURES = 16
_LONGEST_SECONDS = 12
_LONGEST_ID = 256


def verify(headers: Mapping[str, str], raw_body: bytes, secrets: Sequence[bytes], now: Millis) -> str:
    """The ``webhook-id`` of a request that one of the secrets signed within 5 minutes of ``now``.

    The id is the event's id, so that a replay meets the marker of the first. ``secrets`` are raw
    bytes or ``whsec_`` and base64; several allow rotation. Raises NotAuthorised, the same for every
    cause; every secret is tried with every signature, so that time does not tell the cause either.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    message_id = by_name.get("webhook-id", "")
    stamp = by_name.get("webhook-timestamp", "")
    given = list(_signatures(by_name.get("webhook-signature", "")))
    signed = b".".join((message_id.encode("utf-8", "replace"), stamp.encode("utf-8", "replace"), raw_body))
    matches = 0
    # A source that does not exist has no secrets; it must cost what a wrong signature costs.
    for secret in secrets or (b"",):
        key = _key(secret)
        expected = hmac.digest(key, signed, "sha256")
        for signature in given:
            # Anyone can sign with an empty key, so a badly configured one opens nothing.
            matches += hmac.compare_digest(expected, signature) and bool(key)
    if not (matches and _is_id(message_id) and _is_fresh(stamp, now)):
        raise NotAuthorised
    return message_id


def _signatures(header: str) -> Iterator[bytes]:
    """The ``v1`` signatures of the header; whatever else stands there is passed over."""
    for versioned in header.split(" ")[:_MAX_SIGNATURES]:
        version, _, signature = versioned.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(signature, validate=True)
            except (binascii.Error, ValueError):
                continue


def _key(secret: bytes) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret
    try:
        # Secrets are shown without padding at times, and base64 ignores what is too much.
        return base64.b64decode(secret.removeprefix(_PREFIX) + b"==")
    except binascii.Error:
        return b""


def _is_id(message_id: str) -> bool:
    return 1 <= len(message_id) <= _LONGEST_ID and message_id.isascii() and message_id.isprintable()


def _is_fresh(stamp: str, now: Millis) -> bool:
    # int() would read " 1700_000 " and digits of every script.
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_SECONDS):
        return False
    return abs(now - int(stamp) * 1000) <= TOLERANCE_MS


def translate(payload: object, *, message_id: str, source: SourceProfile, now: Millis) -> Translated:
    """The event of a verified body; ``data`` names its person by ``identifiers`` or flat members."""

    def translate_one(item: Mapping[str, object], notes: Notes) -> Event:
        data = members_of(item.get("data"), "data")
        refuse_other_tenant(data, source.tenant)
        event_type = type_of(read_name(item.get("type"), "type"))
        channel, time = data.get("channel"), item.get("timestamp")
        event = Event(
            id=message_id,
            type=event_type,
            time=now if time is None else parse_moment(time, "timestamp"),
            received_at=now,
            tenant=source.tenant,
            source=source.source_id,
            channel=channel if isinstance(channel, str) and channel in CHANNELS else source.channel,
            identifiers=without_repeats(identifiers_of(data, notes)),
            data=data_of(event_type, data, source, notes),
        )
        check(event, now, horizon_days=source.horizon_days)
        return event

    return translate_each([payload], source.tenant, translate_one)
