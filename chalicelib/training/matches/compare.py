"""How alike two values are, as a level of their kind. Every distinct pair of values is compared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel, JaroWinkler

from chalicelib.matching.forms import sound_of
from chalicelib.matching.levels import LEVELS
from chalicelib.matching.model import Kind
from chalicelib.training.matches.columns import NONE, Floats, Ints

type Levels = NDArray[np.int8]
type Texts = Sequence[str]

MISSING = -1
"""The level of a pair that has no value on one side."""


def levels(kind: Kind, left: Ints, right: Ints, values: Texts) -> Levels:
    """For each pair of codes its level: 0 is equality, ``MISSING`` where a side has no value."""
    result = np.full(len(left), MISSING, np.int8)
    present = np.flatnonzero((left != NONE) & (right != NONE))
    result[present] = _once(_KINDS[kind], left[present], right[present], values)
    return result


def likeness(left: Ints, right: Ints, values: Texts) -> Floats:
    """For each pair of codes how alike the texts are, 0 to 1; 0 where a side has no value."""
    result = np.zeros(len(left))
    present = np.flatnonzero((left != NONE) & (right != NONE))
    result[present] = _once(_names_alike, left[present], right[present], values)
    return result


def _once(rank: Callable[[Texts, Texts], Floats], left: Ints, right: Ints, values: Texts) -> Floats:
    """Rank each distinct unordered pair of values once, so that neither order nor repetition matters."""
    width = max(len(values), 1)
    keys, back = np.unique(np.minimum(left, right) * width + np.maximum(left, right), return_inverse=True)
    ones, others = np.divmod(keys, width)
    return rank([values[code] for code in ones], [values[code] for code in others])[back]


def _same(ones: Texts, others: Texts) -> NDArray[np.bool_]:
    return np.fromiter((one == other for one, other in zip(ones, others, strict=True)), np.bool_, len(ones))


def _ranked(*steps: NDArray[np.bool_]) -> Floats:
    """The number of the first step that holds, or the number of steps."""
    return np.select(steps, [float(rank) for rank in range(len(steps))], float(len(steps)))


def _names_alike(ones: Texts, others: Texts) -> Floats:
    sounds = [sound_of(one) for one in ones], [sound_of(other) for other in others]
    return process.cpdist(*sounds, scorer=JaroWinkler.similarity, dtype=np.float64)


def _slips(ones: Texts, others: Texts) -> Floats:
    """Edits between two texts; two neighbours that changed places are one."""
    return process.cpdist(ones, others, scorer=OSA.distance, dtype=np.float64)


def _name(ones: Texts, others: Texts) -> Floats:
    alike = _names_alike(ones, others)
    sounds = _same([sound_of(one) for one in ones], [sound_of(other) for other in others])
    return _ranked(_same(ones, others), sounds, alike >= 0.92, alike >= 0.8)


def _date(ones: Texts, others: Texts) -> Floats:
    slips = _slips(ones, others)
    parts = np.array(
        [
            (one[:4] == other[:4]) + (one[4:6] == other[4:6]) + (one[6:] == other[6:])
            for one, other in zip(ones, others, strict=True)
        ],
        np.int64,
    )
    return _ranked(slips == 0, slips <= 1, (slips <= 2) | (parts >= 2))


def _digits(ones: Texts, others: Texts) -> Floats:
    slips = _slips(ones, others)
    return _ranked(slips == 0, slips <= 1, slips <= 2)


def _code(ones: Texts, others: Texts) -> Floats:
    slips = _slips(ones, others)
    return _ranked(slips == 0, slips <= 1)


def _email(ones: Texts, others: Texts) -> Floats:
    boxes = [one.partition("@")[0] for one in ones], [other.partition("@")[0] for other in others]
    slips = _slips(ones, others)
    alike = process.cpdist(ones, others, scorer=JaroWinkler.similarity, dtype=np.float64)
    return _ranked(slips == 0, slips <= 2, _same(*boxes), alike >= 0.88)


def _text(ones: Texts, others: Texts) -> Floats:
    tight = [one.replace(" ", "") for one in ones], [other.replace(" ", "") for other in others]
    alike = process.cpdist(*tight, scorer=Indel.normalized_similarity, dtype=np.float64)
    return _ranked(_same(*tight), alike >= 0.85, alike >= 0.65)


def _set(ones: Texts, others: Texts) -> Floats:
    shares = np.array([_shared(one.split(), other.split()) for one, other in zip(ones, others, strict=True)])
    return _ranked(shares >= 1, shares >= 0.6, shares >= 0.3)


def _shared(ones: Sequence[str], others: Sequence[str]) -> float:
    one, other = set(ones), set(others)
    return len(one & other) / len(one | other)


_KINDS: Mapping[Kind, Callable[[Texts, Texts], Floats]] = {
    "name": _name,
    "date": _date,
    "digits": _digits,
    "code": _code,
    "email": _email,
    "text": _text,
    "set": _set,
}

assert set(_KINDS) == set(LEVELS)
