"""How good a model is on texts it has not seen: right intents, what is lost below the threshold, what it does not know."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import msgspec

from chalicelib.routing.intent_model import OUT_OF_SCOPE, IntentModel, confidence_of, packed, unpacked
from chalicelib.training.intents.learn import Example

_ROUNDS = 5
_TIMED = 400
_BINS = 10


class Scored(msgspec.Struct, frozen=True):
    """The figures of one set of texts within scope.

    ``right`` counts the best intent whatever its confidence; ``lost`` answers of "don't know"; ``wrong`` intents that
    were named and are not it.
    """

    name: str
    texts: int
    intents: int
    right: float
    lost: float
    wrong: float
    confused: tuple[tuple[str, str, int, str], ...]

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"{self.name:52} {self.texts:6,} {self.intents:4} {self.right:9.4f} {self.lost:7.4f} {self.wrong:7.4f}"


class Cost(msgspec.Struct, frozen=True):
    """What a model costs: bytes of its file, milliseconds to load it, milliseconds of CPU per message."""

    pieces: int
    file_bytes: int
    load_ms: float
    message_ms: float
    characters: float


def score(name: str, model: IntentModel, examples: Sequence[Example], among: Collection[str] | None = None) -> Scored:
    """The figures of a set; texts that are out of scope have figures of their own."""
    within = [one for one in examples if one.intent != OUT_OF_SCOPE and (among is None or one.intent in among)]
    right = lost = wrong = 0
    confused: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], str] = {}
    for one in within:
        said, signs = model.signs(one.text, among)
        right += said == one.intent
        named = confidence_of(model.weights.calibration, signs) >= model.weights.calibration.threshold
        lost += not named
        wrong += named and said != one.intent
        if said != one.intent:
            confused[one.intent, said] += 1
            example.setdefault((one.intent, said), one.text)
    most = tuple((true, said, times, example[true, said]) for (true, said), times in confused.most_common(12))
    count = len(within)
    return Scored(name, count, len({one.intent for one in within}), right / count, lost / count, wrong / count, most)


def recall(model: IntentModel, examples: Iterable[Example], among: Collection[str] | None = None) -> tuple[float, int]:
    """The share of texts out of scope that are answered with "don't know", and how many there are."""
    unnamed = [model.guess(one.text, among).intent is None for one in examples if one.intent == OUT_OF_SCOPE]
    return sum(unnamed) / len(unnamed), len(unnamed)


def curve(model: IntentModel, within: Sequence[Example], out: Sequence[Example]) -> list[tuple[float, float, float]]:
    """(threshold, share lost within scope, recall out of scope) for thresholds from 0.05 to 0.9."""
    inside = [_confidence(model, one.text) for one in within if one.intent != OUT_OF_SCOPE]
    outside = [_confidence(model, one.text) for one in out if one.intent == OUT_OF_SCOPE]
    steps = sorted({0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, round(model.weights.calibration.threshold, 3)})
    return [(step, _below(inside, step), _below(outside, step)) for step in steps]


def reliability(model: IntentModel, examples: Sequence[Example]) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, texts) per tenth of confidence; what is out of scope is never right."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for one in examples:
        said, signs = model.signs(one.text)
        sure = confidence_of(model.weights.calibration, signs)
        bins.setdefault(min(_BINS - 1, int(sure * _BINS)), []).append((sure, said == one.intent))
    return [
        (sum(sure for sure, _ in listed) / len(listed), sum(right for _, right in listed) / len(listed), len(listed))
        for _, listed in sorted(bins.items())
    ]


def cost(model: IntentModel, examples: Sequence[Example]) -> Cost:
    """The least of some rounds: what else runs on the machine only adds."""
    texts = [one.text for one in examples[:: max(1, len(examples) // _TIMED)]]
    raw = packed(model.weights)
    return Cost(
        pieces=model.weights.pieces.count("\n") + 1,
        file_bytes=len(raw),
        load_ms=min(_load(raw) for _ in range(_ROUNDS)) * 1000,
        message_ms=min(_read(model, texts) for _ in range(_ROUNDS)) * 1000 / len(texts),
        characters=sum(map(len, texts)) / len(texts),
    )


def _confidence(model: IntentModel, text: str) -> float:
    _, signs = model.signs(text)
    return confidence_of(model.weights.calibration, signs)


def _below(confidences: Sequence[float], step: float) -> float:
    return sum(one < step for one in confidences) / len(confidences)


def _load(raw: bytes) -> float:
    begun = time.process_time()
    unpacked(raw)
    return time.process_time() - begun


def _read(model: IntentModel, texts: Sequence[str]) -> float:
    begun = time.process_time()
    for text in texts:
        model.guess(text)
    return time.process_time() - begun
