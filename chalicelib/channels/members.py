"""What CloudEvents and webhooks have in common: a type in dots, and data that names its person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.channels.each import Notes, members_of
from chalicelib.channels.model import SourceProfile
from chalicelib.channels.people import (
    listed_identifiers,
    named_identifiers,
    namespace_of,
)
from chalicelib.channels.shape import shape
from chalicelib.channels.traits import shape_traits
from chalicelib.events.model import Identifier
from chalicelib.events.types import EVENT_TYPES, is_type, type_from_words

_VERSION = re.compile(r"\.v\d+$", re.ASCII)


def type_of(name: str) -> str:
    """Our type, also behind a sender's reverse-DNS prefix or before a version: ``com.x.order.paid.v1``."""
    bare = _VERSION.sub("", name)
    if is_type(bare):
        return bare
    last_two = ".".join(bare.split(".")[-2:])
    return last_two if last_two in EVENT_TYPES else type_from_words(bare)


def identifiers_of(data: Mapping[str, Any], notes: Notes) -> Iterator[Identifier]:
    """The people in the data: a list ``identifiers``, and members such as ``user_id`` or ``phone``."""
    yield from listed_identifiers(data.get("identifiers"), "data.identifiers")
    yield from named_identifiers(data, notes, "data")


def data_of(event_type: str, data: Mapping[str, Any], source: SourceProfile, notes: Notes) -> dict[str, Any]:
    """The data of the event without the identifiers, which the event carries on its own."""
    rest = {
        name: value
        for name, value in data.items()
        if name not in ("identifiers", "channel", "traits") and namespace_of(name) is None
    }
    shaped = shape(event_type, rest, notes, path="data")
    if event_type == "profile.described":
        traits = members_of(data.get("traits"), "data.traits")
        shaped["traits"] = shape_traits(traits, source.traits, notes, path="data.traits")
    return shaped
