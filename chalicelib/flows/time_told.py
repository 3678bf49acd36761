"""What time alone had changed of a stored profile when somebody saves it anew, and what the job of timers may have told."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import turns_of
from chalicelib.kernel.moments import MINUTE_MS, Millis
from chalicelib.profiles.model import Body, Profile
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import Changes
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Tag
from chalicelib.tags.timers import Walk, walk

RUNS_AHEAD_MS = 3 * MINUTE_MS
"""A save holds as of the moment it began. Until it is made, the job may tell what came later, of the profile as it was.

More than any function that saves may take, and than clocks differ.
"""


class Past(msgspec.Struct, frozen=True):
    """What nobody had told yet (``walked``: how it was found), and the tags of which the job may tell just now."""

    changes: tuple[Change, ...] = ()
    walked: Walk | None = None
    unsure: Mapping[str, Tag] = {}


_NOTHING = Past()


def past_of(row: ProfileRow | None, body: Body, now: Millis, catalogue: Catalogue) -> Past:
    """The past of a stored profile that is due, or about to be."""
    if row is None or not 0 < row.due_at <= now + RUNS_AHEAD_MS:
        return _NOTHING
    profile = profile_of(row, body)
    walked = walk(catalogue, profile, row.due_at - 1, now) if row.due_at <= now else None
    ahead = walk(catalogue, profile, max(row.due_at - 1, now), now + RUNS_AHEAD_MS)
    turned = [tag for turn in ahead.turns for tag in (*turn.changes.set, *turn.changes.cleared)]
    told = () if walked is None else tuple(turns_of(row, walked.turns))
    return Past(told, walked, {tag.id: tag for tag in turned})


def confirmed(changed: Changes, past: Past, catalogue: Catalogue, grown: Profile, now: Millis) -> Changes:
    """What a save changes, and how each tag stands of which the job may have told otherwise: the later version holds."""
    if not past.unsure:
        return changed
    found = assess(catalogue, grown, now, among=past.unsure.keys())
    stand, unknown = {tag.id: tag for tag in found.tags}, {failure.tag_id for failure in found.failed}
    unsure = sorted(past.unsure.keys() - unknown)
    # Those that stand are told with all their purposes: which of them were told last is not known.
    cleared = {tag.id for tag in changed.cleared}
    return Changes(
        set=(
            *(tag for tag in changed.set if tag.id not in unsure),
            *(stand[one] for one in unsure if one in stand),
        ),
        cleared=(
            *changed.cleared,
            *(past.unsure[one] for one in unsure if one not in stand and one not in cleared),
        ),
    )
