"""Which declared words a text speaks of: one pass over it, the longest word first, no regular expressions.

A word's forms fold to one id. A form that begins with a Latin letter matches whole words, with or without a plural
``s``; any other matches anywhere, because Chinese has no spaces. What nobody declared is never counted, so that
nothing that a person typed of themselves can come out in a count.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from chalicelib.kernel.texts import Text

_SHIPPED = Path(__file__).with_name("words")
LONGEST_READ = 2_000
"""Characters of a text that are read; what is asked is said at once."""
SHORTEST_FORM = 2


class HotWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared word: its id, name and topic, and the forms in which people write it."""

    id: str
    topic: str
    name: Text
    words: tuple[str, ...]
    trade: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    trade: str
    words: tuple[HotWord, ...]


type _Entry = tuple[str, bool, str]
"""A form as it is looked for, whether it ends with a Latin letter or digit, and the id of its word."""


class Lexicon:
    """Words with an index of their forms, which is made when the first text is read."""

    def __init__(self, words: Iterable[HotWord]) -> None:
        self.words = {word.id: word for word in words}
        self._index: dict[str, tuple[_Entry, ...]] = {}

    def found_in(self, text: str) -> frozenset[str]:
        """The ids of the words that a text speaks of, each once however often it is said."""
        index = self._index or self._indexed()
        read = folded(text)
        found: set[str] = set()
        ahead = 0
        for start, pair in enumerate(itertools.pairwise(read)):
            entries = index.get(pair[0] + pair[1])
            if entries is None or start < ahead:
                continue
            if start and _latin(pair[0]) and _latin(read[start - 1]):
                continue
            for form, is_latin, word_id in entries:
                if read.startswith(form, start) and not (is_latin and _goes_on(read, start + len(form))):
                    found.add(word_id)
                    ahead = start + len(form)
                    break
        return frozenset(found)

    def _indexed(self) -> dict[str, tuple[_Entry, ...]]:
        # A form that two words have is the later one's: a tenant's own word goes before a shipped one.
        owners = {folded(form): word.id for word in self.words.values() for form in word.words}
        index: dict[str, list[_Entry]] = {}
        for form, word_id in owners.items():
            index.setdefault(form[:SHORTEST_FORM], []).append((form, _latin(form[-1]), word_id))
        self._index = {start: tuple(sorted(forms, key=_longest_first)) for start, forms in index.items()}
        return self._index


def folded(text: str) -> str:
    """A text as it is compared: NFKC, case folded, apostrophes straight, cut to what is read."""
    return unicodedata.normalize("NFKC", text[:LONGEST_READ]).casefold().replace("\u2019", "'")


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _goes_on(read: str, end: int) -> bool:
    """Whether a Latin word is longer than the form that was found in it; a plural ``s`` makes it no other word."""
    if read.startswith("s", end):
        end += 1
    return end < len(read) and _latin(read[end])


def _longest_first(entry: _Entry) -> tuple[int, str]:
    return -len(entry[0]), entry[0]


@cache
def shipped_lexicon() -> Lexicon:
    """The words of the package: a core and four trades."""
    return Lexicon(shipped_words())


@cache
def shipped_words() -> tuple[HotWord, ...]:
    """The words of the package, in the order of their files."""
    decoder = msgspec.json.Decoder(_File)
    files = [decoder.decode(path.read_bytes()) for path in sorted(_SHIPPED.glob("*.json"))]
    return tuple(msgspec.structs.replace(word, trade=file.trade) for file in files for word in file.words)


def lexicon_with(own: Iterable[HotWord]) -> Lexicon:
    """The shipped words and a tenant's own; one with a shipped id takes its place, and a form goes to who has it last."""
    words = {word.id: word for word in (*shipped_words(), *own)}
    return Lexicon(words.values())
