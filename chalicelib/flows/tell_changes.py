"""Tags set and cleared, as the bus is told: each with the instant at which it became true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chalicelib.flows.services import Change
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.model import Profile
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import Changes
from chalicelib.tags.judging import open_to
from chalicelib.tags.model import Tag

if TYPE_CHECKING:
    # Whoever reads a profile needs to know of segments only, and waits for no timer.
    from chalicelib.tags.timers import Turn

_OPENING = ("tag.set", "segment.entered")

type About = dict[str, object]
"""Tenant, profile and version, which every change names."""

SEGMENT_CLASS = "customer_group"
"""Tags of this class are the segments that rules make: to have one is to be a member."""


def is_segment(tag: Tag) -> bool:
    """Whether to have this tag is to be a member of a segment."""
    return tag.class_ == SEGMENT_CLASS


def tag_changes(changed: Changes, about: About, at: Millis) -> Iterator[Change]:
    """What an instant set and cleared. Nobody is told of what may be used for nothing."""
    moment = format_moment(at) if changed.set or changed.cleared else ""
    for one in changed.set:
        if not one.purposes:
            continue
        of = {**about, "at": moment, "purposes": list(one.purposes)}
        yield Change("tag.set", {**of, "tag": one.id, "confidence": one.confidence})
        if is_segment(one):
            yield Change("segment.entered", {**of, "segment": one.id})
    for one in changed.cleared:
        if not one.purposes:
            continue
        of = {**about, "at": moment, "purposes": list(one.purposes)}
        yield Change("tag.cleared", {**of, "tag": one.id})
        if is_segment(one):
            yield Change("segment.left", {**of, "segment": one.id})


def still_open(told: Iterable[Change], profile: Profile, catalogue: Catalogue) -> Iterator[Change]:
    """What may still be told of somebody who has spoken since: nothing is set for a purpose that is closed by now."""
    purposes = open_to(profile, catalogue)
    for one in told:
        if one.type not in _OPENING:
            yield one
        elif left := [purpose for purpose in one.detail["purposes"] if purpose in purposes]:
            yield Change(one.type, {**one.detail, "purposes": left})


def turns_of(row: ProfileRow, turns: Iterable[Turn]) -> Iterator[Change]:
    """What time alone set and cleared of a profile as it was stored, in order."""
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    for turn in turns:
        yield from tag_changes(turn.changes, about, turn.at)
