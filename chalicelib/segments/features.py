"""The features that models see of a profile: one declared, versioned list, read alike in training and at run time.

A feature is a value that rules may read, too (``profiles.values``), or one over another. None is sealed: what a model
says of somebody rests on counts, sums and times alone. What is missing and what is out of the ordinary each model
settles by its own columns (``model.Column``), as it was when it was learned.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.measures import MeasureSet
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import at_path, values

FEATURES_VERSION = 1
"""Counts changes of what any feature means. A model of another version is not in force: it would read other numbers."""


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number about a person. ``also``: paths of what is added to it; None adds nothing. ``per``: the path of what
    it is a share of; None where that is 0.

    ``missing`` says what never happened is taken for: 0, or what is typical of everybody. ``is_log`` says that models
    see log(1 + x) of it, because a few have very much more of it than all others.
    """

    id: str
    names: Text
    path: str
    unit: Literal["count", "days", "money", "ratio", "score", "share"]
    per: str = ""
    also: tuple[str, ...] = ()
    is_log: bool = False
    missing: Literal["zero", "typical"] = "zero"

    @property
    def paths(self) -> tuple[str, ...]:
        """All that it reads."""
        return tuple(path for path in (self.path, *self.also, self.per) if path)


@cache
def features() -> tuple[Feature, ...]:
    """All features, in the order of every vector."""
    return msgspec.json.decode(Path(__file__).with_name("features.json").read_bytes(), type=tuple[Feature, ...])


@cache
def _paths() -> frozenset[str]:
    return frozenset(path for one in features() for path in one.paths)


def raw_vector(profile: Profile, now: Millis, measures: MeasureSet) -> tuple[float | None, ...]:
    """The features of a person at an instant, in the order of ``features()``; None where there is nothing to tell.

    A measure that the tenant withdrew reads as one that never happened.
    """
    read = values(profile, _paths(), now, measures.money)
    return tuple(_value(one, read) for one in features())


def _value(feature: Feature, read: dict[str, Any]) -> float | None:
    value = at_path(read, feature.path)
    for path in feature.also:
        value = (value or 0) + (at_path(read, path) or 0)
    if feature.per:
        whole = at_path(read, feature.per)
        return value / whole if value is not None and whole else None
    if value is None:
        return 0.0 if feature.missing == "zero" else None
    return float(value)


@cache
def place_of(feature_id: str) -> int:
    """Where a feature stands in every vector. Raises KeyError for one that is not declared."""
    return _places()[feature_id]


@cache
def _places() -> dict[str, int]:
    return {one.id: place for place, one in enumerate(features())}
