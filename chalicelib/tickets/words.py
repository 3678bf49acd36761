"""Which listed words stand in a text: one pass, longest word first, no regular expressions.

The list is ``words.json``. A word in Latin letters matches whole words only; with a final ``*`` also as a beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is demanded and of which product, by the words for it; words of those who suggest something, and of those who
    say that they complain, or that they do not.
    """

    demands: dict[str, tuple[str, ...]]
    products: dict[str, tuple[str, ...]]
    suggestions: tuple[str, ...]
    complaints: tuple[str, ...]
    no_complaints: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """A listed word in a text: where it begins, and what it stands for."""

    at: int
    list: str
    name: str


type _Entry = tuple[str, bool, bool, str, str]
"""A word, whether it is Latin, whether it may go on, its list and name."""


@cache
def shipped_words() -> Words:
    """The words of the package."""
    return msgspec.json.decode(Path(__file__).with_name("words.json").read_bytes(), type=Words)


@cache
def _index() -> Mapping[str, tuple[_Entry, ...]]:
    words = shipped_words()
    listed = [
        *((one, "demand", name) for name, many in words.demands.items() for one in many),
        *((one, "product", name) for name, many in words.products.items() for one in many),
        *((one, "suggestion", "suggestion") for one in words.suggestions),
        *((one, "complaint", "complaint") for one in words.complaints),
        # Longer than what they deny, so that they are found in its place.
        *((one, "no_complaint", "no_complaint") for one in words.no_complaints),
    ]
    index: dict[str, list[_Entry]] = {}
    for word, kind, name in sorted(listed, key=lambda one: (-len(one[0]), one[0])):
        plain = word.removesuffix("*")
        index.setdefault(plain[0], []).append((plain, plain[0].isascii(), plain != word, kind, name))
    return {first: tuple(entries) for first, entries in index.items()}


def words_in(text: str) -> Iterator[Found]:
    """Every listed word, in order; ``text`` is case folded already. None begins within another."""
    index = _index()
    at = 0
    while at < len(text):
        entries = index.get(text[at], ())
        inside = at > 0 and _is_latin(text[at]) and _is_latin(text[at - 1])
        hit = None if inside else next((one for one in entries if _stands(text, at, one)), None)
        if hit is None:
            at += 1
            continue
        yield Found(at, hit[3], hit[4])
        at += len(hit[0])


def _stands(text: str, at: int, entry: _Entry) -> bool:
    word, latin, open_ended = entry[:3]
    if not text.startswith(word, at):
        return False
    end = at + len(word)
    return not latin or open_ended or end >= len(text) or not _is_latin(text[end])


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
