"""JSON schemas of the types that validate requests and encode answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from msgspec import inspect

REF = "#/components/schemas/{name}"
_MOMENTS = frozenset(
    {
        *(
            "as_of",
            "at",
            "changed_at",
            "decided_at",
            "expires_at",
            "first_at",
            "first_event_at",
            "first_seen",
            "last_at",
        ),
        *("last_event_at", "last_seen", "lease_until", "next_step_at", "observed_at", "received_at", "sentAt", "since"),
        *("time", "timestamp", "waits_since"),
    }
)
"""Members that hold RFC 3339 times; their types are text."""


def components(bodies: Collection[Any], answers: Collection[Any]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Each type's schema, and the named schemas that those refer to.

    An answer always holds the members that have defaults, unless its type leaves them out.
    """
    types = [*bodies, *answers]
    schemas, named = msgspec.json.schema_components(types, ref_template=REF)
    for struct in {one.cls: one for type_ in answers for one in _structs(inspect.type_info(type_))}.values():
        _always_there(named[struct.cls.__name__], struct)
    for schema in named.values():
        schema.pop("title", None)
        _dated(schema.get("properties", {}))
    return dict(zip(types, map(_plainly, schemas), strict=True)), {
        name: _plainly(named[name]) for name in sorted(named)
    }


def _structs(type_: inspect.Type, above: tuple[type, ...] = ()) -> Iterator[inspect.StructType]:
    """Every struct within a type, itself included."""
    if isinstance(type_, inspect.StructType):
        if type_.cls not in above:
            yield type_
            for field in type_.fields:
                yield from _structs(field.type, (*above, type_.cls))
    else:
        for inner in _inner(type_):
            yield from _structs(inner, above)


def _inner(type_: inspect.Type) -> Collection[inspect.Type]:
    match type_:
        case inspect.UnionType():
            return type_.types
        case inspect.VarTupleType() | inspect.ListType():
            return (type_.item_type,)
        case inspect.DictType():
            return (type_.value_type,)
        case inspect.Metadata():
            return (type_.type,)
        case _:
            return ()


def _always_there(schema: dict[str, Any], struct: inspect.StructType) -> None:
    if not struct.cls.__struct_config__.omit_defaults:
        schema["required"] = [field.encode_name for field in struct.fields if not _may_be_unset(field)]


def _may_be_unset(field: inspect.Field) -> bool:
    # The inspection shows a default of UNSET as no default at all.
    return not field.required and field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT


def _dated(properties: dict[str, Any]) -> None:
    for name in _MOMENTS & properties.keys():
        for choice in properties[name].get("anyOf", [properties[name]]):
            if choice.get("type") == "string":
                choice["format"] = "date-time"


def _plainly(value: Any) -> Any:
    """The same with descriptions in the document's markup instead of the code's."""
    if isinstance(value, dict):
        return {name: _plainly(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plainly(inner) for inner in value]
    return markdown(value) if isinstance(value, str) else value


def markdown(text: str) -> str:
    """A docstring as Markdown."""
    return " ".join(text.replace("``", "`").split())
