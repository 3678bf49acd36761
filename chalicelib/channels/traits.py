"""Reads declared traits: under the names that senders use, and only those that the source may write.

A trait that cannot be read is left out with a note and does not take the others with it: one call
carries dozens of them, out of systems that nobody has cleaned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.channels.each import Notes
from chalicelib.channels.values import read, read_integer, read_text
from chalicelib.kernel.errors import BadInput

_LONGEST_TEXT = 256
_LONGEST_WORD = 64
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[Tt ].*)?", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", re.ASCII)
_ADDRESS_LINES = ("country", "state", "city", "street", "postalCode")


class TraitName(msgspec.Struct, frozen=True):
    """How a trait is spelt by senders, and what its values may be."""

    kind: str
    aliases: tuple[str, ...]
    choices: dict[str, str] = {}


TRAIT_NAMES: Mapping[str, TraitName] = msgspec.json.decode(
    Path(__file__).with_name("trait_names.json").read_bytes(), type=dict[str, TraitName]
)


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


_CANONICAL = {_bare(spelling): trait for trait, names in TRAIT_NAMES.items() for spelling in (trait, *names.aliases)}


def shape_traits(
    members: Mapping[str, Any], allowed: Collection[str], notes: Notes, *, path: str = "traits"
) -> dict[str, Any]:
    """The traits that may be written, by canonical name; everything else is noted and left out.

    If one trait comes under two spellings, the canonical one wins, then the first in the document.
    """
    traits: dict[str, Any] = {}
    for name, value in _spelt_out(members):
        trait = _CANONICAL.get(_bare(name))
        if trait is None or value is None:
            if value is not None:
                notes.add(f"{path}.*", "unknown_trait")
        elif trait not in allowed:
            notes.add(f"{path}.{trait}", "trait_not_writable")
        elif trait not in traits:
            try:
                traits[trait] = _READERS[TRAIT_NAMES[trait].kind](trait, value, f"{path}.{trait}")
            except BadInput:
                notes.add(f"{path}.{trait}", "bad_trait")
    return traits


def _spelt_out(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members, canonical names first, with composed ones (names, address, company) taken apart."""
    yield from (
        (name, members[name]) for name in members if name in TRAIT_NAMES and not isinstance(members[name], dict)
    )
    first, last = members.get("firstName"), members.get("lastName")
    if isinstance(first, str) and isinstance(last, str):
        # Chinese names are written family name first and without a space.
        yield "name", f"{first} {last}" if (first + last).isascii() else last + first
    for name, value in members.items():
        if name in ("firstName", "lastName"):
            continue
        if isinstance(value, dict):
            yield from _parts(name, value)
        elif name not in TRAIT_NAMES:
            yield name, value


def _parts(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    match name:
        case "address":
            yield "city", value.get("city")
            yield "region", value.get("region") or value.get("state")
            lines = [value[part] for part in _ADDRESS_LINES if isinstance(value.get(part), str)]
            yield "address", " ".join(lines) or None
        case "company":
            yield "company", value.get("name")
        case _:
            yield name, value


def _read_text(_trait: str, value: object, path: str) -> str:
    text = read_text(value, path).strip()
    if not 1 <= len(text) <= _LONGEST_TEXT:
        raise BadInput("bad_type", "A trait is a text of 1 to 256 characters.", path)
    return text


def _read_choice(trait: str, value: object, path: str) -> str:
    choice = TRAIT_NAMES[trait].choices.get(read_text(value, path).strip().lower())
    if choice is None:
        raise BadInput("bad_type", "That is none of the values of this trait.", path)
    return choice


def _read_date(_trait: str, value: object, path: str) -> str:
    match = _DATE.fullmatch(read_text(value, path))
    try:
        return date.fromisoformat(match[1] if match else "").isoformat()
    except ValueError:
        raise BadInput("bad_type", "A date is YYYY-MM-DD.", path) from None


def _read_tier(_trait: str, value: object, path: str) -> int:
    tier = read_integer(value, path)
    if not 1 <= tier <= 5:
        raise BadInput("bad_type", "A tier is 1 to 5.", path)
    return tier


def _read_whole(_trait: str, value: object, path: str) -> int:
    return read_integer(value, path)


def _read_language(_trait: str, value: object, path: str) -> str:
    language = read_text(value, path)
    if not _LANGUAGE.fullmatch(language):
        raise BadInput("bad_type", "A language is a tag as in BCP 47.", path)
    return language.replace("_", "-")


def _read_word(_trait: str, value: object, path: str) -> str:
    """One lower-case word: ``iOS`` → ``ios``, ``Mac OS X`` → ``mac_os_x``."""
    word = re.sub(r"\W+", "_", read_text(value, path).lower()).strip("_")
    if not 1 <= len(word) <= _LONGEST_WORD:
        raise BadInput("bad_type", "A word of 1 to 64 letters is needed here.", path)
    return word


def _read_kind(kind: str) -> Callable[[str, object, str], Any]:
    return lambda _trait, value, path: read(kind, value, path)


_READERS: Mapping[str, Callable[[str, object, str], Any]] = {
    "text": _read_text,
    "choice": _read_choice,
    "date": _read_date,
    "tier": _read_tier,
    "whole": _read_whole,
    "language": _read_language,
    "word": _read_word,
    "flag": _read_kind("flag"),
    "moment": _read_kind("moment"),
}
