"""Decodes declarations field by field, so that every mistake of form is reported and not just the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.tags.model import Examples, SceneWeights, Signal, TagRule
from chalicelib.tags.vocabulary import nearest


class Mistake(msgspec.Struct, frozen=True):
    """One mistake of a declaration: where it is, a code, a sentence, and what was probably meant."""

    path: str
    code: str
    message: str
    suggestion: str | None = None


_NESTED: Mapping[tuple[type[msgspec.Struct], str], type[msgspec.Struct]] = {
    (TagRule, "name"): Text,
    (TagRule, "meaning"): Text,
    (TagRule, "examples"): Examples,
    (TagRule, "signals"): Signal,
    (Signal, "says"): Text,
    (TagRule, "phrase"): Text,
    (TagRule, "scenes"): SceneWeights,
}
"""Fields that hold a structure, or a list of it, and are looked into."""


_LISTS = frozenset({"signals", "scenes"})


def shape_mistakes(raw: Any, shape: type[msgspec.Struct], path: str) -> Iterator[Mistake]:
    """Unknown and missing fields and wrong types of one declaration, at every depth."""
    if not isinstance(raw, dict):
        yield Mistake(path, "wrong_type", "An object is expected here.")
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name in raw.keys() - fields.keys():
        yield Mistake(f"{path}.{name}", "unknown_field", f"There is no field “{name}”.", nearest(str(name), fields))
    for name, field in fields.items():
        if name in raw:
            yield from _field_mistakes(raw[name], field, _NESTED.get((shape, field.name)), f"{path}.{name}")
        elif field.required:
            yield Mistake(f"{path}.{name}", "missing_field", f"The field “{name}” is needed.")


def _field_mistakes(
    raw: Any, field: msgspec.structs.FieldInfo, nested: type[msgspec.Struct] | None, path: str
) -> Iterator[Mistake]:
    if nested is not None and isinstance(raw, list) and field.name in _LISTS:
        for place, one in enumerate(raw):
            yield from shape_mistakes(one, nested, f"{path}[{place}]")
    elif nested is not None and isinstance(raw, dict):
        yield from shape_mistakes(raw, nested, path)
    else:
        try:
            msgspec.convert(raw, field.type)
        except msgspec.ValidationError as error:
            yield Mistake(path, "wrong_type", f"{error}.", _meant(raw, field))


def _meant(raw: Any, field: msgspec.structs.FieldInfo) -> str | None:
    """For a wrong choice, the nearest right one."""
    choices = getattr(field.type, "__args__", ())
    words = [choice for choice in choices if isinstance(choice, str)]
    return nearest(raw, words) if isinstance(raw, str) and words else None
