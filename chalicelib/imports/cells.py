"""Values out of a record: by column or by member, translated by the declared words, typed where text is all there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from chalicelib.channels.traits import TRAIT_NAMES
from chalicelib.imports.model import Declaration
from chalicelib.imports.paths import KINDS
from chalicelib.imports.times import ReadTime
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import format_moment

type Get = Callable[[Any], Any]
"""From a record's content to the value at a path, None when it has none there."""

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII)
_FLAGS = {"true": True, "false": False}
_PLAIN_KEYS = (str, int, bool)


def getter(path: str, declaration: Declaration, positions: Mapping[str, int], read_time: ReadTime) -> Get:
    """What finds the value at a mapped or constant path."""
    if path in declaration.constants:
        constant = declaration.constants[path]
        return lambda _content: constant
    is_csv = declaration.format == "csv"
    found = _cell(positions[path]) if is_csv else _member(declaration.mapping[path])
    words = declaration.values.get(path)
    kind = kind_of(path, declaration.kind)
    convert: Callable[[Any], Any] = _CONVERT.get(kind, _same) if is_csv else _same
    if kind == "moment":
        convert = partial(_moment, read_time)
    elif kind == "date" and declaration.time_format == "local":
        convert = _local_date
    return _worded(found, words, convert) if words else _converted(found, convert)


def kind_of(path: str, kind: str) -> str:
    """How the value at a path is read: the kind of the field or trait, or ''."""
    group, _, name = path.partition(".")
    if group == "traits":
        return TRAIT_NAMES[name].kind
    return KINDS[kind].data_fields.get(name, "") if group == "data" else ""


def _cell(position: int) -> Get:
    def get(cells: Sequence[str]) -> str | None:
        return cells[position].strip() or None

    return get


def _member(name: str) -> Get:
    parts = name.split(".")

    def get(members: Mapping[str, Any]) -> Any:
        if name in members or len(parts) == 1:
            return _told(members.get(name))
        value: Any = members
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        return _told(value)

    return get


def _told(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return None if value in ([], {}) else value


def _converted(found: Get, convert: Callable[[Any], Any]) -> Get:
    if convert is _same:
        return found

    def get(content: Any) -> Any:
        value = found(content)
        return None if value is None else convert(value)

    return get


def _worded(found: Get, words: Mapping[str, Any], convert: Callable[[Any], Any]) -> Get:
    def get(content: Any) -> Any:
        value = found(content)
        if value is None:
            return None
        text = str(value) if isinstance(value, _PLAIN_KEYS) else ""
        return words[text] if text in words else convert(value)

    return get


def _same(value: Any) -> Any:
    return value


def _whole(text: str) -> Any:
    """A text of digits as the number that it is; any other is left for the reader of its kind to refuse."""
    return int(text) if _WHOLE.fullmatch(text) else text


def _decimal(text: str) -> Any:
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def _moment(read_time: ReadTime, value: Any) -> Any:
    """A moment as the doors take it; the reader of its kind refuses one that cannot be read."""
    try:
        return format_moment(read_time(value, ""))
    except BadInput:
        return value


def _local_date(value: Any) -> Any:
    match = _SLASHED.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}" if match else value


_CONVERT: Mapping[str, Callable[[str], Any]] = {
    "count": _whole,
    "score": _whole,
    "tier": _whole,
    "seconds": _decimal,
    "flag": lambda text: _FLAGS.get(text.lower(), text),
}
"""CSV knows text only; these kinds are something else."""
