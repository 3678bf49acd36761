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
from chalicelib.profiles.values import values

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


class _Read(msgspec.Struct, frozen=True):
    """One feature taken apart once: every feature is read of everybody, in every run and with every event."""

    path: tuple[str, ...]
    also: tuple[tuple[str, ...], ...]
    per: tuple[str, ...]
    is_zero: bool


@cache
def _reads() -> tuple[frozenset[str], tuple[_Read, ...]]:
    """All paths that features read, and how each feature is made of them."""
    reads = tuple(
        _Read(_parts(one.path), tuple(map(_parts, one.also)), _parts(one.per), one.missing == "zero")
        for one in features()
    )
    return frozenset(path for one in features() for path in one.paths), reads


@cache
def measures_read() -> frozenset[str]:
    """The measures that any feature reads."""
    return frozenset(path[1] for path in map(_parts, _reads()[0]) if path[0] == "m")


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def raw_vector(profile: Profile, now: Millis, measures: MeasureSet) -> tuple[float | None, ...]:
    """The features of a person at an instant, in the order of ``features()``; None where there is nothing to tell.

    A measure that the tenant withdrew reads as one that never happened.
    """
    paths, reads = _reads()
    read = values(profile, paths, now, measures.money)
    row: list[float | None] = []
    for one in reads:
        value: Any = read
        for part in one.path:
            value = value[part]
        if one.also or one.per:
            row.append(_composed(one, value, read))
        elif value is None:
            row.append(0.0 if one.is_zero else None)
        else:
            row.append(float(value))
    return tuple(row)


def _composed(one: _Read, value: Any, read: dict[str, Any]) -> float | None:
    for path in one.also:
        value = (value or 0) + (_at(read, path) or 0)
    if one.per:
        whole = _at(read, one.per)
        return value / whole if value is not None and whole else None
    return float(value)


def _at(read: dict[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = read
    for part in path:
        found = found[part]
    return found


@cache
def place_of(feature_id: str) -> int:
    """Where a feature stands in every vector. Raises KeyError for one that is not declared."""
    return _places()[feature_id]


@cache
def _places() -> dict[str, int]:
    return {one.id: place for place, one in enumerate(features())}
