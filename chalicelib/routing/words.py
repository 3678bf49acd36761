"""Which listed words stand in a message: the first word counts, of those that begin alike the longest; no regular expressions.

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
    """One word as it is looked for, and what it stands for: (list, name, weight).

    ``rank`` is its place among the words that begin with the same character: the longest is looked for first.
    """

    word: str
    rank: int
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
def ranks_of(trade: str | None) -> dict[str, int]:
    """Topic of a trade → its place among them."""
    return {topic: place for place, topic in enumerate(topics_of(trade))}


@cache
def names_of(trade: str | None) -> frozenset[str]:
    """The topics of a trade by id."""
    return frozenset(topics_of(trade))


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
        alike = index.setdefault(plain[0], [])
        alike.append(Entry(plain, len(alike), plain[0].isascii(), plain != word, tuple(marks[word])))
    return {first: tuple(entries) for first, entries in index.items()}


def plain(text: str) -> str:
    """The text as it is compared: NFKC, case folded, typographic apostrophes straight, cut to what is read."""
    return unicodedata.normalize("NFKC", text[:LONGEST_READ]).casefold().replace("\u2019", "'")


def _part_of_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def marks_in(text: str, trade: str | None = None) -> dict[str, dict[str, float]]:
    """List → name → summed weight of the distinct words found: ``{"topic": {"refund": 1.5}, "mood": {…}}``.

    With a ``trade`` its own topics are looked for too.
    """
    return marks_of(plain(text), trade)


def marks_of(read: str, trade: str | None = None) -> dict[str, dict[str, float]]:
    """As ``marks_in``, of a text as it is compared."""
    found: dict[str, dict[str, float]] = {}
    seen: set[str] = set()
    passed = 0
    for start, _, entry in sorted(_standing(read, trade)):
        if start < passed:
            continue
        passed = start + len(entry.word)
        if entry.word not in seen:
            seen.add(entry.word)
            for kind, name, weight in entry.marks:
                named = found.setdefault(kind, {})
                named[name] = named.get(name, 0.0) + weight
    return found


def _standing(read: str, trade: str | None) -> list[tuple[int, int, Entry]]:
    """(where it begins, rank, word) of every listed word that stands in a text."""
    index = _index(trade)
    said = [entry for first in index.keys() & read for entry in index[first] if entry.word in read]
    standing: list[tuple[int, int, Entry]] = []
    for entry in said:
        start = read.find(entry.word)
        while start >= 0:
            if not entry.latin or _stands(read, start, entry.word, entry.open_ended):
                standing.append((start, entry.rank, entry))
            start = read.find(entry.word, start + 1)
    return standing


def _stands(read: str, start: int, word: str, open_ended: bool) -> bool:
    """Whether what is found is a whole word of its Latin letters, or the beginning of one where its end is open."""
    end = start + len(word)
    if start and _part_of_word(word[0]) and _part_of_word(read[start - 1]):
        return False
    return open_ended or end >= len(read) or not _part_of_word(read[end])


def words_of(read: str, topic: str, trade: str | None = None) -> tuple[str, ...]:
    """The words listed for a topic that stand in a text as it is compared, the strongest first; for telling why."""
    # Most words of a list do not stand in a text at all.
    found = [one for one in _listed(topic, trade) if one[0] in read]
    return tuple(
        dict.fromkeys([bare for bare, latin, open_ended in found if not latin or _somewhere(read, bare, open_ended)])
    )


@cache
def _listed(topic: str, trade: str | None) -> tuple[tuple[str, bool, bool], ...]:
    """(word as it is looked for, whether Latin letters begin or end it, whether its end is open), the strongest first."""
    listed = topics_of(trade).get(topic)
    if listed is None:
        return ()
    return tuple(_as_listed(word) for strength in WEIGHTS for word in getattr(listed, strength))


def _as_listed(word: str) -> tuple[str, bool, bool]:
    bare = word.removesuffix("*")
    ends = _part_of_word(bare[-1])
    return bare, _part_of_word(bare[0]) or ends, bare != word or not ends


def _somewhere(read: str, bare: str, open_ended: bool) -> bool:
    start = read.find(bare)
    while start >= 0:
        if _stands(read, start, bare, open_ended):
            return True
        start = read.find(bare, start + 1)
    return False
