"""What a change of a profile set and cleared, for those who listen."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chalicelib.tags.model import Assessment, Tag


class Changes(msgspec.Struct, frozen=True):
    """Tags newly set, and tags as they were before they were cleared; both sorted by id."""

    set: tuple[Tag, ...]
    cleared: tuple[Tag, ...]


def changes(before: Assessment, after: Assessment) -> Changes:
    """Compare two assessments of one person made at one moment by one catalogue with one ``only``.

    A rule that failed on either side says nothing: its tag was neither set nor cleared. A new
    confidence alone is no change.
    """
    unknown = {failure.tag_id for failure in (*before.failed, *after.failed)}
    return Changes(
        set=_not_among(before.tags, after.tags, unknown), cleared=_not_among(after.tags, before.tags, unknown)
    )


def _not_among(known: Iterable[Tag], tags: Iterable[Tag], unknown: set[str]) -> tuple[Tag, ...]:
    ids = {tag.id for tag in known} | unknown
    return tuple(tag for tag in tags if tag.id not in ids)
