"""The arithmetic of a tag: weights of true signals, decay, and how long it lasts. Knows no profile."""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import floor, log2

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.tags.model import SceneWeights, TagRule

_PLACES = 6
_TOLD_PLACES = 4
_TOLD_PARTS = 10.0**_TOLD_PLACES
_NO_FRACTIONS = 2.0**52
"""Among floats as large as this there are whole numbers only: what is added to it is rounded to the nearest."""
_SURELY = 0.499


def weight_of(rule: TagRule, bits: int, scene: SceneWeights | None = None) -> float:
    """The weights of the true signals, summed without binary dust. Bit n stands for signal n."""
    total = sum(weight for place, weight in enumerate(weights_in(rule, scene)) if bits >> place & 1)
    return round(total, _PLACES)


def scene_of(rule: TagRule, scenes: Container[str]) -> SceneWeights | None:
    """The first of a rule's scenes that is on, or None."""
    for one in rule.scenes:
        if one.scene in scenes:
            return one
    return None


def weights_in(rule: TagRule, scene: SceneWeights | None) -> tuple[float, ...]:
    """What each signal weighs, in the order of the signals."""
    if scene is None:
        return tuple(signal.weight for signal in rule.signals)
    return tuple(scene.weights.get(signal.id, 0.0) for signal in rule.signals)


def believed(weights: Sequence[float], factors: Sequence[float], bits: int) -> tuple[float, float]:
    """Weight and trust of the true signals where some of the evidence is not to be believed in full.

    The weight stays what was declared, because a doubt of one signal is no evidence of another: if the others were
    brought to a sum of 1 again, weak ones would set tags that they must not set alone, and a doubt of what is false
    would set or clear what it has no part in. The trust is how far the true ones are to be believed, and lowers the
    confidence.
    """
    true = [place for place in range(len(weights)) if bits >> place & 1]
    plain = sum(weights[place] for place in true)
    if not plain:
        return 0.0, 0.0
    kept = sum(weights[place] * factors[place] for place in true)
    return round(plain, _PLACES), round(kept / plain, _PLACES)


def reaches(rule: TagRule, weight: float) -> bool:
    """Whether signals of this weight set the tag while they are fresh."""
    return weight >= round(rule.threshold, _PLACES)


def half_life_ms(rule: TagRule) -> float | None:
    """In how many milliseconds half of the confidence is gone; None: it stays."""
    return None if rule.half_life_days is None else rule.half_life_days * DAY_MS


def decay(half_life: float | None, last: Millis, now: Millis) -> float:
    """The share of confidence left at ``now`` of evidence from ``last``: 1 fresh, 0.5 after ``half_life`` milliseconds."""
    if half_life is None or now <= last:
        return 1.0
    left: float = 0.5 ** ((now - last) / half_life)
    return left


def told(share: float) -> float:
    """A confidence as it is told: ``round(share, 4)``, without writing it out in decimal and reading it again."""
    parts = share * _TOLD_PARTS
    whole = parts + _NO_FRACTIONS - _NO_FRACTIONS
    # Beside the middle between two the nearest is the nearest, however the product was rounded.
    return whole / _TOLD_PARTS if -_SURELY < parts - whole < _SURELY else round(share, _TOLD_PLACES)


def lasts_ms(rule: TagRule, weight: float) -> int | None:
    """How long after its last evidence the tag stops being set, if its signals stay true; None: never.

    The declared expiry, or the moment decay takes ``weight`` below the threshold, whichever is earlier.
    """
    ends: list[int] = []
    if rule.expires_days is not None:
        ends.append(floor(rule.expires_days * DAY_MS))
    if rule.half_life_days is not None:
        ends.append(floor(rule.half_life_days * DAY_MS * log2(max(1.0, weight / rule.threshold))) + 1)
    return min(ends, default=None)
