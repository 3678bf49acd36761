"""Tells of the tags that time alone has set or cleared, as people fall due, and says when each is due next.

What changed is told first, each change with its own instant, and the next one noted after: whoever is killed between
the two tells it again a minute later. The note holds only if nobody saved the profile meanwhile; who did has told of
the same, and has said himself when it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import turns_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Body
from chalicelib.store.rows import DUE_SHARDS, Due, ProfileRow, ProfileStore, TimerStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import Failure
from chalicelib.tags.timers import next_change, walk

_RESERVE_SECONDS = 8.0
"""With less left no page is begun: six tries of a call, and what is counted."""
_LEAST_WAIT_SECONDS = 1.0
"""The index follows a moment later; nobody asks it over and over."""


class TimerServices(msgspec.Struct, frozen=True):
    """What looking after timers needs: no key at all."""

    profiles: ProfileStore
    timers: TimerStore
    catalogue: Callable[[str], Catalogue]
    publish: Callable[[Sequence[Change]], None]
    clock: Callable[[], Millis]
    wait: Callable[[float], None]
    seconds_left: Callable[[], float]


class Fired(msgspec.Struct):
    """What became of those who were due. ``lag_ms``: how late the latest was; ``left``: some had to be."""

    people: int = 0
    changes: int = 0
    failed: dict[str, int] = {}
    """Code → how many people could not be looked after; they stay due."""
    failed_rules: dict[str, set[Failure]] = {}
    """Tenant → rules that could not be evaluated."""
    lag_ms: int = 0
    left: bool = False


class _Settled(msgspec.Struct, frozen=True):
    """A person who was due: what to tell, and when they are due next."""

    row: ProfileRow
    changes: tuple[Change, ...]
    due_at: Millis
    failed: tuple[Failure, ...]


def look_after_timers(services: TimerServices, first_shard: int, until: Millis) -> Fired:
    """Fire what is due, and wait for what falls due up to ``until``. Ends early where nothing will, or time runs out."""
    fired = Fired()
    while not fired.left:
        fire_timers(services, first_shard, fired)
        following = _following(services, until)
        if following is None or fired.left:
            break
        services.wait(max(_LEAST_WAIT_SECONDS, (following - services.clock()) / 1000))
    return fired


def fire_timers(services: TimerServices, first_shard: int, fired: Fired) -> None:
    """Fire what is due in every shard, beginning with one, as far as time allows."""
    for shard in range(first_shard, first_shard + DUE_SHARDS):
        for page in services.timers.due(shard % DUE_SHARDS, until=services.clock()):
            if services.seconds_left() < _RESERVE_SECONDS:
                fired.left = True
                return
            try:
                _fire(page, services, fired)
            except ZhiyinError as error:
                _count(fired, error.code, len(page))


def _following(services: TimerServices, until: Millis) -> Millis | None:
    """When the next one falls due, up to an instant. Those that are due already could not be looked after."""
    now = services.clock()
    shards = (services.timers.due(shard, until=until) for shard in range(DUE_SHARDS))
    ahead = (next((one.due_at for page in pages for one in page if one.due_at > now), None) for pages in shards)
    return min((at for at in ahead if at is not None), default=None)


def _fire(page: Sequence[Due], services: TimerServices, fired: Fired) -> None:
    """Tell of a page of people, then settle each. Raises Unavailable where nobody was told."""
    now = services.clock()
    settled = list(_settled(page, services, now, fired))
    services.publish([change for one in settled for change in one.changes])
    for one in settled:
        fired.people += 1
        fired.changes += len(one.changes)
        if one.failed:
            fired.failed_rules.setdefault(one.row.tenant, set()).update(one.failed)
        fired.lag_ms = max(fired.lag_ms, now - one.row.due_at)
        try:
            services.timers.settle(one.row, one.due_at)
        except ZhiyinError as error:
            _count(fired, error.code)


def _settled(page: Sequence[Due], services: TimerServices, now: Millis, fired: Fired) -> Iterator[_Settled]:
    for row in _rows(page, services):
        if not 0 < row.due_at <= now:
            # The index follows a moment later: somebody has looked after it.
            continue
        try:
            yield _looked_after(row, services.catalogue(row.tenant), now)
        except (ZhiyinError, msgspec.MsgspecError) as error:
            _count(fired, getattr(error, "code", "bad_body"))
            fired.lag_ms = max(fired.lag_ms, now - row.due_at)


def _rows(page: Sequence[Due], services: TimerServices) -> Iterator[ProfileRow]:
    of_tenant: dict[str, list[str]] = {}
    for one in page:
        of_tenant.setdefault(one.tenant, []).append(one.profile_id)
    for tenant, ids in of_tenant.items():
        yield from services.profiles.load(tenant, ids, fresh=True).values()


def _looked_after(row: ProfileRow, catalogue: Catalogue, now: Millis) -> _Settled:
    profile = profile_of(row, decode(row.body, Body))
    # What was true just before it fell due is what was told last.
    walked = walk(catalogue, profile, row.due_at - 1, now)
    following = next_change(catalogue, profile, now, walked.ends_in)
    return _Settled(row, tuple(turns_of(row, walked.turns)), following or 0, walked.ends_in.failed)


def _count(fired: Fired, code: str, people: int = 1) -> None:
    fired.failed[code] = fired.failed.get(code, 0) + people
