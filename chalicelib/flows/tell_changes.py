"""Tags set and cleared, as the bus is told: each with the instant at which it became true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chalicelib.flows.services import Change
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.changes import Changes
from chalicelib.tags.model import Tag

if TYPE_CHECKING:
    # Whoever reads a profile needs to know of segments only, and waits for no timer.
    from chalicelib.tags.timers import Turn

type About = dict[str, object]
"""Tenant, profile and version, which every change names."""

SEGMENT_CLASS = "customer_group"
"""Tags of this class are the segments that rules make: to have one is to be a member."""


def is_segment(tag: Tag) -> bool:
    """Whether to have this tag is to be a member of a segment."""
    return tag.class_ == SEGMENT_CLASS


def tag_changes(changed: Changes, about: About, at: Millis) -> Iterator[Change]:
    """What an instant set and cleared."""
    moment = format_moment(at) if changed.set or changed.cleared else ""
    for one in changed.set:
        yield Change("tag.set", {**about, "tag": one.id, "confidence": one.confidence, "at": moment})
        if is_segment(one):
            yield Change("segment.entered", {**about, "segment": one.id, "at": moment})
    for one in changed.cleared:
        yield Change("tag.cleared", {**about, "tag": one.id, "at": moment})
        if is_segment(one):
            yield Change("segment.left", {**about, "segment": one.id, "at": moment})


def turns_of(row: ProfileRow, turns: Iterable[Turn]) -> Iterator[Change]:
    """What time alone set and cleared of a profile as it was stored, in order."""
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    for turn in turns:
        yield from tag_changes(turn.changes, about, turn.at)
