"""Tickets and their lists: one contract on every store."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.store.desk import DueAtDesk, desk_shard
from chalicelib.store.tickets import ALL, OPEN, OVERDUE, DynamoTickets, MemoryTickets, TicketStore, of_agent, of_queue
from chalicelib.tickets.declaration import TICKETS
from chalicelib.tickets.model import Clock, Ticket
from chalicelib.tickets.opening import Asked, opened
from tests.store import rows
from tests.store.backends import Stores


@pytest.fixture
def tickets(stores: Stores) -> TicketStore:
    return DynamoTickets(stores.api.call, stores.tables["TABLE_DESK"]) if stores.api else MemoryTickets()


def ticket(ticket_id: str = "tk_1", *, at: int = rows.AT, queue: str = "general", profile_id: str = "p_1") -> Ticket:
    asked = Asked(ticket_id, "complaint", "refund", "high", queue, 10, 86_400, "anna", profile_id=profile_id)
    return opened(asked, TICKETS, at)


def test_ticket__kept__is_read_as_it_was_written(tickets: TicketStore, tenant: str) -> None:
    """It comes back whole, and another tenant has none of that id."""
    assert tickets.keep(tenant, None, ticket(), 0)
    assert tickets.load(tenant, ["tk_1", "tk_1", "tk_none"]) == {"tk_1": ticket()}
    assert tickets.load("t_other", ["tk_1"]) == {} == tickets.load(tenant, [])


def test_ticket__of_another_version__is_not_overwritten(tickets: TicketStore, tenant: str) -> None:
    """Of two who changed what they read, one is refused; a ticket is opened once."""
    first, second = ticket(), replace(ticket(), version=2, topic="logistics")
    assert tickets.keep(tenant, None, first, 0)
    assert not tickets.keep(tenant, None, replace(first, topic="fault"), 0)
    assert tickets.keep(tenant, first, second, 0)
    assert not tickets.keep(tenant, first, replace(second, topic="fault"), 0)
    assert tickets.load(tenant, ["tk_1"]) == {"tk_1": second}


def test_lists__follow_the_ticket__and_no_other_is_touched(tickets: TicketStore, tenant: str) -> None:
    """It stands in those that its state says, after each change, and in no other."""
    one = ticket()
    tickets.keep(tenant, None, one, 0)
    late = replace(one, version=2, status="assigned", agent_id="anna", resolve=replace(one.resolve, overdue_at=rows.AT))
    tickets.keep(tenant, one, late, 0)

    def standing() -> set[str]:
        names = (ALL, OPEN, OVERDUE, of_queue("general"), of_queue("vip"), of_agent("anna"), of_agent("bea"))
        return {name for name in names if tickets.listed(tenant, name, limit=5) == [(rows.AT, "tk_1")]}

    assert standing() == {ALL, OPEN, OVERDUE, of_queue("general"), of_agent("anna")}
    moved = replace(late, version=3, queue="vip", agent_id="bea")
    tickets.keep(tenant, late, moved, 0)
    assert standing() == {ALL, OPEN, OVERDUE, of_queue("vip"), of_agent("bea")}
    closed = replace(moved, version=4, status="closed")
    tickets.keep(tenant, moved, closed, 0)
    assert standing() == {ALL}
    assert tickets.delete(tenant, closed) and not tickets.delete(tenant, closed)
    assert standing() == set() and tickets.load(tenant, ["tk_1"]) == {}


def test_list__page_by_page__has_each_once_newest_first(tickets: TicketStore, tenant: str) -> None:
    """Also where several were opened in one instant."""
    made = [ticket(f"tk_{number}", at=rows.AT + number // 2) for number in range(5)]
    for one in made:
        tickets.keep(tenant, None, one, 0)
    first = tickets.listed(tenant, ALL, limit=3)
    rest = tickets.listed(tenant, ALL, before=first[-1], limit=3)
    assert [one for _, one in (*first, *rest)] == ["tk_4", "tk_3", "tk_2", "tk_1", "tk_0"]
    assert tickets.listed(tenant, ALL, before=rest[-1], limit=3) == []


def test_persons_tickets__are_found__of_that_person_alone(tickets: TicketStore, tenant: str) -> None:
    """What an erasure and an export go by; the unknown have none."""
    for number in range(3):
        tickets.keep(tenant, None, ticket(f"tk_{number}", at=rows.AT + number), 0)
    tickets.keep(tenant, None, ticket("tk_other", profile_id="p_2"), 0)
    tickets.keep(tenant, None, ticket("tk_nobody", profile_id=""), 0)
    assert tickets.about(tenant, "p_1", limit=10) == ["tk_2", "tk_1", "tk_0"]
    assert tickets.about(tenant, "p_1", limit=2) == ["tk_2", "tk_1"]
    assert tickets.about(tenant, "p_9", limit=2) == [] == tickets.about(tenant, "", limit=2)
    assert tickets.forget(tenant, "") == 0 == tickets.forget("t_other", "p_1")
    assert tickets.forget(tenant, "p_1", at_most=2) == 2 and tickets.forget(tenant, "p_1") == 1
    assert tickets.forget(tenant, "p_1") == 0 == len(tickets.about(tenant, "p_1", limit=9))
    left = {one for _, one in tickets.listed(tenant, ALL, limit=9)}
    assert left == {"tk_other", "tk_nobody"}


def _due(stores: Stores, tickets: TicketStore, tenant: str, until: int) -> list[DueAtDesk]:
    """What the desk finds due of tickets; in memory, which has no index, what they were kept with."""
    if isinstance(tickets, MemoryTickets):
        found = [DueAtDesk(of, "ticket", one, at) for (of, one), (_, at) in tickets.kept.items() if 0 < at <= until]
    else:
        shards = {desk_shard(f"tk_{number}") for number in range(4)}
        pages = (page for shard in shards for page in stores.desk.due(shard, until=until))
        found = [one for page in pages for one in page if one.tenant == tenant]
    return sorted(found, key=lambda one: one.due_at)


def test_due__at_an_instant__are_those_up_to_it_and_not_the_settled(
    stores: Stores, tickets: TicketStore, tenant: str
) -> None:
    """Each stands there by its own moment, and not once nothing is due."""
    for number in range(4):
        tickets.keep(tenant, None, ticket(f"tk_{number}", at=rows.AT), rows.AT + number * 10)
    gone = replace(ticket("tk_1"), version=2)
    tickets.keep(tenant, ticket("tk_1"), gone, 0)

    # Ticket 0 is due at the very beginning.
    assert _due(stores, tickets, tenant, rows.AT + 20) == [
        DueAtDesk(tenant, "ticket", f"tk_{number}", rows.AT + number * 10) for number in (0, 2)
    ]


def test_late_clock__not_kept__is_overdue() -> None:
    """What decides over the list: a limit noticed and not kept, of a ticket that is open."""
    one = ticket()
    late = Clock(1, 2, overdue_at=3)
    assert not one.is_overdue
    assert replace(one, first_response=late).is_overdue and replace(one, resolve=late).is_overdue
    assert not replace(one, first_response=replace(late, met_at=4)).is_overdue
    assert not replace(one, resolve=late, status="closed").is_overdue
