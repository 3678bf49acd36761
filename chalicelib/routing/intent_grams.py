"""A message as the features of the intent model: pieces of its words and of its runs of Chinese characters.

Training and run time both count these, so that what was learned is what is read.
"""

from __future__ import annotations

import re
from itertools import pairwise

from chalicelib.routing.words import plain

READ = 400
"""Characters of a message that the model reads; what somebody wants is said at once, and its cost stays bounded."""
_SHORTEST, _LONGEST = 2, 4
_RUNS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:'[a-z]+)?")
_NUMBER = "0"
BEGIN, END = "^", "$"
"""Stand where the words of a text begin and end."""


def grams(text: str) -> list[str]:
    """The pieces of a text, repeated as often as they stand in it.

    Chinese: every one, two and three characters of a run. Words of letters: the word between blanks, every two to
    four characters of it, each two and three neighbouring words, and which words begin and end. Any number counts as the
    same word, and alone says nothing.
    """
    found: list[str] = []
    words: list[str] = []
    for run in _RUNS.findall(plain(text[:READ])):
        if run[0] >= "\u3400":
            found += _neighbours(words)
            words = []
            found += run
            found += map("".join, pairwise(run))
            found += map("".join, zip(run, run[1:], run[2:], strict=False))
        elif run.isdecimal():
            words.append(_NUMBER)
        else:
            words.append(run)
            whole = f" {run} "
            size = len(whole)
            for length in range(_SHORTEST, min(_LONGEST, size - 1) + 1):
                found += [whole[at : at + length] for at in range(size - length + 1)]
            found.append(whole)
    return found + _neighbours(words)


def _neighbours(words: list[str]) -> list[str]:
    if all(word == _NUMBER for word in words):
        return []
    row = [BEGIN, *words, END]
    return [*map(" ".join, pairwise(row)), *map(" ".join, zip(row, row[1:], row[2:], strict=False))]
