"""What the models in force say of a person: made anew by whoever saves the person, and by the job that follows a run.

Pure. What is kept beside a profile is a cache of this, and of since when somebody is in a segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.flows.describe_judged import segment_id
from chalicelib.flows.models import Models
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import About
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.measures import MeasureSet
from chalicelib.profiles.model import Profile
from chalicelib.segments.assign import placed
from chalicelib.segments.features import raw_vector
from chalicelib.segments.model import CUSTOMERS, Judged, Membership
from chalicelib.segments.score import score
from chalicelib.segments.segmentation import Segmentations
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.judging import open_to

LISTED = CUSTOMERS
"""The segmentation whose members are listed: an index of its own leads to them."""


def judged(profile: Profile, models: Models, before: Judged | None, now: Millis, measures: MeasureSet) -> Judged | None:
    """What the models say of a person at an instant; None of who is not judged, or where no model is in force.

    Who stays in a segment is in it since when they were found in it first.
    """
    if not models or not profile.is_profiled:
        return None
    raw = raw_vector(profile, now, measures)
    was = before.segments if before is not None else {}
    segments: dict[str, Membership] = {}
    for spec in models.segmentations.values():
        model = models.segments.get(spec.id)
        found = placed(spec, model, raw, was[spec.id].segment if spec.id in was else "")
        if found is not None:
            version = spec.version if model is None else model.version
            segments[spec.id] = _member(found.segment, version, was.get(spec.id), now)
    return Judged(now, segments, {id_: score(model, raw) for id_, model in models.scores.items()})


def _member(segment: str, version: int, was: Membership | None, now: Millis) -> Membership:
    return Membership(segment, was.since if was is not None and was.segment == segment else now, version)


def judgement(coded: bytes) -> Judged | None:
    """What is kept of a judgement."""
    return decode(coded, Judged) if coded else None


def with_judged(row: ProfileRow, found: Judged | None) -> ProfileRow:
    """The row with what the models say."""
    member = found.segments.get(LISTED) if found is not None else None
    return msgspec.structs.replace(
        row,
        judged=b"" if found is None else encode(found),
        segment="" if member is None else segment_id(LISTED, member.segment),
    )


def moves(
    before: Judged | None,
    after: Judged | None,
    profile: Profile,
    catalogue: Catalogue,
    about: About,
    at: Millis,
    declared: Segmentations,
    past: Profile | None = None,
) -> Iterator[Change]:
    """Who left which segment and entered which, for the bus, each for the segmentation's own purposes that are open.

    ``past`` is the person as they were, where they may have said something since: who stays in a segment leaves it for
    a purpose that they closed and enters it for one that they opened, as a tag is cleared and set. Whoever was not told
    that somebody entered is not told that they left.
    """
    was, is_ = (one.segments if one is not None else {} for one in (before, after))
    is_open = open_to(profile, catalogue)
    was_open = is_open if past is None else open_to(past, catalogue)
    if was_open == is_open and {id_: one.segment for id_, one in was.items()} == {
        id_: one.segment for id_, one in is_.items()
    }:
        return
    for id_ in sorted(was.keys() | is_.keys()):
        old, new, own = was.get(id_), is_.get(id_), declared[id_].purposes if id_ in declared else ()
        left = [one for one in own if old is not None and one in was_open]
        entered = [one for one in own if new is not None and one in is_open]
        if old is not None and new is not None and old.segment == new.segment:
            left, entered = [one for one in left if one not in entered], [one for one in entered if one not in left]
        if old is not None and left:
            yield _moved("segment.left", id_, old, left, about, at)
        if new is not None and entered:
            yield _moved("segment.entered", id_, new, entered, about, at)


def _moved(kind: str, id_: str, one: Membership, purposes: Sequence[str], about: About, at: Millis) -> Change:
    told = {"segmentation": id_, "segment": one.segment, "model_version": one.model_version}
    return Change(kind, {**about, **told, "purposes": list(purposes), "at": format_moment(at)})


def judged_anew(
    row: ProfileRow, past: Profile, profile: Profile, models: Models, catalogue: Catalogue, now: Millis
) -> tuple[ProfileRow, list[Change]]:
    """The row with what the models say of the person now, and what of that is to be told.

    ``past`` is who the person was until now, with what was kept of them.
    """
    if not models and not past.judged:
        return row, []
    was = judgement(past.judged)
    found = judged(profile, models, was, now, catalogue.measures)
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    told = moves(was, found, profile, catalogue, about, now, models.segmentations, past)
    return with_judged(row, found), list(told)
