"""What a message is about, by a linear model over its pieces; pure Python, from a small file of the package.

The weights are whole numbers of eight bits, one per piece and intent, and how much a piece counts is a whole number, too.
So the sums are exact, and equal on every machine. ``chalicelib.training.intents`` makes the file;
``docs/understand/intent-model.md`` has its figures.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from chalicelib.routing.intent_grams import BEGIN, END, grams
from chalicelib.routing.intent_sums import Sums

FILE: Final = Path(__file__).parent / "intents.bin"
OUT_OF_SCOPE: Final = "unknown"
"""The class of sentences that are about nothing we know. It is a rival of every intent and never an answer."""
IDF_STEPS: Final = 4_096
"""Steps of a piece's rarity: it is kept in 16 bits, up to 16."""
SEPARATOR: Final = "\n"
_AMONG_KEPT = 64
_LOOKED_AT = 6
"""Of how many pieces the words are chosen that are told."""


class Calibration(msgspec.Struct, frozen=True, array_like=True):
    """How scores become a confidence of 0–1, and from which on an intent is named.

    Read are the best intent's score, its lead over the next intent and over what is out of scope, and the share of the
    text's pieces that the model knows.
    """

    score: float
    lead: float
    over_unknown: float
    known: float
    constant: float
    threshold: float


class Weights(msgspec.Struct, frozen=True, array_like=True):
    """The model as its file holds it. ``rows`` has a byte per piece and intent, ``rarity`` two bytes per piece."""

    version: str
    intents: tuple[str, ...]
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    calibration: Calibration
    pieces: str
    rarity: bytes
    rows: bytes


class Guess(msgspec.Struct, frozen=True):
    """An intent (None for "don't know"), and how sure that is (0–1)."""

    intent: str | None
    confidence: float


NO_GUESS: Final = Guess(None, 0.0)


class Among(msgspec.Struct, frozen=True):
    """The intents that a guess may name, and how their scores are picked from those of all."""

    intents: tuple[str, ...]
    picked: Callable[[Sequence[float]], tuple[float, ...]]


class IntentModel:
    """A model ready to be asked. It holds its pieces in a dictionary and never changes."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        width = len(weights.intents)
        self._sums = Sums(weights.pieces.split(SEPARATOR), weights.rarity, weights.rows, width)
        self._unknown = weights.intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in weights.intents else None
        self._among: dict[frozenset[str] | None, Among] = {}

    def scores(self, text: str) -> tuple[list[float], float]:
        """The score of every intent in their order, and the share of the text's pieces that the model knows."""
        return self._scores(grams(text))

    def _scores(self, pieces: Sequence[str]) -> tuple[list[float], float]:
        sums, middle, norm, known = self._sums.of(pieces)
        if not sums:
            return list(self.weights.biases), 0.0
        scaled = zip(sums, self.weights.scales, self.weights.biases, strict=True)
        return [(one - middle) / norm * scale + bias for one, scale, bias in scaled], known

    def guess(self, text: str, among: Collection[str] | None = None) -> Guess:
        """The most likely intent, of some or of all; None below the threshold, and for a text without letters."""
        return self.guess_of(grams(text), among)

    def guess_of(self, pieces: Sequence[str], among: Collection[str] | None = None) -> Guess:
        """As ``guess``, of the pieces of a text."""
        scores, known = self._scores(pieces)
        asked = self._asked(among)
        if not known or not asked.intents:
            return NO_GUESS
        best, signs = self._signs(scores, known, asked)
        confidence = confidence_of(self.weights.calibration, signs)
        return Guess(best if confidence >= self.weights.calibration.threshold else None, round(confidence, 2))

    def signs(self, text: str, among: Collection[str] | None = None) -> tuple[str, tuple[float, ...]]:
        """The best intent whatever its confidence, and what the confidence is made of."""
        return self._signs(*self.scores(text), self._asked(among))

    def _asked(self, among: Collection[str] | None) -> Among:
        named = None if among is None else frozenset(among)
        asked = self._among.get(named)
        if asked is None:
            intents = enumerate(self.weights.intents)
            listed = [at for at, name in intents if at != self._unknown and (named is None or name in named)]
            asked = Among(tuple(self.weights.intents[at] for at in listed), _picking(listed))
            # The intents of a trade: there are few trades.
            if len(self._among) < _AMONG_KEPT:
                self._among[named] = asked
        return asked

    def _signs(self, scores: list[float], known: float, asked: Among) -> tuple[str, tuple[float, ...]]:
        picked = asked.picked(scores)
        ordered = sorted(picked)
        first, second = ordered[-1], ordered[-2] if len(ordered) > 1 else -1.0
        unknown = -1.0 if self._unknown is None else scores[self._unknown]
        return asked.intents[picked.index(first)], (first, first - second, first - unknown, known)

    def speaking(self, text: str, intent: str) -> tuple[str, ...]:
        """The pieces of a text that spoke for an intent most, the strongest first."""
        return self.speaking_of(grams(text), intent)

    def speaking_of(self, pieces: Sequence[str], intent: str) -> tuple[str, ...]:
        """As ``speaking``, of the pieces of a text."""
        return tuple(self._strongest(pieces, self.weights.intents.index(intent)))

    def _strongest(self, pieces: Sequence[str], intent: int) -> Iterator[str]:
        """Of pieces that share a word or character, the strongest."""
        pulls: list[tuple[int, str]] = []
        for piece, times in Counter(pieces).items():
            # A single Chinese character, or a piece of a word, is no word that a reader would know.
            if len(piece) < 2 or (piece.isascii() and not _whole(piece)):
                continue
            pull = self._sums.pull(piece, times, intent)
            if pull > 0:
                pulls.append((-pull, piece))
        told: set[str] = set()
        for _, piece in sorted(pulls)[:_LOOKED_AT]:
            shown = piece.strip()
            parts = set(shown.split() if shown.isascii() else shown)
            if not told & parts:
                told |= parts
                yield shown


def _picking(listed: Sequence[int]) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """What picks the values at some places; an ``itemgetter`` of one place alone would give no tuple."""
    picked: Any = itemgetter(*listed) if len(listed) > 1 else lambda values: tuple(values[at] for at in listed)
    return picked  # type: ignore[no-any-return]


def _whole(piece: str) -> bool:
    """Whether a piece of letters is a word or neighbouring words, and no mere part of a word."""
    return not {BEGIN, END} & set(piece) and (" " in piece.strip() or piece[0] == " " == piece[-1])


def confidence_of(by: Calibration, signs: tuple[float, ...]) -> float:
    """How sure an intent is (0–1)."""
    score, lead, over_unknown, known = signs
    sum_ = by.score * score + by.lead * lead + by.over_unknown * over_unknown + by.known * known + by.constant
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, sum_))))


def packed(weights: Weights) -> bytes:
    """The file of a model; the same weights give the same bytes."""
    return zlib.compress(msgspec.msgpack.encode(weights), 9)


def unpacked(raw: bytes) -> IntentModel:
    """The model in a file."""
    return IntentModel(msgspec.msgpack.decode(zlib.decompress(raw), type=Weights))


@cache
def shipped_model() -> IntentModel:
    """The model of the package, loaded when the first message is read."""
    return unpacked(FILE.read_bytes())
