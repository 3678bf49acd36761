"""Tags that bear on one another: a tag and its parent, and the tags of one exclusive group.

What a person has of a family is settled together: first who of an exclusive group stays, then what a set tag
implies. The surest of a group is the one a person set, else the one whose true signals weigh most, then the one
with the later evidence, then the first by id. Decay has no part in it, so that no tag takes another's place at a
moment that no rule names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.tags.model import TagRule

BY_RULE, BY_PERSON = "rule", "person"


class Found(msgspec.Struct, frozen=True, gc=False):
    """A tag that is set, as its family is settled: what it rests on, and not yet how it is told.

    The weight of its true signals, the confidence that is left of it, since when, its last evidence, and its end.
    """

    rule: TagRule
    weight: float
    share: float
    since: Millis
    last: Millis
    ends: Millis | None = None
    source: str = BY_RULE


class Families:
    """Which tags are settled together, and how."""

    def __init__(self, rules: Mapping[str, TagRule]) -> None:
        self._rules = rules
        self._kin: dict[str, frozenset[str]] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        related: dict[str, set[str]] = {}
        groups: dict[str, list[str]] = {}
        for rule in rules.values():
            if rule.parent is not None and rule.parent in rules:
                related.setdefault(rule.id, set()).add(rule.parent)
                related.setdefault(rule.parent, set()).add(rule.id)
            if rule.exclusive is not None:
                groups.setdefault(rule.exclusive, []).append(rule.id)
        self._exclusive = frozenset(one for members in groups.values() for one in members)
        for members in groups.values():
            for one in members:
                related.setdefault(one, set()).update(members)
        for one in related:
            if one not in self._kin:
                reached = _reach(one, related)
                self._kin.update(dict.fromkeys(reached, reached))

    def kin(self, tag_id: str) -> frozenset[str]:
        """The tags that are settled with this one, itself among them; none where it stands alone."""
        return self._kin.get(tag_id, frozenset())

    def children(self, tag_id: str) -> tuple[str, ...]:
        """The tags whose parent this is, sorted."""
        return tuple(sorted(one for one in self.kin(tag_id) if self._rules[one].parent == tag_id))

    def level(self, tag_id: str) -> int:
        """1 for a tag without parent, one more for each step below it."""
        return 1 + len(self.ancestors(tag_id))

    def ancestors(self, tag_id: str) -> tuple[str, ...]:
        """The parent of a tag, the parent's parent and so on. Of a circle each stands once."""
        found = self._above.get(tag_id)
        if found is None:
            found = self._above[tag_id] = self._ancestors(tag_id)
        return found

    def _ancestors(self, tag_id: str) -> tuple[str, ...]:
        above: list[str] = []
        parent = self._rules[tag_id].parent if tag_id in self._rules else None
        while parent is not None and parent in self._rules and parent not in (tag_id, *above):
            above.append(parent)
            parent = self._rules[parent].parent
        return tuple(above)

    def settle(self, found: dict[str, Found], denied: Iterable[str]) -> dict[str, Found]:
        """What stays of the tags that are set by themselves, and what they imply. ``denied`` ones are not implied.

        Where a surer rival takes the place of a parent, those below it go with it: nobody has a tag without its parent,
        unless a person said so.
        """
        refused = frozenset(denied)
        while True:
            kept = _without_rivals(found)
            implied = self._implied(kept, refused)
            if not implied:
                return kept
            settled = kept | implied
            # Who was there already has no rival left; only who comes new may be one, or have one.
            if self._exclusive.isdisjoint([one for one in implied if one not in kept]):
                return settled
            kept, settled = settled, _without_rivals(settled)
            lost = kept.keys() - settled.keys()
            if not lost:
                return settled
            refused |= lost
            found = {tag_id: one for tag_id, one in found.items() if self._stays(one, lost)}

    def _stays(self, one: Found, lost: Collection[str]) -> bool:
        return one.source == BY_PERSON or not {one.rule.id, *self.ancestors(one.rule.id)}.intersection(lost)

    def _implied(self, kept: Mapping[str, Found], refused: frozenset[str]) -> dict[str, Found]:
        """The parents of those that are kept, as these make them."""
        implied: dict[str, Found] = {}
        for below in kept.values():
            if below.rule.parent is None:
                continue
            for parent in self.ancestors(below.rule.id):
                if parent in refused:
                    break
                own = implied.get(parent) or kept.get(parent)
                below = implied[parent] = _raised(self._rules[parent], own, below)  # noqa: PLW2901
        return implied


def _without_rivals(found: dict[str, Found]) -> dict[str, Found]:
    surest: dict[str, Found] = {}
    lost: set[str] = set()
    for one in found.values():
        group = one.rule.exclusive
        if group is None:
            continue
        rival = surest.get(group)
        if rival is None:
            surest[group] = one
        else:
            surest[group], less = sorted((one, rival), key=_surest_first)
            lost.add(less.rule.id)
    return {tag_id: one for tag_id, one in found.items() if tag_id not in lost} if lost else found


def _reach(start: str, related: Mapping[str, set[str]]) -> frozenset[str]:
    reached, ahead = {start}, [start]
    while ahead:
        for one in related.get(ahead.pop(), ()):
            if one not in reached:
                reached.add(one)
                ahead.append(one)
    return frozenset(reached)


def _surest_first(one: Found) -> tuple[bool, float, Millis, str]:
    return (one.source != BY_PERSON, -one.weight, -one.last, one.rule.id)


def _raised(rule: TagRule, own: Found | None, below: Found) -> Found:
    """A parent as its child makes it: no less sure, no later, and lasting no shorter."""
    if own is None:
        return Found(rule, below.weight, below.share, below.since, below.last, below.ends)
    if own.source == BY_PERSON:
        return own
    return Found(
        rule,
        max(own.weight, below.weight),
        max(own.share, below.share),
        min(own.since, below.since),
        max(own.last, below.last),
        _later(own.ends, below.ends),
    )


def _later(one: Millis | None, other: Millis | None) -> Millis | None:
    return None if one is None or other is None else max(one, other)
