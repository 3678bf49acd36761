"""Looks after everything at the desk that time changes: offers that time out, those who have waited for the next step,
the end of wrapping-up, leases that ran out, and what somebody who was killed left undone.

All of it stands in an index by when it is due. What is found there is read again before anything is done, and done on
the condition that it is what was read: runs that overlap are harmless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from chalicelib.desk.model import Conversation
from chalicelib.desk.moves import ended, looked_at, told
from chalicelib.desk.relax import step_at
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.place import look_again, send_back
from chalicelib.flows.rank_agents import agents_for, at_home
from chalicelib.flows.tend_seat import tend
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import MINUTE_MS, Millis
from chalicelib.store.desk import DESK_SHARDS, NEWS, DueAtDesk

EVERY_SECONDS = 1.0
"""How often it looks while a desk is in use."""
AHEAD_MS = 2 * MINUTE_MS
"""A desk of which nothing is due for so long is not in use: the seat of whoever is there is looked at before that."""
SHARE = 200
"""So much of one tenant is looked after at each look: the crowd of one does not stand before the offer of another."""
_COST_OF_FAILING = 40
"""What fails has taken the time of so many that did not: tries, and waits between them."""
_RESTS_MS = 10_000
TELLING_MS = 500
"""So much of each look is for telling news, once all is moved that must be: nobody waits for an agent because of it."""
_RESERVE_SECONDS = 8.0
"""With less left nothing more is begun: six tries of a call, and what is counted."""


class Watch(msgspec.Struct, frozen=True):
    """How a run knows the time, and passes it."""

    clock: Callable[[], Millis]
    wait: Callable[[float], None]
    seconds_left: Callable[[], float]


class Looked(msgspec.Struct):
    """What a run did: how much was due, how many conversations it gave to agents or took back from them, how late the
    latest was, what could not be looked after by code, and how many waited in the end at the desks in use.
    """

    seats: int = 0
    conversations: int = 0
    tickets: int = 0
    moved: int = 0
    waiting: int = 0
    tenants: set[str] = set()
    lag_ms: int = 0
    failed: dict[str, int] = {}
    resting: dict[DueAtDesk, Millis] = {}
    """What failed, until when it is left alone: what fails again and again must not keep the others waiting."""
    left: bool = False


def look_after_desk(desk: DeskServices, watch: Watch, until: Millis) -> Looked:
    """Look about every second up to an instant; leave at once where nothing is due in the next minutes."""
    looked = Looked()
    look_once(desk, watch, looked)
    while not looked.left and watch.clock() + EVERY_SECONDS * 1000 <= until and _in_use(desk, watch.clock(), looked):
        watch.wait(EVERY_SECONDS)
        look_once(desk, watch, looked)
    for tenant in looked.tenants if not looked.left else ():
        try:
            looked.waiting += sum(desk.store.waits(tenant, queue) for queue in desk.policy(tenant).queues)
        except ZhiyinError as error:
            _failed(looked, error)
    return looked


def look_once(desk: DeskServices, watch: Watch, looked: Looked) -> None:
    """Look after all that is due now, as far as time and each tenant's share allow. What fails stays due, and rests."""
    spent: Counter[str] = Counter()
    for one in _due(desk, watch.clock(), looked):
        if watch.seconds_left() < _RESERVE_SECONDS:
            looked.left = True
            return
        if spent[one.tenant] >= SHARE or looked.resting.get(one, 0) > watch.clock():
            continue
        looked.tenants.add(one.tenant)
        spent[one.tenant] += 1
        try:
            _LOOKS[one.kind](one, desk, watch.clock(), looked)
        except (ZhiyinError, msgspec.MsgspecError) as error:
            _failed(looked, error)
            spent[one.tenant] += _COST_OF_FAILING
            looked.resting[one] = watch.clock() + _RESTS_MS
    _tell(desk, watch, looked)


def _tell(desk: DeskServices, watch: Watch, looked: Looked) -> None:
    """Tell what is news, as far as time allows and until something fails: what is left is told at a later look."""
    until = watch.clock() + TELLING_MS
    parts = _pages(desk, NEWS, watch.clock())
    for one in (each for page in iter(partial(_next_page, parts, looked), None) for each in page):
        if watch.clock() > until or watch.seconds_left() < _RESERVE_SECONDS:
            return
        if looked.resting.get(one, 0) > watch.clock():
            continue
        try:
            _news(one, desk, watch.clock())
        except (ZhiyinError, msgspec.MsgspecError) as error:
            _failed(looked, error)
            looked.resting[one] = watch.clock() + _RESTS_MS
            return


def _news(due: DueAtDesk, desk: DeskServices, now: Millis) -> None:
    one = desk.store.conversation(due.tenant, due.id)
    if one is not None and one.news:
        desk.tell(due.tenant, one, now)
        # Who was killed before this line, or was overtaken at it, tells it again: it counts once.
        desk.store.change(due.tenant, one, told(one))


def _due(desk: DeskServices, now: Millis, looked: Looked) -> Iterator[DueAtDesk]:
    """What is due, a page of each part of the index in turn, beginning with another one each second: none comes last
    for ever where time is short.
    """
    first = now // 1000 % DESK_SHARDS
    parts = [_pages(desk, (first + at) % DESK_SHARDS, now) for at in range(DESK_SHARDS)]
    while parts:
        for part in tuple(parts):
            page = _next_page(part, looked)
            if page is None:
                parts.remove(part)
            else:
                yield from page


def _pages(desk: DeskServices, part: int, until: Millis) -> Iterator[Sequence[DueAtDesk]]:
    """Nothing is asked before the first page is."""
    yield from desk.store.due(part, until=until)


def _next_page(part: Iterator[Sequence[DueAtDesk]], looked: Looked) -> Sequence[DueAtDesk] | None:
    try:
        return next(part, None)
    except ZhiyinError as error:
        # The index did not answer: other parts may, and this one a second later. A minute unwatched is too long.
        _failed(looked, error)
        return None


def _failed(looked: Looked, error: Exception) -> None:
    code = error.code if isinstance(error, ZhiyinError) else "bad_content"
    looked.failed[code] = looked.failed.get(code, 0) + 1


def _in_use(desk: DeskServices, now: Millis, looked: Looked) -> bool:
    try:
        pages = [next(iter(desk.store.due(shard, until=now + AHEAD_MS)), ()) for shard in range(DESK_SHARDS)]
    except ZhiyinError as error:
        # Nobody knows that it is not in use.
        _failed(looked, error)
        return True
    ahead = {one.tenant for page in pages for one in page}
    looked.tenants |= ahead
    return bool(ahead)


def _seat(due: DueAtDesk, desk: DeskServices, now: Millis, looked: Looked) -> None:
    seat = desk.store.seats(due.tenant, [due.id]).get(due.id)
    # The index follows a moment later: somebody may have acted upon it.
    if seat is None or not 0 < seat.due_at <= now:
        return
    looked.seats += 1
    _late(looked, now - seat.due_at)
    looked.moved += tend(due.tenant, due.id, desk, now)


def _conversation(due: DueAtDesk, desk: DeskServices, now: Millis, looked: Looked) -> None:
    one = desk.store.conversation(due.tenant, due.id)
    if one is None or not 0 < one.due_at <= now or one.state not in _DUE:
        return
    looked.conversations += 1
    _late(looked, now - one.due_at)
    looked.moved += _DUE[one.state](due.tenant, one, desk, now)


def _ticket(due: DueAtDesk, desk: DeskServices, now: Millis, looked: Looked) -> None:
    looked.tickets += 1
    _late(looked, now - due.due_at)
    desk.look_at_ticket(due, now)


def _timed_out(tenant: str, one: Conversation, desk: DeskServices, now: Millis) -> int:
    """An agent who does not answer has declined."""
    if not send_back(tenant, one, desk, now, declined=True):
        return 0
    return 1 + tend(tenant, one.agent_id, desk, now)


def _wrapped_up(tenant: str, one: Conversation, desk: DeskServices, now: Millis) -> int:
    if not desk.store.change(tenant, one, ended(one, "released", now)):
        return 0
    return tend(tenant, one.agent_id, desk, now)


def _waited(tenant: str, one: Conversation, desk: DeskServices, now: Millis) -> int:
    """The next step is reached: more may answer, or nobody can and the person is called back."""
    policy = desk.policy(tenant)
    now_in = at_home(one, policy)
    rules, need = policy.rules_of(now_in.need.queue), now_in.need
    if step_at(one.relaxes_from, rules, now) != "callback":
        fresh = looked_at(now_in, rules, now)
        if desk.store.wait(tenant, one, fresh):
            agents = {each.agent_id: each for each in agents_for(tenant, need.queue, need.skill, desk)}
            return look_again(tenant, fresh, agents, desk, now)
        return 0
    # Told before it is ended: who is killed between the two tells it again, and nobody is forgotten.
    desk.call_back(tenant, one, now)
    return int(desk.store.change(tenant, one, ended(one, "callback", now)))


def _late(looked: Looked, lag_ms: Millis) -> None:
    looked.lag_ms = max(looked.lag_ms, lag_ms)


_LOOKS: dict[str, Callable[[DueAtDesk, DeskServices, Millis, Looked], None]] = {
    "seat": _seat,
    "conversation": _conversation,
    "ticket": _ticket,
}
_DUE: dict[str, Callable[[str, Conversation, DeskServices, Millis], int]] = {
    "reserved": _timed_out,
    "wrapping": _wrapped_up,
    "waiting": _waited,
}
