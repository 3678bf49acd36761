"""Counts people by group: how many have which tag, how surely, and how often they did what in the last 30 days.

Counts are sums, so that ranges of people may be counted apart, in any order, and added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.insights.groupings import CROWD, groups_of, key_of
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import values
from chalicelib.tags.model import Tag

CONFIDENCE_BINS = 10
"""Of equal width; the last one holds 1."""
BIN_STARTS: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 50)
"""Where the bins of a measure's distribution begin: how often somebody did it in the last 30 days."""
_COUNT, _SUM = "count_30d", "sum_30d"


class GroupCounts(msgspec.Struct, array_like=True):
    """One group: its people, those of them with each tag, and by measure the count and the sum of 30 days, and who did.

    Sums are in the measure's unit, in thousandths, so that they add without error.
    """

    people: int = 0
    tags: dict[str, int] = {}
    measures: dict[str, tuple[int, int]] = {}
    doers: dict[str, int] = {}


class Counts(msgspec.Struct, array_like=True):
    """What was counted of some people: by group, and of all the confidence of tags and the spread of measures."""

    groups: dict[str, GroupCounts] = {}
    confidence: dict[str, list[int]] = {}
    measures: dict[str, list[int]] = {}

    @property
    def people(self) -> int:
        """How many people were counted."""
        return self.groups[CROWD].people if CROWD in self.groups else 0


def no_counts() -> Counts:
    """What is counted of nobody."""
    return Counts({}, {}, {})


def count_person(counts: Counts, profile: Profile, tags: Iterable[Tag], money: frozenset[str], now: Millis) -> None:
    """Add one person to the counts."""
    tags = tuple(tags)
    ids = frozenset(tag.id for tag in tags)
    did = dict(_did(profile, money, now))
    keys = [CROWD, *(key_of(*one) for one in groups_of(profile, ids).items())]
    for key in keys:
        group = counts.groups.get(key)
        if group is None:
            group = counts.groups[key] = GroupCounts(0, {}, {}, {})
        group.people += 1
        for tag_id in ids:
            group.tags[tag_id] = group.tags.get(tag_id, 0) + 1
        for measure, (count, total) in did.items():
            before = group.measures.get(measure, (0, 0))
            group.measures[measure] = (before[0] + count, before[1] + total)
            group.doers[measure] = group.doers.get(measure, 0) + 1
    for tag in tags:
        bins = counts.confidence.setdefault(tag.id, [0] * CONFIDENCE_BINS)
        bins[min(int(tag.confidence * CONFIDENCE_BINS), CONFIDENCE_BINS - 1)] += 1
    for measure, (count, _) in did.items():
        counts.measures.setdefault(measure, [0] * len(BIN_STARTS))[_bin(count)] += 1


def _did(profile: Profile, money: frozenset[str], now: Millis) -> Iterator[tuple[str, tuple[int, int]]]:
    """What somebody did in the last 30 days: measure → count and sum."""
    names = sorted(profile.series)
    paths = [f"m.{name}.{stat}" for name in names for stat in (_COUNT, _SUM)]
    read: Mapping[str, Any] = values(profile, paths, now, money).get("m", {})
    for name in names:
        count = read[name][_COUNT]
        if count:
            yield name, (count, round(read[name][_SUM] * 1_000))


def _bin(count: int) -> int:
    return sum(count >= start for start in BIN_STARTS) - 1


def added(parts: Iterable[Counts]) -> Counts:
    """The counts of all parts together."""
    whole = no_counts()
    for part in parts:
        for key, group in part.groups.items():
            into = whole.groups.setdefault(key, GroupCounts(0, {}, {}, {}))
            into.people += group.people
            for of, more in ((into.tags, group.tags), (into.doers, group.doers)):
                _add(of, more, lambda left, right: left + right, 0)
            _add(into.measures, group.measures, lambda left, right: (left[0] + right[0], left[1] + right[1]), (0, 0))
        _add(whole.confidence, part.confidence, _binwise, [0] * CONFIDENCE_BINS)
        _add(whole.measures, part.measures, _binwise, [0] * len(BIN_STARTS))
    return whole


def _add[T](into: dict[str, T], more: Mapping[str, T], add: Callable[[T, T], T], nothing: T) -> None:
    for name, one in more.items():
        into[name] = add(into.get(name, nothing), one)


def _binwise(left: list[int], right: list[int]) -> list[int]:
    return [one + other for one, other in zip(left, right, strict=True)]
