"""Whom a Segment call is about: ids, device, traits and external ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.channels.each import Notes, members_of
from chalicelib.channels.people import (
    listed_identifiers,
    named_identifiers,
    namespace_of,
    without_repeats,
)
from chalicelib.channels.segment_names import NAMES
from chalicelib.channels.values import read_any_id
from chalicelib.events.model import Identifier

_MEMBERS = {"userId": "user_id", "anonymousId": "anonymous_id", "previousId": "anonymous_id"}
"""``previousId`` is a browser's id or an old account; an account would break «one per profile»."""


def identifiers_of_call(item: Mapping[str, Any], context: Mapping[str, Any], notes: Notes) -> tuple[Identifier, ...]:
    """Every identifier of a call, each once. Raises BadInput ``bad_type`` for an id of another kind."""
    return without_repeats(_identifiers(item, context, notes))


def _identifiers(item: Mapping[str, Any], context: Mapping[str, Any], notes: Notes) -> Iterator[Identifier]:
    for member, namespace in _MEMBERS.items():
        # Libraries send null or an empty text for the one that they do not know.
        if item.get(member) not in (None, ""):
            yield Identifier(namespace, read_any_id(item[member], member))
    device = context.get("device")
    if isinstance(device, dict) and device.get("id") not in (None, ""):
        yield Identifier("device", read_any_id(device["id"], "context.device.id"))
    yield from named_identifiers(members_of(context.get("traits"), "context.traits"), notes, "context.traits")
    # The traits of a group are a company's: its phone is not this person's.
    if "groupId" not in item:
        yield from named_identifiers(members_of(item.get("traits"), "traits"), notes, "traits")
    yield from _external_ids(context.get("externalIds"), notes)
    yield from listed_identifiers(context.get("identifiers"), "context.identifiers")


def _external_ids(value: object, notes: Notes) -> Iterator[Identifier]:
    entries = value if isinstance(value, list) else []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not entry["id"]:
            notes.add("context.externalIds", "bad_type")
            continue
        kind = str(entry.get("type"))
        namespace = "device" if kind in NAMES.devices else namespace_of(kind)
        if namespace is None or entry.get("collection", "users") != "users" or entry.get("encoding", "none") != "none":
            notes.add("context.externalIds", "unknown_namespace")
            continue
        yield Identifier(namespace, entry["id"])
