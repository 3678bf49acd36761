"""Says anew when people are due, because the rules have changed: a published rule may turn sooner than all before it."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Body, Profile
from chalicelib.store.rows import ProfileRow, ProfileStore, TimerStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.timers import next_change

_ATTEMPTS = 5

type Retime = Callable[[ProfileRow, Profile, Catalogue, Millis], None]


def retiming(profiles: ProfileStore, timers: TimerStore) -> Retime:
    """What says when a person is due by a catalogue, whoever saves the person meanwhile. May raise Unavailable."""

    def retime(row: ProfileRow, profile: Profile, catalogue: Catalogue, now: Millis) -> None:
        for _ in range(_ATTEMPTS):
            if retimed(row, profile, catalogue, now, timers):
                return
            found = profiles.load(row.tenant, [row.profile_id], fresh=True).get(row.profile_id)
            if found is None or not found.body:
                return
            row, profile = found, profile_of(found, decode(found.body, Body))

    return retime


def retimed(row: ProfileRow, profile: Profile, catalogue: Catalogue, now: Millis, timers: TimerStore) -> bool:
    """Whether it could be noted when a person is due: not where others have saved it meanwhile.

    Who is due already stays due: what time has changed of them is still to be told.
    """
    if 0 < row.due_at <= now:
        return True
    due_at = next_change(catalogue, profile, now) or 0
    return due_at == row.due_at or timers.settle(row, due_at)
