"""How features read in sentences: their numbers by unit, in Chinese and English alike."""

from __future__ import annotations

from math import ceil, expm1, floor, log1p

from chalicelib.segments.features import Feature
from chalicelib.segments.model import Column

_STEPS = {"count": 1.0, "days": 1.0, "money": 0.01, "ratio": 0.01, "score": 0.01, "share": 0.001}
"""What a feature changes by at least, by unit."""


def shown(feature: Feature, value: float) -> str:
    """A value of a feature as people write it."""
    if feature.unit == "share":
        return f"{value:.0%}"
    if feature.unit == "money":
        return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:,.1f}"


def in_units(column: Column, seen: float) -> float:
    """The value that is seen as this: the inverse of ``model.scaled`` between the column's bounds."""
    value = seen * column.scale + column.center
    if column.is_log:
        # Bounded before it is raised: e to the power of what lies far beyond the bounds is no float.
        value = expm1(min(value, log1p(column.high)))
    return min(max(value, column.low), column.high)


def stepped(feature: Feature, value: float, *, up: bool) -> float:
    """The nearest value that a feature can have at or beyond a value, upwards or downwards, and never below 0."""
    step = _STEPS[feature.unit]
    places = value / step
    # What is a step but for the last bit of a float is that step.
    whole = round(places) if abs(places - round(places)) < 1e-6 else (ceil(places) if up else floor(places))
    return max(0.0, round(whole * step, 3))


def step_of(feature: Feature) -> float:
    """The least by which a feature changes."""
    return _STEPS[feature.unit]
