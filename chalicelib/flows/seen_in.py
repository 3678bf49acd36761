"""What an answer shows of people: the names of its fields and their classes, for the audit of reads.

It is read off the answer itself, so a view that shows more or less tomorrow is audited for what it shows then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.privacy.fields import EVENT_FIELDS, FIELDS

_ORDER = ("public", "internal", "personal", "sensitive")
_DERIVED = "internal"
"""The class of what rules and counts say of a person, and of where an event came from."""
_PERSONAL = "personal"

type _Found = Iterator[tuple[str, str]]


class Shown(msgspec.Struct, frozen=True):
    """Names as paths (``traits.city``, ``identifiers.phone``, ``tags.vip``), and the classes that they are of."""

    fields: tuple[str, ...]
    classes: tuple[str, ...]


def shown_in(view: Any) -> Shown:
    """What an answer, or a part of one, shows."""
    found = dict(_walk(msgspec.to_builtins(view)))
    there = set(found.values())
    return Shown(tuple(sorted(found)), tuple(one for one in _ORDER if one in there))


def class_of(field: str) -> str:
    """The class of a field by its path, as ``shown_in`` names it."""
    section, _, name = field.partition(".")
    if section == "traits":
        return FIELDS[name].class_ if name in FIELDS else _PERSONAL
    if section == "events":
        last = name.rpartition(".")[2]
        return EVENT_FIELDS[last].class_ if last in EVENT_FIELDS else _DERIVED
    return _PERSONAL if section == "identifiers" else _DERIVED


def _walk(value: Any) -> _Found:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            names = _SECTIONS.get(key)
            # A number under such a name counts them, and names none.
            if names is not None and isinstance(inner, Mapping | list | tuple):
                things = (inner,) if key in _SINGLE else inner
                yield from ((name, class_of(name)) for one in things for name in names(one))
            else:
                yield from _walk(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _walk(inner)


def _named(section: str) -> Callable[[Any], Iterator[str]]:
    """Of a mapping's names, or of a list of names or of things with an id."""

    def names(one: Any) -> Iterator[str]:
        yield f"{section}.{_part(one, 'id')}"

    return names


def _read(one: Any) -> Iterator[str]:
    yield f"values.{_part(one, 'feature')}"


def _consent(one: Any) -> Iterator[str]:
    yield f"consents.{_part(one, 'purpose')}"


def _identifier(one: Any) -> Iterator[str]:
    yield f"identifiers.{_part(one, 'namespace')}"


def _link(one: Any) -> Iterator[str]:
    for end in ("anchor", "other"):
        yield from _identifier(one.get(end) if isinstance(one, Mapping) else None)


def _event(one: Any) -> Iterator[str]:
    type_ = _part(one, "type")
    yield f"events.{type_}"
    told = one.get("data") if isinstance(one, Mapping) else None
    yield from (f"events.{type_}.{name}" for name in told or ())


def _part(one: Any, name: str) -> str:
    """What tells one from another; ``?`` where an answer does not say: it was shown all the same."""
    if isinstance(one, Mapping):
        return str(one.get(name, "?"))
    return one if isinstance(one, str) else "?"


_SECTIONS: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "traits": _named("traits"),
    "measures": _named("measures"),
    "tags": _named("tags"),
    "values": _named("values"),
    "evidence": _named("values"),
    "segments": _named("segments"),
    "segment": _named("segments"),
    "told_segment": _named("segments"),
    "pulls": _read,
    "moves": _read,
    "conditions": _read,
    "scores": _named("scores"),
    "consents": _consent,
    "identifiers": _identifier,
    "links": _link,
    "events": _event,
}
"""Where an answer names what it shows. ``values`` and ``evidence`` are what reasons read, ``pulls`` and the like of whom."""
_SINGLE = frozenset({"segment", "told_segment"})
"""Of these there is one thing, and not several."""
