"""What each kind of Segment call says: its event type and data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.channels.each import Notes, members_of
from chalicelib.channels.model import SourceProfile
from chalicelib.channels.segment_names import NAMES
from chalicelib.channels.shape import shape
from chalicelib.channels.traits import shape_traits
from chalicelib.channels.values import read_id, read_integer, read_name
from chalicelib.events.types import fields_of, type_from_words, words_of

type Shaped = tuple[str, dict[str, Any]]
type Call = Callable[[Mapping[str, Any], Mapping[str, Any], SourceProfile, Notes], Shaped]
"""(call, its context, source, notes) → event type and data."""


def _track(item: Mapping[str, Any], context: Mapping[str, Any], source: SourceProfile, notes: Notes) -> Shaped:
    name = read_name(item.get("event"), "event")
    event_type = NAMES.events.get(words_of(name)) or type_from_words(name)
    properties = dict(members_of(item.get("properties"), "properties"))
    if event_type == "profile.described":
        return event_type, {"traits": shape_traits(properties, source.traits, notes, path="properties")}
    if "items" in fields_of(event_type):
        properties = _summed_up(properties)
    if event_type == "page.viewed":
        properties = _with_path(properties, context)
    return event_type, shape(event_type, properties, notes, path="properties", aliases=NAMES.fields)


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


def _page(item: Mapping[str, Any], context: Mapping[str, Any], _source: SourceProfile, notes: Notes) -> Shaped:
    properties = dict(members_of(item.get("properties"), "properties"))
    for member in ("category", "name"):
        if item.get(member) is not None:
            properties.setdefault(member, item[member])
    properties = _with_path(properties, context)
    if properties.get("path") is None and properties.get("name") is not None:
        properties["path"] = properties["name"]
    return "page.viewed", shape("page.viewed", properties, notes, path="properties")


def _identify(item: Mapping[str, Any], context: Mapping[str, Any], source: SourceProfile, notes: Notes) -> Shaped:
    traits = {
        **members_of(context.get("traits"), "context.traits"),
        **members_of(item.get("traits"), "traits"),
    }
    system = context.get("os")
    if isinstance(system, dict) and isinstance(system.get("name"), str):
        traits.setdefault("device_os", system["name"])
    return "profile.described", {"traits": shape_traits(traits, source.traits, notes)}


def _group(item: Mapping[str, Any], _context: Mapping[str, Any], source: SourceProfile, notes: Notes) -> Shaped:
    group_id = read_id(item.get("groupId"), "groupId")
    company = members_of(item.get("traits"), "traits").get("name", group_id)
    traits = shape_traits({"company": company}, source.traits, notes)
    return "profile.described", {"traits": traits, "group_id": group_id}


def _alias(item: Mapping[str, Any], _context: Mapping[str, Any], _source: SourceProfile, _notes: Notes) -> Shaped:
    read_id(item.get("previousId"), "previousId")
    return "profile.described", {"traits": {}}


CALLS: Mapping[str, Call] = {
    "track": _track,
    "identify": _identify,
    "page": _page,
    "screen": _page,
    "group": _group,
    "alias": _alias,
}
