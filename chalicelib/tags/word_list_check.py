"""Checks a list of words that is to be counted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

from chalicelib.events.word_lists import WordList
from chalicelib.privacy.plain import is_plain_word
from chalicelib.tags.shapes import Mistake, shape_mistakes

MOST_WORDS = 200
SHORTEST_WORD, LONGEST_WORD = 2, 40
LONGEST_HOTLINE = 5
"""Digits of a public service number, such as 12315: so few are nobody's own."""


def word_list_mistakes(raw: Any, list_id: str) -> list[Mistake]:
    """All mistakes of a declaration that is to be published as ``list_id``."""
    found = list(shape_mistakes(raw, WordList, "$"))
    if found:
        return found
    declared = msgspec.convert(raw, WordList)
    if declared.id != list_id:
        found.append(Mistake("$.id", "other_id", "The id is the one that the address names.", list_id))
    if not 1 <= len(declared.words) <= MOST_WORDS:
        found.append(Mistake("$.words", "bad_words", f"A list has 1 to {MOST_WORDS} words.", "Make two lists of it."))
    found += _word_mistakes(declared)
    return found


def _word_mistakes(declared: WordList) -> Iterator[Mistake]:
    seen: set[str] = set()
    for place, word in enumerate(declared.words):
        plain = unicodedata.normalize("NFKC", word).casefold().strip()
        if not SHORTEST_WORD <= len(plain) <= LONGEST_WORD:
            message = f"A word has {SHORTEST_WORD} to {LONGEST_WORD} characters."
            yield Mistake(f"$.words[{place}]", "bad_word", message, plain[:LONGEST_WORD] or "退款")
        elif not is_plain_word(plain) and not (plain.isdecimal() and len(plain) <= LONGEST_HOTLINE):
            # A number or an address that many people send would be somebody's, and not a word.
            message = "A word reads like something personal."
            yield Mistake(f"$.words[{place}]", "personal_word", message, "Leave it out.")
        elif plain != word:
            message = "A word is written as texts are compared."
            yield Mistake(f"$.words[{place}]", "bad_word", message, plain)
        if plain in seen:
            yield Mistake(f"$.words[{place}]", "repeated_word", "This word stands in the list twice.", "Leave it out.")
        seen.add(plain)
