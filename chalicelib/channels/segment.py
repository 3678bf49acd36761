"""The Segment HTTP tracking API: what its public client libraries send, as canonical events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.channels.each import (
    Notes,
    content_id,
    members_of,
    refuse_other_tenant,
    translate_each,
)
from chalicelib.channels.model import SourceProfile, Translated
from chalicelib.channels.people import (
    listed_identifiers,
    named_identifiers,
    namespace_of,
    without_repeats,
)
from chalicelib.channels.shape import keep_members, shape
from chalicelib.channels.traits import shape_traits
from chalicelib.channels.values import read_id, read_integer, read_name
from chalicelib.events.check import check
from chalicelib.events.model import Event, Identifier
from chalicelib.events.types import CHANNELS, fields_of, type_from_words, words_of
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import MINUTE_MS, Millis, parse_moment


class _Names(msgspec.Struct, frozen=True):
    """Segment's names → ours: events, property names by field, device id types, platforms."""

    events: dict[str, str]
    fields: dict[str, tuple[str, ...]]
    devices: frozenset[str]
    channels: dict[str, str]


_NAMES = msgspec.json.decode(
    Path(__file__).with_name("segment_names.json").read_bytes(), type=_Names
)
_CONTEXT_KEPT = ("locale", "timezone", "library", "campaign", "os", "app")
_CHANGES_BETWEEN_TRIES = ("sentAt", "receivedAt", "writeKey", "integrations")


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
    return translate_each(
        [payload], source.tenant, lambda item, notes: _translate(item, kind, {}, source, now, notes)
    )


def _translate(
    item: Mapping[str, Any],
    kind: object,
    body: Mapping[str, Any],
    source: SourceProfile,
    now: Millis,
    notes: Notes,
) -> Event:
    call = _CALLS.get(kind) if isinstance(kind, str) else None
    if call is None:
        raise BadInput(
            "bad_type", "A call is track, identify, page, screen, group or alias.", "type"
        )
    context = {
        **members_of(body.get("context"), "context"),
        **members_of(item.get("context"), "context"),
    }
    event_type, data = call(item, context, source, notes)
    given_id = item.get("messageId")
    event = Event(
        id=content_id(item, without=_CHANGES_BETWEEN_TRIES)
        if given_id in (None, "")
        else _person_id(given_id, "messageId"),
        type=event_type,
        time=_time_of(item, item.get("sentAt") or body.get("sentAt"), now),
        received_at=now,
        tenant=source.tenant,
        source=source.source_id,
        channel=_channel_of(item, context, source, kind),
        identifiers=without_repeats(_identifiers(item, context, kind, notes)),
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


def _channel_of(
    item: Mapping[str, Any], context: Mapping[str, Any], source: SourceProfile, kind: object
) -> str:
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
    return (
        _NAMES.channels.get(platform, source.channel)
        if isinstance(platform, str)
        else source.channel
    )


def _identifiers(
    item: Mapping[str, Any], context: Mapping[str, Any], kind: object, notes: Notes
) -> Iterator[Identifier]:
    for member, namespace in (
        ("userId", "user_id"),
        ("anonymousId", "anonymous_id"),
        ("previousId", "anonymous_id"),
    ):
        # Libraries send null or an empty text for the one that they do not know.
        if item.get(member) not in (None, ""):
            yield Identifier(namespace, _person_id(item[member], member))
    device = context.get("device")
    if isinstance(device, dict) and device.get("id") not in (None, ""):
        yield Identifier("device", _person_id(device["id"], "context.device.id"))
    yield from named_identifiers(
        members_of(context.get("traits"), "context.traits"), notes, "context.traits"
    )
    # The traits of a group are a company's: its phone is not this person's.
    if kind != "group":
        yield from named_identifiers(members_of(item.get("traits"), "traits"), notes, "traits")
    yield from _external_ids(context.get("externalIds"), notes)
    yield from listed_identifiers(context.get("identifiers"), "context.identifiers")


def _person_id(value: object, path: str) -> str:
    return value if isinstance(value, str) else read_id(value, path)


def _external_ids(value: object, notes: Notes) -> Iterator[Identifier]:
    entries = value if isinstance(value, list) else []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not entry["id"]:
            notes.add("context.externalIds", "bad_type")
            continue
        kind = str(entry.get("type"))
        namespace = "device" if kind in _NAMES.devices else namespace_of(kind)
        if (
            namespace is None
            or entry.get("collection", "users") != "users"
            or entry.get("encoding", "none") != "none"
        ):
            notes.add("context.externalIds", "unknown_namespace")
            continue
        yield Identifier(namespace, entry["id"])


type Shaped = tuple[str, dict[str, Any]]
type Call = Callable[[Mapping[str, Any], Mapping[str, Any], SourceProfile, Notes], Shaped]


def _track(
    item: Mapping[str, Any], context: Mapping[str, Any], source: SourceProfile, notes: Notes
) -> Shaped:
    name = read_name(item.get("event"), "event")
    event_type = _NAMES.events.get(words_of(name)) or type_from_words(name)
    properties = dict(members_of(item.get("properties"), "properties"))
    if event_type == "profile.described":
        return event_type, {
            "traits": shape_traits(properties, source.traits, notes, path="properties")
        }
    if "items" in fields_of(event_type):
        properties = _summed_up(properties)
    if event_type == "page.viewed":
        properties = _with_path(properties, context)
    return event_type, shape(
        event_type, properties, notes, path="properties", aliases=_NAMES.fields
    )


def _summed_up(properties: dict[str, Any]) -> dict[str, Any]:
    """The order with the number of pieces and the first product's category, if only products say them."""
    products = properties.get("products")
    if not isinstance(products, list) or not products:
        return properties
    products = [members_of(each, f"properties.products[{at}]") for at, each in enumerate(products)]
    pieces = sum(
        read_integer(each.get("quantity", 1), f"properties.products[{index}].quantity")
        for index, each in enumerate(products)
    )
    category = products[0].get("category")
    found = {"items": pieces} if category is None else {"items": pieces, "category": category}
    return {**found, **properties}


def _with_path(properties: dict[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """The view with its path, and without queries: those may hold names and keys."""
    page = context.get("page")
    bare = {name: value for name, value in properties.items() if name not in ("url", "search")}
    if isinstance(bare.get("referrer"), str):
        bare["referrer"] = bare["referrer"].partition("?")[0]
    for place in (properties, page if isinstance(page, dict) else {}):
        for name in ("path", "url"):
            if isinstance(place.get(name), str):
                return {**bare, "path": _path_in(place[name])}
    return bare


def _path_in(url: str) -> str:
    bare = url.partition("#")[0].partition("?")[0]
    _, scheme, rest = bare.partition("://")
    return f"/{rest.partition('/')[2]}" if scheme else bare


def _page(
    item: Mapping[str, Any], context: Mapping[str, Any], _source: SourceProfile, notes: Notes
) -> Shaped:
    properties = dict(members_of(item.get("properties"), "properties"))
    for member in ("category", "name"):
        if item.get(member) is not None:
            properties.setdefault(member, item[member])
    properties = _with_path(properties, context)
    if properties.get("path") is None and properties.get("name") is not None:
        properties["path"] = properties["name"]
    return "page.viewed", shape("page.viewed", properties, notes, path="properties")


def _identify(
    item: Mapping[str, Any], context: Mapping[str, Any], source: SourceProfile, notes: Notes
) -> Shaped:
    traits = {
        **members_of(context.get("traits"), "context.traits"),
        **members_of(item.get("traits"), "traits"),
    }
    system = context.get("os")
    if isinstance(system, dict) and isinstance(system.get("name"), str):
        traits.setdefault("device_os", system["name"])
    return "profile.described", {"traits": shape_traits(traits, source.traits, notes)}


def _group(
    item: Mapping[str, Any], _context: Mapping[str, Any], source: SourceProfile, notes: Notes
) -> Shaped:
    group_id = read_id(item.get("groupId"), "groupId")
    company = members_of(item.get("traits"), "traits").get("name", group_id)
    traits = shape_traits({"company": company}, source.traits, notes)
    return "profile.described", {"traits": traits, "group_id": group_id}


def _alias(
    item: Mapping[str, Any], _context: Mapping[str, Any], _source: SourceProfile, _notes: Notes
) -> Shaped:
    read_id(item.get("previousId"), "previousId")
    return "profile.described", {"traits": {}}


_CALLS: Mapping[str, Call] = {
    "track": _track,
    "identify": _identify,
    "page": _page,
    "screen": _page,
    "group": _group,
    "alias": _alias,
}
