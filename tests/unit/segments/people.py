"""Made-up people as vectors of features: counts with many zeros, heavy tails, shares, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from random import Random

from chalicelib.segments.features import features

type Row = tuple[float | None, ...]

_SCORED = ("complaints_180d", "contacts_30d", "silent_days")


def people(many: int, seed: int, times: Mapping[str, float] | None = None) -> list[Row]:
    """Vectors of so many people; ``times`` multiplies features, for everybody."""
    dice, factors = Random(seed), times or {}
    return [tuple(_value(one.id, one.unit, factors.get(one.id, 1.0), dice) for one in features()) for _ in range(many)]


def _value(feature: str, unit: str, factor: float, dice: Random) -> float | None:
    own = sum(map(ord, feature)) % 5
    if dice.random() < 0.05 * own:
        return None if unit in ("share", "score", "ratio") else 0.0
    if unit in ("share", "score", "ratio"):
        return min(1.0, factor * dice.betavariate(1 + own, 3))
    amount = factor * dice.lognormvariate(0.5 * own, 1.0)
    return float(int(amount)) if unit == "count" else amount


def score_of(row: Row) -> float:
    """A score that leans on a few features."""
    places = {one.id: place for place, one in enumerate(features())}
    reached = sum(min(row[places[one]] or 0.0, 20.0) for one in _SCORED)
    return 1 / (1 + exp(3 - reached / 6))


def segments_of(rows: list[Row]) -> dict[str, dict[str, int]]:
    """How many of them are in each of three segments, by the score."""
    counts = dict.fromkeys(("calm", "busy", "risky"), 0)
    for row in rows:
        value = score_of(row)
        counts["calm" if value < 0.3 else "busy" if value < 0.7 else "risky"] += 1
    return {"customers": counts}
