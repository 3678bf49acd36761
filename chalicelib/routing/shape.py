"""Check a JSON value against a struct type and tell every mistake, each with its path and a suggestion."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

import msgspec


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong at a path, and what may have been meant."""

    path: str
    code: str
    message: str
    suggestion: str | None = None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like ``word``, if any is alike."""
    # Loaded with the first mistake.
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1, 0.6)), None)


def mistakes_of_shape(value: Any, type_: Any, path: str = "") -> Iterator[Mistake]:
    """Every place where ``value`` does not have the shape of ``type_``; mappings, tuples and structs are walked."""
    origin = get_origin(type_)
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct) and isinstance(value, dict):
        yield from _of_struct(value, type_, path)
    elif origin is dict and isinstance(value, dict):
        key_type, item_type = get_args(type_)
        for key, item in value.items():
            yield from mistakes_of_shape(key, key_type, _join(path, key))
            yield from mistakes_of_shape(item, item_type, _join(path, key))
    elif origin is tuple and isinstance(value, list):
        for position, item in enumerate(value):
            yield from mistakes_of_shape(item, get_args(type_)[0], f"{path}[{position}]")
    elif origin is types.UnionType and value is None and types.NoneType in get_args(type_):
        return
    else:
        try:
            msgspec.convert(value, type_)
        except msgspec.ValidationError as error:
            yield Mistake(path, "wrong_type", str(error))


def _of_struct(value: dict[str, Any], type_: type[msgspec.Struct], path: str) -> Iterator[Mistake]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    for name in value:
        if name not in fields:
            yield Mistake(_join(path, name), "unknown_field", "There is no such field here.", nearest(name, fields))
    for name, field in fields.items():
        if name in value:
            yield from mistakes_of_shape(value[name], field.type, _join(path, name))
        elif field.required:
            yield Mistake(_join(path, name), "missing_field", "This field is needed.")


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
