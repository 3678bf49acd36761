"""Tags of groups: the same declarations as a person's, over what was counted of a region, a segment, or everybody.

``g.size``                people in the group
``g.part``                its share of everybody
``g.growth``              its people now against a week or more ago: 0.1 is a tenth more; null without a past
``g.share.<tag>``         the share of it that has a tag; ``g.usual.<tag>`` the share of everybody
``g.lift.<tag>``          the first over the second, drawn towards 1 as if ``PRIOR_PEOPLE`` usual people were in it
``g.change.<tag>``        (crowd) people with a tag per person, now over a week or more ago; null without a past
``g.per_member.<measure>``  how often its people did something in the last 30 days; ``g.usual_per_member.<measure>``
                          how often everybody did, ``g.ratio.<measure>`` the first over the second
``g.mean.<measure>``      the mean amount of the last 30 days; null where there was none

A group of fewer than ``LEAST_MEMBERS`` has no tags: so few would be tagged as themselves. A tag that fewer than five of a
group have, or a measure of what fewer did, reads as nobody's. People are counted in fives: what a rule reads is told by
its ``why``, and exact figures of all groups but one would tell those of the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from chalicelib.insights.counting import GroupCounts
from chalicelib.insights.groupings import CROWD, OTHER, UNKNOWN
from chalicelib.insights.results import Result, earlier
from chalicelib.insights.usual import LEAST_SHOWN, coarse
from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.conditions import ENGINE, reads
from chalicelib.profiles.measures import Measure
from chalicelib.profiles.operators import expand
from chalicelib.tags.condition_check import nested
from chalicelib.tags.confidence import reaches, weight_of
from chalicelib.tags.model import TagRule
from chalicelib.tags.vocabulary import Vocabulary, nearest

LEAST_MEMBERS = 20
PRIOR_PEOPLE = 20.0
_LEAST_DAYS, _MOST_DAYS = 7, 60
_SIMPLE = frozenset({"g.size", "g.part", "g.growth"})
_OF_TAGS = ("share", "usual", "lift", "change")
OF_MEASURES = ("per_member", "usual_per_member", "ratio", "mean")
"""What is read of a measure: ``g.<one of these>.<measure>``."""


class GroupVocabulary(Vocabulary):
    """What the conditions of a group's tags may read: shares of persons' tags, and measures per member."""

    def __init__(self, rules: Mapping[str, TagRule], measures: Mapping[str, Measure]) -> None:
        super().__init__(measures, rules=rules)

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that a group's rule may read."""
        of_tags = {f"g.{head}.{tag_id}" for head in _OF_TAGS for tag_id in self.rules}
        of_measures = {f"g.{head}.{measure}" for head in OF_MEASURES[:-1] for measure in self.measures}
        means = {f"g.mean.{name}" for name, measure in self.measures.items() if measure.amount is not None}
        return frozenset(_SIMPLE | of_tags | of_measures | means)

    def mistake(self, path: str) -> tuple[str, str, str | None] | None:
        """Code, sentence and suggestion for a path that may not be read; None for one that may."""
        if path in self.paths:
            return None
        return "unknown_path", f"Nothing of a group has the path “{path}”.", nearest(path, self.paths)


class SignalOutcome(msgspec.Struct, frozen=True, array_like=True):
    """One signal of a group's tag: whether it is true, and the values it read."""

    id: str
    says: Text
    weight: float
    true: bool
    values: dict[str, Any]


class GroupTag(msgspec.Struct, frozen=True, array_like=True):
    """A tag that a group has, and why. Its confidence is the weight of its true signals."""

    id: str
    confidence: float
    since: Millis
    signals: tuple[SignalOutcome, ...] = ()


def tags_of_groups(
    rules: Iterable[TagRule], result: Result, before: Mapping[str, Iterable[GroupTag]]
) -> dict[str, tuple[GroupTag, ...]]:
    """Group → its tags by id, of a day's result. ``before`` are those of the day before: who goes on has them since."""
    since = {(key, tag.id): tag.since for key, tags in before.items() for tag in tags}
    ordered = sorted(rules, key=lambda rule: rule.id)
    found: dict[str, tuple[GroupTag, ...]] = {}
    for key in sorted(result.counts.groups):
        tags = (_tag(rule, key, result, since) for rule in ordered if may_have_tags(rule, key, result))
        set_ = tuple(tag for tag in tags if tag is not None)
        if set_:
            found[key] = set_
    return found


def may_have_tags(rule: TagRule, key: str, result: Result) -> bool:
    """Whether a rule is asked of a group: it is of its granularity, large enough, and its people share something."""
    group = result.counts.groups.get(key)
    fits = rule.granularity == ("crowd" if key == CROWD else "segment") and _is_group(key)
    return fits and group is not None and group.people >= LEAST_MEMBERS


def _is_group(key: str) -> bool:
    """People of whom something is not known have nothing in common."""
    return key.partition(":")[2] not in {UNKNOWN, OTHER}


def _tag(rule: TagRule, key: str, result: Result, since: Mapping[tuple[str, str], Millis]) -> GroupTag | None:
    outcomes = tuple(outcomes_of(rule, key, result))
    weight = weight_of(rule, sum(1 << place for place, one in enumerate(outcomes) if one.true))
    if not reaches(rule, weight):
        return None
    return GroupTag(rule.id, weight, since.get((key, rule.id), result.at), outcomes)


def outcomes_of(rule: TagRule, key: str, result: Result) -> Iterator[SignalOutcome]:
    """Each signal of a rule for a group that was counted, with the values that it read."""
    for signal in rule.signals:
        condition = expand(signal.when)
        values = {path: value_at(path, key, result) for path in sorted(reads(condition))}
        true = bool(ENGINE.eval({"!!": [condition]}, nested(values)))
        yield SignalOutcome(signal.id, signal.says, signal.weight, true, values)


def value_at(path: str, key: str, result: Result) -> float | int | None:
    """The value of a path for a group. Raises KeyError for a path of no known kind: rules are checked before."""
    _, head, *rest = path.split(".", 2)
    name = rest[0] if rest else ""
    group, crowd = result.counts.groups[key], result.counts.groups[CROWD]
    return _READERS[head](_Asked(key, name, group, crowd, result))


class _Asked(msgspec.Struct, frozen=True):
    key: str
    name: str
    group: GroupCounts
    crowd: GroupCounts
    result: Result


def _share(group: GroupCounts, tag_id: str) -> float:
    return coarse(group.tags.get(tag_id, 0)) / coarse(group.people)


def _lift(asked: _Asked) -> float | None:
    usual = _share(asked.crowd, asked.name)
    if not usual:
        return None
    drawn = coarse(asked.group.tags.get(asked.name, 0)) + PRIOR_PEOPLE * usual
    return round(drawn / (coarse(asked.group.people) + PRIOR_PEOPLE) / usual, 4)


def _then(asked: _Asked, of_tag: bool) -> int | None:
    days = asked.result.tagged.get(asked.name, []) if of_tag else asked.result.sizes.get(asked.key, [])
    then = earlier(days, asked.result.day, least=_LEAST_DAYS, most=_MOST_DAYS)
    return None if then is None else coarse(then)


def _growth(asked: _Asked) -> float | None:
    then = _then(asked, of_tag=False)
    return round(coarse(asked.group.people) / then - 1, 4) if then else None


def _change(asked: _Asked) -> float | None:
    then, people = _then(asked, of_tag=True), _then(asked, of_tag=False)
    if asked.key != CROWD or not people or not then:
        return None
    return round(_share(asked.group, asked.name) / (then / people), 4)


def _per_member(group: GroupCounts, measure: str) -> float:
    return _did(group, measure)[0] / coarse(group.people)


def _did(group: GroupCounts, measure: str) -> tuple[int, int]:
    """Count and sum of a measure; nothing where fewer did it than are shown: a mean would be somebody's own amount."""
    return group.measures.get(measure, (0, 0)) if group.doers.get(measure, 0) >= LEAST_SHOWN else (0, 0)


def _ratio(asked: _Asked) -> float | None:
    usual = _per_member(asked.crowd, asked.name)
    return round(_per_member(asked.group, asked.name) / usual, 4) if usual else None


def _mean(asked: _Asked) -> float | None:
    count, thousandths = _did(asked.group, asked.name)
    return round(thousandths / 1_000 / count, 4) if count else None


_READERS: Mapping[str, Callable[[_Asked], float | int | None]] = {
    "size": lambda asked: coarse(asked.group.people),
    "part": lambda asked: round(coarse(asked.group.people) / coarse(asked.crowd.people), 4),
    "growth": _growth,
    "share": lambda asked: round(_share(asked.group, asked.name), 4),
    "usual": lambda asked: round(_share(asked.crowd, asked.name), 4),
    "lift": _lift,
    "change": _change,
    "per_member": lambda asked: round(_per_member(asked.group, asked.name), 4),
    "usual_per_member": lambda asked: round(_per_member(asked.crowd, asked.name), 4),
    "ratio": _ratio,
    "mean": _mean,
}
