"""Learn a linear model of pieces of text, keep the pieces that matter, and write its weights in eight bits each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from chalicelib.routing.intent_grams import grams
from chalicelib.routing.intent_model import IDF_STEPS, SEPARATOR, Calibration, IntentModel, Weights
from chalicelib.routing.intent_sums import ZERO
from chalicelib.training.intents.calibrate import calibrated

UNCALIBRATED = Calibration(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_HIGHEST = 127


class Example(msgspec.Struct, frozen=True):
    """A text, its intent, and the template it was made of: examples of one template are never parted by a split."""

    text: str
    intent: str
    template: str


class Recipe(msgspec.Struct, frozen=True):
    """How to learn. ``most_pieces`` bounds the file; ``faint`` is the least weight kept, in steps of 127."""

    most_pieces: int = 30_000
    faint: int = 3
    seen_in: int = 2
    slack: float = 2.0
    folds: int = 3
    most_lost: float = 0.01
    seed: int = 6


def learn(
    examples: Sequence[Example], recipe: Recipe, version: str, tell: Callable[[str], None] = lambda _: None
) -> IntentModel:
    """A model with its calibration, which is learned from texts of templates that the scoring model had not seen."""
    held_out: list[tuple[Example, str, tuple[float, ...]]] = []
    for fold in range(recipe.folds):
        part = [_fold(one.template, recipe) for one in examples]
        model = fitted([one for one, at in zip(examples, part, strict=True) if at != fold], recipe, version)
        apart = [one for one, at in zip(examples, part, strict=True) if at == fold]
        held_out += [(one, *model.signs(one.text)) for one in apart]
        tell(f"fold {fold + 1} of {recipe.folds}: {len(apart):,} texts of templates kept apart")
    model = fitted(examples, recipe, version)
    tell(f"{len(model.weights.pieces.split(SEPARATOR)):,} pieces, {len(model.weights.intents)} classes")
    truths = [(one.intent, said, signs) for one, said, signs in held_out]
    return IntentModel(msgspec.structs.replace(model.weights, calibration=calibrated(truths, recipe.most_lost)))


def fitted(examples: Sequence[Example], recipe: Recipe, version: str) -> IntentModel:
    """A model without calibration."""
    texts, intents = [one.text for one in examples], [one.intent for one in examples]
    first = _vectorizer(recipe.seen_in)
    table = first.fit_transform(texts)
    names = first.get_feature_names_out()
    strength = np.abs(_machine(recipe).fit(table, intents).coef_).max(axis=0)
    # By strength, then by name: a tie must not depend on how a sort happens to move equals.
    order = np.lexsort((np.arange(len(names)), -strength))[: recipe.most_pieces]
    kept = sorted(str(names[at]) for at in order)
    second = _vectorizer(1, kept)
    machine = _machine(recipe).fit(second.fit_transform(texts), intents)
    return IntentModel(_in_bytes(machine, second.idf_, kept, recipe, version))


def _vectorizer(seen_in: int, vocabulary: Sequence[str] | None = None) -> Any:
    return TfidfVectorizer(analyzer=grams, sublinear_tf=True, min_df=seen_in, vocabulary=vocabulary)


def _machine(recipe: Recipe) -> Any:
    # Not left to scikit-learn to choose: the primal solver's sums are BLAS's, and differ by the number of its threads.
    return LinearSVC(C=recipe.slack, random_state=recipe.seed, dual=True)


def _in_bytes(machine: Any, rarity: Any, kept: Sequence[str], recipe: Recipe, version: str) -> Weights:
    """Each intent's weights in steps of its own; what is fainter than some steps is 0, which packs well."""
    scales = np.abs(machine.coef_).max(axis=1) / _HIGHEST
    steps = np.rint(machine.coef_ / scales[:, None]).astype(np.int16)
    steps[np.abs(steps) < recipe.faint] = 0
    rarest = np.minimum(np.rint(rarity * IDF_STEPS), 65_535).astype("<u2")
    return Weights(
        version=version,
        intents=tuple(str(name) for name in machine.classes_),
        scales=tuple(float(one) for one in scales),
        biases=tuple(float(one) for one in machine.intercept_),
        calibration=UNCALIBRATED,
        pieces=SEPARATOR.join(kept),
        rarity=rarest.tobytes(),
        rows=np.ascontiguousarray((steps + ZERO).T.astype(np.uint8)).tobytes(),
    )


def _fold(template: str, recipe: Recipe) -> int:
    return hashlib.sha256(f"{recipe.seed} {template}".encode()).digest()[0] % recipe.folds
