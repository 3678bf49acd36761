"""A message as the features of the intent model: pieces of its words and of its runs of Chinese characters.

Training and run time both count these, so that what was learned is what is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from operator import itemgetter

from chalicelib.routing.words import plain

READ = 400
"""Characters of a message that the model reads; what somebody wants is said at once, and its cost stays bounded."""
_SHORTEST, _LONGEST = 2, 4
_CUTS_KEPT = 64
"""Letters of words and characters of runs of which it is remembered where they are cut; most are much shorter."""
_NUMBER = "0"
BEGIN, END = "^", "$"
"""Stand where the words of a text begin and end."""


def grams(text: str) -> list[str]:
    """The pieces of a text, repeated as often as they stand in it.

    Chinese: every one, two and three characters of a run. Words of letters: the word between blanks, every two to
    four characters of it, each two and three neighbouring words, and which words begin and end. Any number counts as the
    same word, and alone says nothing.
    """
    return grams_of(plain(text[:READ]))


def grams_of(read: str) -> list[str]:
    """As ``grams``, of the beginning of a text as it is compared."""
    found: list[str] = []
    words: list[str] = []
    for run in _runs().findall(read):
        if run[0] >= "\u3400":
            if words:
                found += _neighbours(words)
                words = []
            found += _cut_of_run(len(run))(run)
        elif run.isdecimal():
            words.append(_NUMBER)
        else:
            words.append(run)
            found += _cut_of_word(len(run))(f" {run} ")
    return found + _neighbours(words) if words else found


@cache
def _runs() -> re.Pattern[str]:
    # 2 ms, for the range within the second set: a start does not wait for it, nor does who routes without a message.
    return re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:'[a-z]+)?")


def _cut_of_run(size: int) -> Callable[[str], Sequence[str]]:
    return _run_cut(size) if size <= _CUTS_KEPT else _run_cut.__wrapped__(size)


def _cut_of_word(size: int) -> Callable[[str], Sequence[str]]:
    return _word_cut(size) if size <= _CUTS_KEPT else _word_cut.__wrapped__(size)


@cache
def _run_cut(size: int) -> Callable[[str], Sequence[str]]:
    """What cuts a run of so many Chinese characters into its pieces, in one call. Of one character it gives that one."""
    return itemgetter(*_slices(size, 1, min(3, size)))


@cache
def _word_cut(size: int) -> Callable[[str], Sequence[str]]:
    """What cuts a word of so many letters, between its blanks, into its pieces and itself."""
    within = size + 2
    return itemgetter(*_slices(within, _SHORTEST, min(_LONGEST, within - 1)), slice(within))


def _slices(size: int, shortest: int, longest: int) -> list[slice]:
    return [slice(at, at + length) for length in range(shortest, longest + 1) for at in range(size - length + 1)]


def _neighbours(words: list[str]) -> list[str]:
    if words.count(_NUMBER) == len(words):
        return []
    row = [BEGIN, *words, END]
    pairs = [f"{one} {other}" for one, other in pairwise(row)]
    return pairs + [f"{pair} {other}" for pair, other in zip(pairs, row[2:], strict=False)]
