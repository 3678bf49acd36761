"""The features that models see of a profile: one declared, versioned list, read alike in training and at run time.

A feature is a value that rules may read, too (``profiles.values``), or one over another. None is sealed: what a model
says of somebody rests on counts, sums and times alone. What is missing and what is out of the ordinary each model
settles by its own columns (``model.Column``), as it was when it was learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.measures import MeasureSet
from chalicelib.profiles.model import Profile
from chalicelib.profiles.stats import Reader, never
from chalicelib.profiles.values import at_path, values

FEATURES_VERSION = 1
"""Counts changes of what any feature means. A model of another version is not in force: it would read other numbers."""


_PLANS_KEPT = 1_024


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


class _Made(msgspec.Struct, frozen=True):
    """How a feature is made of what was read, by its places."""

    place: int
    also: tuple[int, ...]
    per: int | None
    is_zero: bool


class _Plan(msgspec.Struct, frozen=True):
    """All features taken apart once: each is read of everybody, in every run and with every event.

    ``blank`` is what is read of somebody of whom nothing happened; ``measures`` and ``others`` say what goes in which place.
    """

    blank: tuple[float | int | None, ...]
    measures: tuple[tuple[str, Reader, dict[str, int]], ...]
    others: tuple[tuple[int, str], ...]
    made: tuple[_Made, ...]


@lru_cache(maxsize=_PLANS_KEPT)
def _plan(money: frozenset[str]) -> _Plan:
    paths = sorted({path for one in features() for path in one.paths})
    places = {path: place for place, path in enumerate(paths)}
    measures: dict[str, dict[str, int]] = {}
    blank: list[float | int | None] = [None] * len(paths)
    for path, place in places.items():
        head, _, rest = path.partition(".")
        if head == "m":
            name, _, stat = rest.partition(".")
            measures.setdefault(name, {})[stat] = place
            blank[place] = never(stat)
    made = (
        _Made(places[one.path], tuple(places[path] for path in one.also), places.get(one.per), one.missing == "zero")
        for one in features()
    )
    others = tuple((place, path) for path, place in places.items() if not path.startswith("m."))
    readers = tuple((name, Reader(stats, money=name in money), stats) for name, stats in measures.items())
    return _Plan(tuple(blank), readers, others, tuple(made))


@cache
def measures_read() -> frozenset[str]:
    """The measures that any feature reads."""
    return frozenset(name for name, *_ in _plan(frozenset()).measures)


def raw_vector(profile: Profile, now: Millis, measures: MeasureSet) -> tuple[float | None, ...]:
    """The features of a person at an instant, in the order of ``features()``; None where there is nothing to tell.

    A measure that the tenant withdrew reads as one that never happened.
    """
    plan = _plan(measures.money)
    read: list[Any] = list(plan.blank)
    for name, reader, places in plan.measures:
        series = profile.series.get(name)
        if series is not None:
            for stat, value in reader.read(series, now).items():
                read[places[stat]] = value
    rest = values(profile, [path for _, path in plan.others], now)
    for place, path in plan.others:
        read[place] = at_path(rest, path)
    return tuple([_value(one, read) for one in plan.made])


def _value(made: _Made, read: Sequence[Any]) -> float | None:
    value = read[made.place]
    for place in made.also:
        value = (value or 0) + (read[place] or 0)
    if made.per is not None:
        whole = read[made.per]
        return value / whole if value is not None and whole else None
    if value is None:
        return 0.0 if made.is_zero else None
    return float(value)


@cache
def place_of(feature_id: str) -> int:
    """Where a feature stands in every vector. Raises KeyError for one that is not declared."""
    return _places()[feature_id]


@cache
def _places() -> dict[str, int]:
    return {one.id: place for place, one in enumerate(features())}
