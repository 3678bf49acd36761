"""Checks how a file is declared: every mistake at once, each with its place and, where there is one, a suggestion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from chalicelib.channels.each import Notes, raw_of
from chalicelib.channels.traits import shape_traits
from chalicelib.channels.values import read
from chalicelib.events.types import CHANNELS
from chalicelib.imports.cells import kind_of
from chalicelib.imports.model import Declaration
from chalicelib.imports.paths import KINDS, is_own_member, paths_of
from chalicelib.imports.times import TIME_FORMATS, reader
from chalicelib.kernel.errors import BadInput, ManyMistakes, TooLarge
from chalicelib.privacy.plain import is_plain_word
from chalicelib.tags.vocabulary import nearest

FORMATS = ("csv", "jsonl")
DELIMITERS = (",", ";", "\t", "|")
_MOST_PATHS = 64
_MOST_WORDS = 500
_LONGEST_COLUMN = 200
_LONGEST_BYTES = 64 * 1024
_INT64 = range(-(2**63), 2**63)
_CHOICES: Mapping[str, Collection[str]] = {
    "kind": tuple(KINDS),
    "format": FORMATS,
    "time_format": TIME_FORMATS,
    "delimiter": DELIMITERS,
}
_SHOWN = {"\t": "a tab"}


def read_declaration(document: Any, traits_of: Callable[[str], Collection[str] | None]) -> Declaration:
    """A declaration from the body of a request.

    ``traits_of`` says which traits a source of the tenant may write, None when it has no such source.
    Raises ManyMistakes ``bad_import``, and TooLarge ``too_large``.
    """
    if len(raw_of(document)) > _LONGEST_BYTES:
        raise TooLarge("too_large", f"The declaration of an import has at most {_LONGEST_BYTES} bytes.")
    if not isinstance(document, dict):
        raise ManyMistakes("bad_import", "An import is declared by an object.", ())
    mistakes = list(_shape_mistakes(document))
    if not mistakes:
        declared = msgspec.convert(document, Declaration)
        mistakes = list(_mistakes(declared, traits_of))
    if mistakes:
        raise ManyMistakes(
            "bad_import", f"The import has {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}.", tuple(mistakes)
        )
    return declared


def _shape_mistakes(document: Mapping[str, Any]) -> Iterator[BadInput]:
    """What has to be right before the rest can be looked at."""
    known = Declaration.__struct_fields__
    for name in document:
        if name not in known:
            yield BadInput("unknown_member", f"An import has no such member.{_meant(name, known)}", _spelt(name))
    for name in ("source_id", "kind", "format", "mapping"):
        if name not in document:
            yield BadInput("missing_member", "An import needs this.", name)
    for name in ("source_id", "time_format", "timezone", "kind", "format", "delimiter"):
        if not isinstance(document.get(name, ""), str):
            yield BadInput("bad_type", "A text is needed here.", name)
        elif name in document and name in _CHOICES and document[name] not in _CHOICES[name]:
            choices = ", ".join(_SHOWN.get(one, one) for one in _CHOICES[name])
            yield BadInput("unknown_choice", f"One of these is needed: {choices}.", name)
    for name in ("mapping", "values", "constants"):
        told = document.get(name, {})
        if not isinstance(told, dict) or len(told) > _MOST_PATHS:
            yield BadInput("bad_type", f"An object with at most {_MOST_PATHS} paths is needed here.", name)
        else:
            yield from (bad for path, value in told.items() if (bad := _MEMBERS[name](f"{name}.{_spelt(path)}", value)))


def _column(path: str, value: Any) -> BadInput | None:
    if isinstance(value, str) and 1 <= len(value) <= _LONGEST_COLUMN:
        return None
    return BadInput("bad_type", f"A column is a text of 1 to {_LONGEST_COLUMN} characters.", path)


def _words(path: str, value: Any) -> BadInput | None:
    if isinstance(value, dict) and len(value) <= _MOST_WORDS and all(map(_is_scalar, value.values())):
        return None
    return BadInput("bad_type", f"An object of at most {_MOST_WORDS} words and their values is needed here.", path)


def _constant(path: str, value: Any) -> BadInput | None:
    if _is_scalar(value) and value != "":
        return None
    return BadInput("bad_type", "A text, a whole number, true or false is needed here.", path)


_MEMBERS: Mapping[str, Callable[[str, Any], BadInput | None]] = {
    "mapping": _column,
    "values": _words,
    "constants": _constant,
}


def _is_scalar(value: object) -> bool:
    return value in _INT64 if isinstance(value, int) else isinstance(value, str)


def _mistakes(declared: Declaration, traits_of: Callable[[str], Collection[str] | None]) -> Iterator[BadInput]:
    writable = traits_of(declared.source_id)
    if writable is None:
        yield BadInput("unknown_source", "The tenant has no such source.", "source_id")
    for name in ("mapping", "constants", "values"):
        for path in getattr(declared, name):
            if (bad := _path_mistake(name, path, declared, writable)) is not None:
                yield bad
    yield from _missing(declared)
    yield from _constant_mistakes(declared)
    yield from _word_mistakes(declared)
    yield from _zone_mistakes(declared)


def _path_mistake(place: str, path: str, declared: Declaration, writable: Collection[str] | None) -> BadInput | None:
    at, known = f"{place}.{_spelt(path)}", paths_of(declared.kind)
    if path not in known and not is_own_member(declared.kind, path):
        return BadInput("unknown_path", f"A file of {declared.kind} has no such path.{_meant(path, known)}", at)
    if place == "values" and path not in declared.mapping:
        return BadInput("unknown_path", "Values explain a mapped column, and this path has none.", at)
    if place == "constants" and path in declared.mapping:
        return BadInput("told_twice", "A path has a column or a constant.", at)
    if place == "constants" and (
        path.startswith(("times.", "identifiers.")) or path in ("id", KINDS[declared.kind].key)
    ):
        return BadInput("needs_column", "What tells lines apart comes from a column.", at)
    if path.startswith("traits.") and writable is not None and path.removeprefix("traits.") not in writable:
        return BadInput("not_writable", "The source may not write this trait.", at)
    return None


def _missing(declared: Declaration) -> Iterator[BadInput]:
    told, kind = {*declared.mapping, *declared.constants}, KINDS[declared.kind]
    if not any(path.startswith("identifiers.") for path in declared.mapping):
        yield BadInput("missing_path", "Some column has to say who it is, such as identifiers.user_id.", "mapping")
    if not kind.key:
        return
    if kind.key not in declared.mapping:
        yield BadInput("missing_path", f"Some column has to say what it is about: {kind.key}.", "mapping")
    by_times = any(path.startswith("times.") for path in told)
    if by_times and told & {"time", "status", "id"}:
        yield BadInput("told_twice", "A file has times by status, or one time and status with an id.", "mapping")
    if not by_times and not {"time", "status"} <= told:
        yield BadInput("missing_path", "What happened when is told by time and status, or by times.…", "mapping")


def _constant_mistakes(declared: Declaration) -> Iterator[BadInput]:
    for path, value in declared.constants.items():
        at, kind = f"constants.{path}", kind_of(path, declared.kind) if path in paths_of(declared.kind) else ""
        if path == "channel" and value not in CHANNELS:
            yield BadInput("bad_channel", "That is not a channel.", at)
        elif path == "time" and not list(_zone_mistakes(declared)):
            yield from _unreadable(lambda: reader(declared.time_format, declared.timezone)(value, at))  # noqa: B023 - called at once
        elif path == "status" and value not in KINDS[declared.kind].types:
            yield _unknown_status(declared, at)
        elif path.startswith("data.") and kind:
            yield from _unreadable(lambda: read(kind, value, at))  # noqa: B023 - called at once
        elif path.startswith("traits."):
            name = path.removeprefix("traits.")
            if kind and name not in shape_traits({name: value}, {name}, Notes()):
                yield BadInput("bad_trait", "That is no value of this trait.", at)


def _unreadable(attempt: Callable[[], object]) -> Iterator[BadInput]:
    try:
        attempt()
    except BadInput as bad:
        yield bad


def _word_mistakes(declared: Declaration) -> Iterator[BadInput]:
    for word, verb in declared.values.get("status", {}).items():
        if verb not in KINDS[declared.kind].types:
            yield _unknown_status(declared, f"values.status.{_spelt(word)}")
    for word, channel in declared.values.get("channel", {}).items():
        if channel not in CHANNELS:
            yield BadInput("bad_channel", "That is not a channel.", f"values.channel.{_spelt(word)}")


def _unknown_status(declared: Declaration, at: str) -> BadInput:
    choices = ", ".join(KINDS[declared.kind].types)
    return BadInput("unknown_status", f"A status comes to one of: {choices}.", at)


def _zone_mistakes(declared: Declaration) -> Iterator[BadInput]:
    if declared.time_format != "local":
        if declared.timezone:
            yield BadInput("told_twice", "Only local times need a zone; the others carry theirs.", "timezone")
        return
    try:
        ZoneInfo(declared.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield BadInput("bad_timezone", "Local times need an IANA time zone, such as Asia/Shanghai.", "timezone")


def _spelt(name: str) -> str:
    """A name of the sender's in a path. What may be a person's is not repeated."""
    return name if is_plain_word(name) else "…"


def _meant(name: str, known: Collection[str]) -> str:
    suggestion = nearest(name, known)
    return f" Did you mean {suggestion}?" if suggestion else ""
