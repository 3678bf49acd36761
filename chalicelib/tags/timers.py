"""Tags that are set or cleared by time alone: which next, and which did, each with the exact instant.

``assess`` is the only judge; the timetable says at which instants it is worth asking. Between two of them nothing
can turn but what decays, and of that the assessment itself says when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import Changes, changes
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Assessment, Tag
from chalicelib.tags.timetable import next_possible

MOST_EXAMINED = 60
"""Instants that are looked at for the next change before the last of them is settled for, to go on from there."""
MOST_WALKED = 600
"""Instants that a walk looks at before it goes to its end in one step: somebody was left alone for very long."""


class Turn(msgspec.Struct, frozen=True):
    """What became true of a person at an instant because time passed."""

    at: Millis
    changes: Changes


class Walk(msgspec.Struct, frozen=True):
    """The turns of a stretch of time, in order, and the assessment at its end."""

    turns: tuple[Turn, ...]
    ends_in: Assessment


def earliest(
    catalogue: Catalogue,
    profile: Profile,
    assessed: Iterable[Assessment],
    after: Millis,
    only: frozenset[str] | None = None,
    waits: Millis = 0,
) -> Millis | None:
    """The first instant after ``after`` at which anything may turn of what was assessed and of the rules that read ``only``.

    Never later than the next change; it may be an instant at which nothing changes. Evaluates no rule. Where somebody
    is due at ``waits`` anyway (0: is not), nothing later is looked for: most saves then look at very little.
    """
    if not profile.is_profiled:
        # Nobody judges them, so nothing turns; whoever lets them be judged again looks at all their rules.
        return None
    at = waits or None
    for end in (end for one in assessed for end in _ends(one)):
        if end > after and (at is None or end < at):
            at = end
    return next_possible(catalogue, profile, after, only, at) or at


def next_change(
    catalogue: Catalogue, profile: Profile, after: Millis, state: Assessment | None = None
) -> Millis | None:
    """When the first tag after ``after`` is set or cleared if nothing happens; None: never.

    Where more than ``MOST_EXAMINED`` instants would have to be looked at, the last one that was: earlier, never later.
    ``state``: the assessment at ``after``, where it is known.
    """
    state = state or assess(catalogue, profile, after)
    at = after
    for _ in range(MOST_EXAMINED):
        following = earliest(catalogue, profile, [state], at)
        if following is None:
            return None
        at, found = following, assess(catalogue, profile, following)
        changed = changes(state, found)
        if changed.set or changed.cleared:
            return at
        state = _as_known(state, found)
    return at


def walk(catalogue: Catalogue, profile: Profile, since: Millis, until: Millis) -> Walk:
    """What time alone sets and clears after ``since`` and up to ``until``."""
    state, turns = assess(catalogue, profile, since), list[Turn]()
    for at, found in _examined(catalogue, profile, state, since, until):
        changed = changes(state, found)
        if changed.set or changed.cleared:
            turns.append(Turn(at, changed))
        state = _as_known(state, found)
    return Walk(tuple(turns), state)


def _examined(
    catalogue: Catalogue, profile: Profile, state: Assessment, since: Millis, until: Millis
) -> Iterator[tuple[Millis, Assessment]]:
    at = since
    for _ in range(MOST_WALKED):
        following = earliest(catalogue, profile, [state], at)
        if following is None or following > until:
            return
        at, state = following, assess(catalogue, profile, following)
        yield at, state
    yield until, assess(catalogue, profile, until)


def _ends(assessed: Assessment) -> Iterator[Millis]:
    yield from assessed.ends
    yield from (tag.expires_at for tag in assessed.tags if tag.expires_at is not None)


def _as_known(before: Assessment, after: Assessment) -> Assessment:
    """The later assessment; of a rule that failed in it, what was known before."""
    if not after.failed:
        return after
    failed = {one.tag_id for one in after.failed}
    kept: Sequence[Tag] = [tag for tag in before.tags if tag.id in failed]
    return Assessment((*after.tags, *kept), (), after.ends) if kept else after
