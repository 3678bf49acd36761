"""What a changed catalogue changes for stored people, counted so that the counts of parts add up to those of the whole.

A comparison is a join: parts may be added in any order. Of each side the people are counted, the least ids are kept,
and a fingerprint of all of them is: two countings of the same people have the same one, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from math import floor, sqrt

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import Assessment

BINS = 20
"""Shifts of confidence from -1 to 1 in steps of a tenth."""
SCENE = "scene"
"""The stem of what a rule reads of scenes."""
_WHOLE = 1 << 64
_Z_95 = 1.959_963_984_540_054


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A tag as somebody had it: how surely, and since when."""

    confidence: float
    since: Millis


class Held(msgspec.Struct, frozen=True):
    """The tags that somebody has under one catalogue, and those of which its rules could say nothing."""

    tags: Mapping[str, Seen]
    failed: frozenset[str] = frozenset()


class Named(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Somebody on a list: since when they have the tag, by the catalogue that gives it to them."""

    profile_id: str
    since: Millis


class People(msgspec.Struct, frozen=True, array_like=True):
    """Some people: how many, those of the least ids, and a fingerprint of all their ids."""

    count: int = 0
    named: tuple[Named, ...] = ()
    fingerprint: int = 0


class TagCount(msgspec.Struct, frozen=True, array_like=True):
    """One tag before and after. ``shifts`` are those who keep it with another confidence; ``unknown`` those of whom a
    failing rule says nothing.
    """

    before: int = 0
    after: int = 0
    gained: People = People()
    lost: People = People()
    shifts: tuple[int, ...] = (0,) * BINS
    unknown: int = 0


class Comparison(msgspec.Struct, frozen=True, array_like=True):
    """What was counted of some people. ``moves`` are routes that change, by a name of from and to.

    ``read`` counts all who were come by, ``people`` those of them who were compared.
    """

    people: int = 0
    tags: dict[str, TagCount] = {}
    moves: dict[str, int] = {}
    left_out: dict[str, int] = {}
    """People who could not be compared, by the reason."""
    read: int = 0


def held(assessment: Assessment, among: frozenset[str]) -> Held:
    """What an assessment says of some tags."""
    tags = {one.id: Seen(one.confidence, one.since) for one in assessment.tags if one.id in among}
    return Held(tags, frozenset(one.tag_id for one in assessment.failed) & among)


def compare(profile_id: str, old: Held, new: Held) -> Comparison:
    """One person under two catalogues. A rule that failed on either side says nothing of its tag."""
    unknown = old.failed | new.failed
    counts = {one: TagCount(unknown=1) for one in unknown}
    for one in (old.tags.keys() | new.tags.keys()) - unknown:
        counts[one] = _count(profile_id, old.tags.get(one), new.tags.get(one))
    return Comparison(1, counts)


def add(parts: Iterable[Comparison], *, most: int) -> Comparison:
    """The comparison of all these people, who are different ones. At most so many are named of each list."""
    people, read = 0, 0
    tags, moves, left_out = dict[str, TagCount](), dict[str, int](), dict[str, int]()
    lists: dict[str, list[TagCount]] = {}
    for part in parts:
        people += part.people
        read += part.read
        for tag_id, count in part.tags.items():
            lists.setdefault(tag_id, []).append(count)
        _add_counts(moves, part.moves)
        _add_counts(left_out, part.left_out)
    for tag_id, counts in lists.items():
        tags[tag_id] = counts[0] if len(counts) == 1 else _sum(counts, most)
    return Comparison(people, tags, moves, left_out, read)


def concerned(old: Catalogue, new: Catalogue) -> frozenset[str]:
    """The tags that may come out otherwise: of rules that differ, or that read what does, and those settled with them."""
    changed = {*_different(old.rules, new.rules), *old.switched_off.symmetric_difference(new.switched_off)}
    scenes = _different(old.stage.scenes, new.stage.scenes)
    stems = [f"m.{name}" for name in _different(old.measures.measures, new.measures.measures)]
    for one in (old, new):
        changed.update(one.concerned([*stems, SCENE] if scenes else stems))
        changed.update(
            rule.id for rule in one.rules.values() if scenes.intersection(each.scene for each in rule.scenes)
        )
    kin = (side.families.kin(one) for one in changed for side in (old, new))
    return frozenset(changed).union(*kin)


def by_scene(catalogue: Catalogue, tags: frozenset[str]) -> bool:
    """Whether any of these tags may be otherwise in a scene."""
    reading = {*catalogue.concerned([SCENE]), *(rule.id for rule in catalogue.rules.values() if rule.scenes)}
    return not tags.isdisjoint(reading)


def wilson(count: int, of: int, z: float = _Z_95) -> tuple[float, float]:
    """The score interval of a share that was seen as ``count`` out of ``of``; at 95% unless told.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212. It stays within 0 and 1 and is right near them, where p ± z·√(p(1-p)/n) is not.
    """
    if of == 0:
        return 0.0, 1.0
    share, weight = count / of, z * z / of
    middle = share + weight / 2
    half = z * sqrt((share * (1 - share) + weight / 4) / of)
    low, high = (middle - half) / (1 + weight), (middle + half) / (1 + weight)
    return (0.0 if count == 0 else low), (1.0 if count == of else high)


def bin_of(shift: float) -> int:
    """The place of a shift of confidence in the histogram."""
    # Confidences have four places; without rounding, 0.3 - 0.2 would stand below a tenth.
    return min(max(floor(round(shift, 4) * 10) + BINS // 2, 0), BINS - 1)


def _count(profile_id: str, old: Seen | None, new: Seen | None) -> TagCount:
    if old is not None and new is not None:
        shift = new.confidence - old.confidence
        if not shift:
            return TagCount(before=1, after=1)
        place = bin_of(shift)
        return TagCount(before=1, after=1, shifts=tuple(int(one == place) for one in range(BINS)))
    one = _one(profile_id, old or new)
    return TagCount(before=1, lost=one) if old is not None else TagCount(after=1, gained=one)


def _one(profile_id: str, seen: Seen | None) -> People:
    since = 0 if seen is None else seen.since
    return People(1, (Named(profile_id, since),), int.from_bytes(sha256(profile_id.encode()).digest()[:8]))


def _sum(counts: list[TagCount], most: int) -> TagCount:
    return TagCount(
        before=sum(one.before for one in counts),
        after=sum(one.after for one in counts),
        gained=_together([one.gained for one in counts], most),
        lost=_together([one.lost for one in counts], most),
        shifts=tuple(map(sum, zip(*(one.shifts for one in counts), strict=True))),
        unknown=sum(one.unknown for one in counts),
    )


def _together(sides: list[People], most: int) -> People:
    named = sorted(one for side in sides for one in side.named)[:most]
    # A sum and not an exclusive or: somebody who is counted twice must not cancel out.
    return People(sum(one.count for one in sides), tuple(named), sum(one.fingerprint for one in sides) % _WHOLE)


def _add_counts(to: dict[str, int], counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        to[name] = to.get(name, 0) + count


def _different[T](old: Mapping[str, T], new: Mapping[str, T]) -> set[str]:
    return {one for one in old.keys() | new.keys() if old.get(one) != new.get(one)}
