"""What a published version has changed for somebody, for the bus: at least once, and the same when it is repeated.

Consumers go by ``version`` and then ``catalogue_version`` of each tag: a later one wins, an equal one is a repeat.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.flows.catalogue_job import Job
from chalicelib.flows.compare_people import Assessed, Sides
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import About, tag_changes
from chalicelib.kernel.moments import Millis
from chalicelib.tags.changes import Changes, changes
from chalicelib.tags.engine import assess
from chalicelib.tags.judging import permitted
from chalicelib.tags.model import Assessment, Tag, tag_of

_SKEW_MS = 60_000
"""Clocks of functions differ by less."""


def changes_applied(one: Assessed, job: Job, sides: Sides, now: Millis) -> Iterator[Change]:
    """What to publish of one person."""
    about: About = {
        "tenant": job.tenant_id,
        "profile_id": one.row.profile_id,
        "version": one.row.version,
        "catalogue_version": job.version,
    }
    return tag_changes(_since(one, job, sides), about, now)


def _since(one: Assessed, job: Job, sides: Sides) -> Changes:
    if one.row.updated_at < job.at - _SKEW_MS:
        return _told(assess(sides.old.catalogue, one.profile, job.at, among=sides.tags), one)
    # Saved while some functions went by the old rules and some by the new: what was told of that save is not known
    # here, so all is told as it is.
    unknown = {failure.tag_id for failure in one.new.failed}
    kept = {tag.id for tag in one.new.tags} | unknown
    lost = {tag.id: tag for tag in one.old.tags if tag.id not in kept}
    never = (permitted(tag, one.profile, sides.new.catalogue) for tag in _never(sides, kept | lost.keys()))
    return Changes(one.new.tags, (*lost.values(), *never))


def _told(published: Assessment, one: Assessed) -> Changes:
    """What to tell of somebody whom nobody saved. What time alone set or cleared since the publish may have been told by
    the old rules, by the new ones, or not at all: it is told as it is.
    """
    then, now = {tag.id for tag in published.tags}, {tag.id for tag in one.old.tags}
    sure = Assessment(tuple(tag for tag in one.old.tags if tag.id in then), one.old.failed)
    perhaps = one.old.tags + tuple(tag for tag in published.tags if tag.id not in now)
    cleared = changes(Assessment(perhaps, one.old.failed), one.new).cleared
    return Changes(changes(sure, one.new).set, cleared)


def _never(sides: Sides, known: set[str]) -> tuple[Tag, ...]:
    """The tags that somebody has under neither, in the shape of those cleared."""
    rules = {one: sides.old.catalogue.rules.get(one) or sides.new.catalogue.rules.get(one) for one in sides.tags}
    return tuple(
        tag_of(rule, confidence=0.0, since=0, value=False)
        for one, rule in sorted(rules.items())
        if rule is not None and one not in known
    )
