"""Looks after everything at the desk that time changes: offers that time out, those who have waited for the next step,
the end of wrapping-up, leases that ran out, what somebody who was killed left undone, and news that profiles are to learn.

All of it stands in an index by when it is due. What is found there is read again before anything is done, and done on
the condition that it is what was read: runs that overlap are harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from chalicelib.desk.model import Conversation
from chalicelib.desk.moves import ended, looked_at, told
from chalicelib.desk.relax import step_at
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.place import look_again, send_back
from chalicelib.flows.rank_agents import agents_for
from chalicelib.flows.tend_seat import tend
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import MINUTE_MS, Millis
from chalicelib.store.desk import DESK_SHARDS, DueAtDesk

EVERY_SECONDS = 1.0
"""How often it looks while a desk is in use."""
AHEAD_MS = 2 * MINUTE_MS
"""A desk of which nothing is due for so long is not in use: whoever is there has a lease that ends before that."""
_RESERVE_SECONDS = 8.0
"""With less left nothing more is begun: six tries of a call, and what is counted."""
TELLING_MS = 500
"""So much of each look is for telling news, once all is moved that must be: nobody waits for an agent because of it."""


class Watch(msgspec.Struct, frozen=True):
    """How a run knows the time, and passes it."""

    clock: Callable[[], Millis]
    wait: Callable[[float], None]
    seconds_left: Callable[[], float]


class Looked(msgspec.Struct):
    """What a run did: how much was due, how many conversations it gave to agents or took back from them, how late the
    latest was, what could not be looked after by code, and how many waited in the end at the desks in use. ``untold``: conversations with news,
    which are told last.
    """

    seats: int = 0
    conversations: int = 0
    tickets: int = 0
    moved: int = 0
    waiting: int = 0
    tenants: set[str] = set()
    untold: list[DueAtDesk] = []
    lag_ms: int = 0
    failed: dict[str, int] = {}
    left: bool = False


def look_after_desk(desk: DeskServices, watch: Watch, until: Millis) -> Looked:
    """Look about every second up to an instant; leave at once where nothing is due in the next minutes."""
    looked = Looked()
    look_once(desk, watch, looked)
    while not looked.left and watch.clock() + EVERY_SECONDS * 1000 <= until and _in_use(desk, watch.clock(), looked):
        watch.wait(EVERY_SECONDS)
        look_once(desk, watch, looked)
    for tenant in looked.tenants if not looked.left else ():
        looked.waiting += sum(desk.store.waits(tenant, queue) for queue in desk.policy(tenant).queues)
    return looked


def look_once(desk: DeskServices, watch: Watch, looked: Looked) -> None:
    """Look after all that is due now, as far as time allows. What fails stays due."""
    for shard in range(DESK_SHARDS):
        for page in desk.store.due(shard, until=watch.clock()):
            for one in page:
                if watch.seconds_left() < _RESERVE_SECONDS:
                    looked.left = True
                    return
                looked.tenants.add(one.tenant)
                _try(partial(_LOOKS[one.kind], one, desk, watch.clock(), looked), looked)
    _tell(desk, watch, looked)


def _tell(desk: DeskServices, watch: Watch, looked: Looked) -> None:
    """Tell what news was found, as far as time allows: what is left is found again at the next look."""
    untold, looked.untold = looked.untold, []
    until = watch.clock() + TELLING_MS
    for one in untold:
        if watch.clock() > until or watch.seconds_left() < _RESERVE_SECONDS:
            return
        _try(partial(_news, one, desk, watch.clock()), looked)


def _try(look: Callable[[], None], looked: Looked) -> None:
    try:
        look()
    except ZhiyinError as error:
        looked.failed[error.code] = looked.failed.get(error.code, 0) + 1


def _news(due: DueAtDesk, desk: DeskServices, now: Millis) -> None:
    one = desk.store.conversation(due.tenant, due.id)
    if one is not None and one.news:
        desk.tell(due.tenant, one, now)
        # Who was killed before this line, or was overtaken at it, tells it again: it counts once.
        desk.store.change(due.tenant, one, told(one))


def _in_use(desk: DeskServices, now: Millis, looked: Looked) -> bool:
    pages = (next(iter(desk.store.due(shard, until=now + AHEAD_MS)), ()) for shard in range(DESK_SHARDS))
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
    if one is not None and one.news:
        looked.untold.append(due)
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
    rules = desk.policy(tenant).rules_of(one.need.queue)
    if step_at(one.waits_since, rules, now) != "callback":
        fresh = looked_at(one, rules, now)
        if desk.store.wait(tenant, one, fresh):
            agents = {each.agent_id: each for each in agents_for(tenant, one.need.queue, one.need.skill, desk)}
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
