"""How pressing a call is: points of the urgency rules that hold, as a level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.routing.model import LEVELS, Level, Urgency

HIGHEST = 100


def urgency_of(base: int, points: Iterable[int], thresholds: Mapping[str, int]) -> Urgency:
    """The level whose threshold the sum of points reaches. ``thresholds`` has an entry per level above low."""
    score = max(0, min(HIGHEST, base + sum(points)))
    level: Level = "low"
    for candidate in LEVELS[1:]:
        if score >= thresholds[candidate]:
            level = candidate
    return Urgency(level, score)
