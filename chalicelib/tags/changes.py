"""What a change of a profile set and cleared, for those who listen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from chalicelib.tags.model import Assessment, Tag


class Changes(msgspec.Struct, frozen=True):
    """Tags newly set, and tags as they were before they were cleared; both sorted by id.

    Each has the purposes for which it was set or cleared: a tag may be cleared for marketing and stay for service.
    """

    set: tuple[Tag, ...]
    cleared: tuple[Tag, ...]


def changes(before: Assessment, after: Assessment) -> Changes:
    """Compare two assessments of one person made at one moment by one catalogue with one ``only``.

    A rule that failed on either side says nothing: its tag was neither set nor cleared. A new
    confidence alone is no change.
    """
    unknown = {failure.tag_id for failure in (*before.failed, *after.failed)}
    return Changes(
        set=tuple(_beyond(before.tags, after.tags, unknown)), cleared=tuple(_beyond(after.tags, before.tags, unknown))
    )


def _beyond(known: Iterable[Tag], tags: Iterable[Tag], unknown: set[str]) -> Iterator[Tag]:
    """The tags that are not among the known, and what those that are may be used for beyond them."""
    held = {tag.id: tag.purposes for tag in known}
    for tag in tags:
        purposes = held.get(tag.id, ())
        if tag.id in unknown or purposes == tag.purposes:
            continue
        more = tuple(one for one in tag.purposes if one not in purposes)
        if more:
            yield tag if more == tag.purposes else msgspec.structs.replace(tag, purposes=more)
