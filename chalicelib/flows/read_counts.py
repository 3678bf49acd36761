"""What the counts of people say, as callers may see it: nothing below five, and nothing that a subtraction would tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.flows.count_people import GROUPS, LATEST, LIMIT_BYTES, day_name
from chalicelib.flows.counting_services import InsightServices
from chalicelib.flows.insight_views import (
    CellView,
    DayView,
    GroupSignalView,
    GroupsView,
    GroupTagView,
    GroupView,
    MeasureSpreadView,
    StepView,
    TagCountsView,
    TagCountView,
    TagDistributionView,
)
from chalicelib.insights.counting import BIN_STARTS, CONFIDENCE_BINS, GroupCounts
from chalicelib.insights.groupings import CROWD, GROUPINGS, key_of
from chalicelib.insights.groups import GroupTag, value_at
from chalicelib.insights.results import Result, shown
from chalicelib.insights.usual import LEAST_SHOWN
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import DAY_MS, format_moment
from chalicelib.profiles.measures import Measure
from chalicelib.tags.model import TagRule


def read_tag_counts(tenant_id: str, day: int | None, services: InsightServices) -> TagCountsView:
    """Every tag that anybody has, the most frequent first. Raises NotFound ``no_counts``."""
    result = _result(tenant_id, day, services)
    catalogue = services.catalogue(tenant_id)
    everyone = _everyone(result)
    known = (one for one in catalogue.rules.values() if one.id in everyone.tags)
    ordered = sorted(known, key=lambda rule: (-everyone.tags[rule.id], rule.id))
    return TagCountsView(
        day=_day(result.day),
        counted_at=format_moment(result.at),
        catalogue_version=result.catalogue_version,
        people=_least(everyone.people),
        tags=tuple(_tag(rule, result, everyone) for rule in ordered),
        measures=tuple(_measures(catalogue.measures.measures, result, everyone)),
    )


def read_tag_distribution(tenant_id: str, tag_id: str, services: InsightServices) -> TagDistributionView:
    """One tag by group and by day. Raises NotFound ``no_counts`` and ``no_such_tag``."""
    result = _result(tenant_id, None, services)
    rule = services.catalogue(tenant_id).rules.get(tag_id)
    if rule is None:
        raise NotFound("no_such_tag", "The catalogue has no tag of that id.", "tag_id")
    everyone = _everyone(result)
    people = everyone.tags.get(tag_id, 0)
    return TagDistributionView(
        id=rule.id,
        name=rule.name,
        day=_day(result.day),
        counted_at=format_moment(result.at),
        people=_least(people),
        share=_share(people, everyone.people),
        confidence=_histogram(result, tag_id),
        by={grouping: tuple(_cells(grouping, tag_id, result)) for grouping in GROUPINGS},
        history=tuple(_history(tag_id, result)),
    )


def read_groups(tenant_id: str, services: InsightServices) -> GroupsView:
    """Every group with its tags and why it has them. Raises NotFound ``no_counts``."""
    result = _result(tenant_id, None, services)
    kept = services.counts.load(tenant_id, GROUPS)
    tags = {} if kept is None else decode(kept.content, dict[str, tuple[GroupTag, ...]])
    rules = {rule.id: rule for rule in services.catalogue(tenant_id).group_rules}
    sizes = _sizes(result)
    groups = tuple(
        GroupView(
            grouping=key.partition(":")[0],
            value=key.partition(":")[2],
            members=members,
            part=None if members is None else value_part(result, key),
            growth=None if members is None else value_at("g.growth", key, result),
            tags=tuple(_group_tag(rules[tag.id], tag) for tag in tags.get(key, ()) if tag.id in rules),
        )
        for key, members in sizes.items()
    )
    return GroupsView(_day(result.day), format_moment(result.at), groups)


def value_part(result: Result, key: str) -> float | None:
    """The share that a group has of everybody."""
    return _share(result.counts.groups[key].people, _everyone(result).people)


def _result(tenant_id: str, day: int | None, services: InsightServices) -> Result:
    kept = services.counts.load(tenant_id, LATEST if day is None else day_name(day))
    if kept is None:
        raise NotFound("no_counts", "Nobody has been counted then; people are counted every night.")
    return decode(kept.content, Result, limit_bytes=LIMIT_BYTES)


def _everyone(result: Result) -> GroupCounts:
    return result.counts.groups.get(CROWD) or GroupCounts(0, {}, {})


def _day(day: int) -> str:
    return format_moment(day * DAY_MS)[:10]


def _least(count: int) -> int | None:
    return count if count >= LEAST_SHOWN or not count else None


def _share(count: int, of: int) -> float | None:
    return None if _least(count) is None or not of else round(count / of, 4)


def _tag(rule: TagRule, result: Result, everyone: GroupCounts) -> TagCountView:
    people = everyone.tags[rule.id]
    return TagCountView(
        id=rule.id,
        name=rule.name,
        class_=rule.class_,
        dimension=rule.dimension,
        people=_least(people),
        share=_share(people, everyone.people),
        confidence=_histogram(result, rule.id),
    )


def _histogram(result: Result, tag_id: str) -> tuple[int | None, ...]:
    return _bins(result.counts.confidence.get(tag_id, [0] * CONFIDENCE_BINS))


def _bins(counts: Iterable[int]) -> tuple[int | None, ...]:
    return tuple(shown({str(place): count for place, count in enumerate(counts)}).values())


def _measures(measures: Mapping[str, Measure], result: Result, everyone: GroupCounts) -> Iterator[MeasureSpreadView]:
    for name in sorted(result.counts.measures.keys() & measures.keys()):
        steps = _bins(result.counts.measures[name])
        count, _ = everyone.measures.get(name, (0, 0))
        yield MeasureSpreadView(
            id=name,
            name=measures[name].names,
            per_person=None if None in steps else round(count / max(everyone.people, 1), 4),
            steps=tuple(StepView(start, people) for start, people in zip(BIN_STARTS, steps, strict=True)),
        )


def _sizes(result: Result) -> dict[str, int | None]:
    """Group → its people, as far as they may be shown."""
    found: dict[str, int | None] = {CROWD: _least(_everyone(result).people)}
    for grouping in GROUPINGS:
        prefix = key_of(grouping, "")
        cells = {key: group.people for key, group in sorted(result.counts.groups.items()) if key.startswith(prefix)}
        found |= shown(cells)
    return found


def _cells(grouping: str, tag_id: str, result: Result) -> Iterator[CellView]:
    sizes = _sizes(result)
    prefix = key_of(grouping, "")
    groups = {key: group for key, group in sorted(result.counts.groups.items()) if key.startswith(prefix)}
    having = {key: group.tags.get(tag_id, 0) for key, group in groups.items()}
    # That all but one have it tells of that one.
    tagged = shown(having, [key for key, group in groups.items() if _least(group.people - having[key]) is None])
    for key, group in groups.items():
        members, people = sizes[key], tagged[key]
        tells = members is not None and people is not None
        yield CellView(
            value=key.removeprefix(prefix),
            members=members,
            people=people if members is not None else None,
            share=round(group.tags.get(tag_id, 0) / group.people, 4) if tells else None,
            lift=value_at(f"g.lift.{tag_id}", key, result) if tells else None,
        )


def _history(tag_id: str, result: Result) -> Iterator[DayView]:
    sizes = dict(result.sizes.get(CROWD, []))
    for day, people in result.tagged.get(tag_id, []):
        yield DayView(_day(day), _least(people), _share(people, sizes.get(day, 0)))


def _group_tag(rule: TagRule, tag: GroupTag) -> GroupTagView:
    return GroupTagView(
        id=rule.id,
        name=rule.name,
        class_=rule.class_,
        dimension=rule.dimension,
        confidence=tag.confidence,
        since=format_moment(tag.since),
        signals=tuple(GroupSignalView(one.id, one.says, one.weight, one.true, one.values) for one in tag.signals),
    )
