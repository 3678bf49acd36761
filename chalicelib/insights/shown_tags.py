"""The tags of groups as profiles show them: a small value per tenant, made once a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from chalicelib.insights.groupings import CROWD, groups_of, key_of
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.model import Profile
from chalicelib.tags.model import Tag, TagRule

if TYPE_CHECKING:
    from chalicelib.insights.groups import GroupTag

STANDS_MS = 3 * DAY_MS
"""How long the tags of groups stand without a new count: they speak of a group as it is."""
SOURCE = "group"


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """What a profile shows of a group's tag."""

    name: Text
    class_: str
    dimension: str
    phrase: Text


class GroupTags(msgspec.Struct, frozen=True, array_like=True):
    """Group → id, confidence and since of each of its tags. ``at``: when the people were counted."""

    at: Millis = 0
    rules: dict[str, Shown] = {}
    groups: dict[str, tuple[tuple[str, float, Millis], ...]] = {}


NOTHING = GroupTags()


def shown_of(rules: Iterable[TagRule], tags: Mapping[str, Iterable[GroupTag]], at: Millis) -> GroupTags:
    """What is kept of a day's group tags for profiles to show."""
    groups = {key: tuple((tag.id, tag.confidence, tag.since) for tag in set_) for key, set_ in tags.items()}
    used = {tag_id for set_ in groups.values() for tag_id, _, _ in set_}
    told = {
        rule.id: Shown(rule.name, rule.class_, rule.dimension, rule.phrase or rule.name)
        for rule in rules
        if rule.id in used
    }
    return GroupTags(at, told, groups)


def tags_from_groups(group_tags: GroupTags, profile: Profile, tags: Iterable[Tag], now: Millis) -> tuple[Tag, ...]:
    """The tags that a person has because of the groups they belong to; of several groups the surest speaks.

    Of a moment before the groups were counted nothing is said, and nothing once they have stood too long,
    and nothing of somebody who is not profiled.
    """
    if not profile.is_profiled or not group_tags.at <= now < group_tags.at + STANDS_MS:
        return ()
    best: dict[str, Tag] = {}
    for tag in _of_groups(group_tags, groups_of(profile, {tag.id for tag in tags})):
        kept = best.get(tag.id)
        if kept is None or (tag.confidence, -tag.since) > (kept.confidence, -kept.since):
            best[tag.id] = tag
    return tuple(best[tag_id] for tag_id in sorted(best))


def _of_groups(group_tags: GroupTags, groups: Mapping[str, str]) -> Iterator[Tag]:
    for key in (CROWD, *(key_of(*one) for one in groups.items())):
        for tag_id, confidence, since in group_tags.groups.get(key, ()):
            rule = group_tags.rules[tag_id]
            yield Tag(
                id=tag_id,
                name=rule.name,
                class_=rule.class_,
                dimension=rule.dimension,
                value=True,
                confidence=confidence,
                since=since,
                expires_at=group_tags.at + STANDS_MS,
                source=SOURCE,
                phrase=rule.phrase,
            )
