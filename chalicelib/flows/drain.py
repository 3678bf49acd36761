"""Gives an agent whose capacity came free the most pressing conversations that they may answer.

Who frees capacity writes that first and looks at the lists after; who puts a conversation on a list looks at the seats
after. Both reads are strongly consistent, so one of the two sees the other, and nobody waits beside a free agent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec.structs import replace

from chalicelib.desk.capacity import cost_of
from chalicelib.desk.model import Agent, Conversation, Seat
from chalicelib.desk.moves import offered
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.keep_room import asks_for_room, keep_room
from chalicelib.flows.rank_agents import rank, served_by
from chalicelib.kernel.moments import Millis

_FIRST_PAGE = 20
_WIDER = 5
_TRIED = 3


def drain(tenant: str, seat: Seat, desk: DeskServices, now: Millis) -> int:
    """Offer what waits to the agent of a seat, most pressing first over all their queues, until full. How many."""
    agent = next((one for one in desk.agents(tenant) if one.agent_id == seat.agent_id), None)
    return 0 if agent is None else _fill(tenant, agent, seat, desk, now)


def _fill(tenant: str, agent: Agent, seat: Seat, desk: DeskServices, now: Millis) -> int:
    given, tried = 0, Counter[tuple[str, str]]()
    for one in _pressing(tenant, agent, desk):
        if seat.free <= 0 or not seat.is_present(now):
            break
        if seat.is_kept_from(one.order, now) and desk.store.keep_room(tenant, seat, 0, 0):
            # Those whom it was kept for have gone to others.
            seat = replace(seat, kept_until=0)
        if not rank(tenant, one, [agent], {seat.agent_id: seat}, desk, now):
            # Only the first of each kind: each that is tried reads every seat, and hundreds may wait who lack the room.
            kind = one.need.queue, one.need.channel
            if tried[kind] < _TRIED and asks_for_room(tenant, one, agent, seat, desk, now):
                tried[kind] += 1
                if keep_room(tenant, one, agent, seat, desk, now):
                    break
            continue
        rules = desk.policy(tenant).rules_of(one.need.queue)
        offer = offered(one, agent.agent_id, cost_of(one.need.channel, agent, rules), rules, now)
        if desk.store.assign(tenant, one, offer, now):
            given += 1
            seat = replace(seat, free=seat.free - offer.cost)
        else:
            # Somebody took the conversation or the capacity: the seat tells which.
            seat = desk.store.seats(tenant, [seat.agent_id]).get(seat.agent_id, replace(seat, presence="offline"))
    return given


def _pressing(tenant: str, agent: Agent, desk: DeskServices) -> Iterator[Conversation]:
    """Those who wait in an agent's queues, most pressing first, read further as far as nobody before may be answered."""
    queues = served_by(agent, desk.policy(tenant))
    limit, seen = _FIRST_PAGE, set[str]()
    while queues:
        pages = {queue: desk.store.waiting(tenant, queue, limit) for queue in queues}
        full = tuple(queue for queue, page in pages.items() if len(page) == limit)
        # Beyond the end of a page that is full stand others, which no later one of another queue may overtake.
        horizon = min((pages[queue][-1].order for queue in full), default=None)
        listed = sorted((one for page in pages.values() for one in page), key=lambda one: (one.order, one.key))
        for one in listed:
            if one.key not in seen and (horizon is None or one.order <= horizon):
                seen.add(one.key)
                yield one
        if not full:
            return
        limit *= _WIDER
