"""Which listed words stand in a message: one pass over the text, longest word first, no regular expressions.

The lists are in ``words.json``, those of trades in ``trade_topics.json``. A word in Latin letters matches whole words only; with a final ``*`` it
matches as a beginning. A phrase under ``ignored`` swallows its characters, so that "not a complaint" is none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from chalicelib.kernel.texts import Text

LONGEST_READ = 2_000
"""Characters of a message that are read; what matters to a route is said at once."""


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic's name and its words by strength."""

    name: Text
    strong: tuple[str, ...]
    usual: tuple[str, ...]
    weak: tuple[str, ...]


class TradeTopic(Topic, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A topic that only some trades have. Its words are theirs before they are any other topic's.

    It stands for the topics of every trade that it ``covers``: at an IT desk, what is said of an account is about access.
    """

    trades: tuple[str, ...]
    covers: tuple[str, ...] = ()


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The word lists as declared. Below ``threshold`` (0–1) a topic counts as not recognised."""

    threshold: float
    ignored: tuple[str, ...]
    topics: dict[str, Topic]
    moods: dict[str, tuple[str, ...]]
    urgency: dict[str, tuple[str, ...]]
    wants_human: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True):
    """One word as it is looked for, and what it stands for: (list, name, weight)."""

    word: str
    latin: bool
    open_ended: bool
    marks: tuple[tuple[str, str, float], ...]


WEIGHTS = {"strong": 1.5, "usual": 1.0, "weak": 0.4}


@cache
def shipped_words() -> Words:
    """The word lists of the package."""
    return msgspec.json.decode((Path(__file__).parent / "words.json").read_bytes(), type=Words)


@cache
def trade_topics() -> dict[str, TradeTopic]:
    """The topics that only some trades have."""
    return msgspec.json.decode((Path(__file__).parent / "trade_topics.json").read_bytes(), type=dict[str, TradeTopic])


@cache
def topics_of(trade: str | None) -> dict[str, Topic]:
    """The topics of a trade, its own first; those of every trade where none is told."""
    own = {topic: listed for topic, listed in trade_topics().items() if trade in listed.trades} if trade else {}
    return {**own, **shipped_words().topics}


@cache
def covered(trade: str | None) -> dict[str, str]:
    """Topic of every trade → the trade's own topic that stands for it."""
    return {
        general: topic
        for topic, listed in trade_topics().items()
        if trade in listed.trades
        for general in listed.covers
    }


def name_of(topic: str) -> Text | None:
    """What a topic is called, whichever trade's it is."""
    listed = shipped_words().topics.get(topic) or trade_topics().get(topic)
    return listed.name if listed else None


def _words_of(topics: dict[str, Topic], trade: str | None) -> Iterator[tuple[str, str, float]]:
    """(word, topic, weight). A word that the trade's own topics list is no longer another topic's."""
    taken: set[str] = set()
    for topic, listed in topics.items():
        own = trade is not None and topic in trade_topics()
        for strength, weight in WEIGHTS.items():
            for word in getattr(listed, strength):
                if own or word not in taken:
                    yield word, topic, weight
                    taken |= {word} if own else set()


@cache
def _index(trade: str | None) -> dict[str, tuple[Entry, ...]]:
    words = shipped_words()
    marks: dict[str, list[tuple[str, str, float]]] = {}
    for word, topic, weight in _words_of(topics_of(trade), trade):
        marks.setdefault(word, []).append(("topic", topic, weight))
    lists = {"mood": words.moods, "urgency": words.urgency, "wants_human": {"yes": words.wants_human}}
    for kind, named in {**lists, "ignored": {"": words.ignored}}.items():
        for name, listed_words in named.items():
            for word in listed_words:
                marks.setdefault(word, []).append((kind, name, 1.0))
    index: dict[str, list[Entry]] = {}
    for word in sorted(marks, key=lambda word: (-len(word), word)):
        plain = word.removesuffix("*")
        index.setdefault(plain[0], []).append(Entry(plain, plain[0].isascii(), plain != word, tuple(marks[word])))
    return {first: tuple(entries) for first, entries in index.items()}


def plain(text: str) -> str:
    """The text as it is compared: NFKC, case folded, typographic apostrophes straight, cut to what is read."""
    return unicodedata.normalize("NFKC", text[:LONGEST_READ]).casefold().replace("\u2019", "'")


def _part_of_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _at(text: str, start: int, entry: Entry) -> bool:
    if not text.startswith(entry.word, start):
        return False
    end = start + len(entry.word)
    return not entry.latin or entry.open_ended or end >= len(text) or not _part_of_word(text[end])


def marks_in(text: str, trade: str | None = None) -> dict[str, dict[str, float]]:
    """List → name → summed weight of the distinct words found: ``{"topic": {"refund": 1.5}, "mood": {…}}``.

    With a ``trade`` its own topics are looked for too.
    """
    index, read = _index(trade), plain(text)
    found: dict[str, dict[str, float]] = {}
    seen: set[str] = set()
    start = 0
    while start < len(read):
        entries = index.get(read[start])
        hit = None
        if entries and not (start and _part_of_word(read[start]) and _part_of_word(read[start - 1])):
            hit = next((entry for entry in entries if _at(read, start, entry)), None)
        if hit is None:
            start += 1
            continue
        start += len(hit.word)
        if hit.word not in seen:
            seen.add(hit.word)
            for kind, name, weight in hit.marks:
                named = found.setdefault(kind, {})
                named[name] = named.get(name, 0.0) + weight
    return found


def words_in(text: str, topic: str, trade: str | None = None) -> tuple[str, ...]:
    """The words listed for a topic that stand in a text, the strongest first; for telling why."""
    read = plain(text)
    # Most words of a list do not stand in a text at all.
    found = [bare for word, bare in _listed(topic, trade) if bare in read and _stands(word, bare, read)]
    return tuple(dict.fromkeys(found))


@cache
def _listed(topic: str, trade: str | None) -> tuple[tuple[str, str], ...]:
    """The words of a topic as they are listed and as they are looked for, the strongest first."""
    listed = topics_of(trade).get(topic)
    if listed is None:
        return ()
    return tuple((word, word.removesuffix("*")) for strength in WEIGHTS for word in getattr(listed, strength))


def _stands(word: str, bare: str, read: str) -> bool:
    start = read.find(bare)
    while start >= 0:
        end = start + len(bare)
        inside = start > 0 and _part_of_word(bare[0]) and _part_of_word(read[start - 1])
        longer = bare == word and end < len(read) and _part_of_word(bare[-1]) and _part_of_word(read[end])
        if not (inside or longer):
            return True
        start = read.find(bare, start + 1)
    return False
