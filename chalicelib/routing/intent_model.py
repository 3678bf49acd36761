"""What a message is about, by a linear model over its pieces; pure Python, from a small file of the package.

The weights are whole numbers of eight bits, one per piece and intent, and how much a piece counts is a whole number, too.
So the sums are exact, and equal on every machine. ``chalicelib.training.intents`` makes the file;
``docs/understand/intent-model.md`` has its figures.
"""

from __future__ import annotations

import math
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from chalicelib.routing.intent_grams import BEGIN, END, grams

FILE: Final = Path(__file__).parent / "intents.bin"
OUT_OF_SCOPE: Final = "unknown"
"""The class of sentences that are about nothing we know. It is a rival of every intent and never an answer."""
IDF_STEPS: Final = 4_096
"""Steps of a piece's rarity: it is kept in 16 bits, up to 16."""
ZERO: Final = 128
"""What a weight of 0 is kept as."""
SEPARATOR: Final = "\n"
_FINER = 8
"""Bits that how much a piece counts has beyond its rarity's, for pieces that stand in a text more than once."""
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


class IntentModel:
    """A model ready to be asked. It holds its pieces in a dictionary and never changes."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        pieces = weights.pieces.split(SEPARATOR)
        self._places = dict(zip(pieces, range(len(pieces)), strict=True))
        rarity = array("H", weights.rarity)
        if sys.byteorder == "big":
            rarity.byteswap()
        self._rarity = rarity
        self._width = len(weights.intents)
        self._unknown = weights.intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in weights.intents else None
        self._among: dict[frozenset[str] | None, list[int]] = {}

    def scores(self, text: str) -> tuple[list[float], float]:
        """The score of every intent in their order, and the share of the text's pieces that the model knows."""
        counted = Counter(grams(text))
        places, rows, width = self._places, self.weights.rows, self._width
        known = [(at, times) for piece, times in counted.items() if (at := places.get(piece)) is not None]
        if not known:
            return list(self.weights.biases), 0.0
        counts = [self._counts(at, times) for at, times in known]
        weights = b"".join([rows[at * width : (at + 1) * width] for at, _ in known])
        norm, middle = math.sqrt(math.sumprod(counts, counts)), ZERO * sum(counts)
        # A column of the table is an intent's weights: a quarter of the time that all columns take as one long integer.
        sums = [math.sumprod(counts, weights[intent::width]) for intent in range(width)]
        scaled = zip(sums, self.weights.scales, self.weights.biases, strict=True)
        return [(one - middle) / norm * scale + bias for one, scale, bias in scaled], len(known) / len(counted)

    def guess(self, text: str, among: Collection[str] | None = None) -> Guess:
        """The most likely intent, of some or of all; None below the threshold, and for a text without letters."""
        scores, known = self.scores(text)
        if not known:
            return NO_GUESS
        listed = self._listed(among)
        if not listed:
            return NO_GUESS
        best = max(listed, key=scores.__getitem__)
        confidence = confidence_of(self.weights.calibration, self._signs(scores, known, listed, best))
        if confidence < self.weights.calibration.threshold:
            return Guess(None, round(confidence, 2))
        return Guess(self.weights.intents[best], round(confidence, 2))

    def signs(self, text: str, among: Collection[str] | None = None) -> tuple[str, tuple[float, ...]]:
        """The best intent whatever its confidence, and what the confidence is made of."""
        scores, known = self.scores(text)
        listed = self._listed(among)
        best = max(listed, key=scores.__getitem__)
        return self.weights.intents[best], self._signs(scores, known, listed, best)

    def _listed(self, among: Collection[str] | None) -> list[int]:
        asked = None if among is None else frozenset(among)
        listed = self._among.get(asked)
        if listed is None:
            intents = enumerate(self.weights.intents)
            listed = [at for at, name in intents if at != self._unknown and (asked is None or name in asked)]
            # The intents of a trade: there are few trades.
            if len(self._among) < _AMONG_KEPT:
                self._among[asked] = listed
        return listed

    def _signs(self, scores: list[float], known: float, listed: list[int], best: int) -> tuple[float, ...]:
        first = scores[best]
        second = max((scores[at] for at in listed if at != best), default=-1.0)
        unknown = -1.0 if self._unknown is None else scores[self._unknown]
        return first, first - second, first - unknown, known

    def _counts(self, at: int, times: int) -> int:
        counts = self._rarity[at] << _FINER
        return counts if times == 1 else round(counts * (1.0 + math.log(times)))

    def speaking(self, text: str, intent: str) -> tuple[str, ...]:
        """The pieces of a text that spoke for an intent most, the strongest first."""
        return tuple(self._strongest(text, self.weights.intents.index(intent)))

    def _strongest(self, text: str, intent: int) -> Iterator[str]:
        """Of pieces that share a word or character, the strongest."""
        counted = Counter(grams(text))
        pulls: list[tuple[int, str]] = []
        for piece, times in counted.items():
            at = self._places.get(piece)
            # A single Chinese character, or a piece of a word, is no word that a reader would know.
            if at is None or len(piece) < 2 or (piece.isascii() and not _whole(piece)):
                continue
            pull = self._counts(at, times) * (self.weights.rows[at * self._width + intent] - ZERO)
            if pull > 0:
                pulls.append((-pull, piece))
        told: set[str] = set()
        for _, piece in sorted(pulls)[:_LOOKED_AT]:
            shown = piece.strip()
            parts = set(shown.split() if shown.isascii() else shown)
            if not told & parts:
                told |= parts
                yield shown


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
