"""Tells of the tags that time alone has set or cleared, as people fall due, and says when each is due next.

What changed is told first, each change with its own instant, and the next one noted after: whoever is killed between
the two tells it again a minute later. The note holds only if nobody saved the profile meanwhile; who did has told of
the same, and has said himself when it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from chalicelib.flows.outreach import OutreachOf, no_outreach
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import turns_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Body
from chalicelib.store import rows
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
    outreach: OutreachOf = no_outreach


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
            yield from _with_risks(_looked_after(row, services.catalogue(row.tenant), now), services, now)
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


def _with_risks(one: _Settled, services: TimerServices, now: Millis) -> Iterator[_Settled]:
    """The same, with the risks that time alone let be seen: kept first, so that no cap is exceeded, then told.

    Nobody, where somebody else saved the person meanwhile: who did looks at all of it.
    """
    outreach = services.outreach(one.row.tenant)
    if outreach is None:
        yield one
        return
    from chalicelib.flows.raise_risks import ledger_of, raise_risks, raised_changes

    row = one.row
    made = msgspec.structs.replace(row, version=row.version + 1, updated_at=max(now, row.updated_at))
    profile = profile_of(row, decode(row.body, Body))
    found = raise_risks(made, [row], profile, None, outreach, services.catalogue(row.tenant))
    # What was raised since it fell due was raised here: whoever was killed before telling tells it now.
    again = raised_changes(row, (risk for risk in ledger_of(row) if risk.at >= row.due_at), outreach)
    told = (*one.changes, *again, *found.changes)
    if not found.records:
        yield msgspec.structs.replace(one, changes=told)
    elif services.profiles.save(_raising(found.row, row.version, found.records)).saved:
        yield msgspec.structs.replace(one, row=found.row, changes=told)


def _raising(row: ProfileRow, replaces: int, records: Iterable[rows.Record]) -> rows.Change:
    return rows.Change(row.tenant, profiles=((row, replaces),), records=tuple(records))


def _count(fired: Fired, code: str, people: int = 1) -> None:
    fired.failed[code] = fired.failed.get(code, 0) + people
