"""Tickets in the table ``desk``, and the lists that they stand in: all, the open, a queue's, an agent's, the overdue.

A ticket is ``<tenant>#t#<id>``; a list is a range of its own, ``<tenant>#l#<list>`` by time of opening, which is written
with the ticket when it comes onto the list or leaves it. So a list is read as it is, and nothing is ever scanned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, Protocol, cast

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis
from chalicelib.store.desk import desk_shard, whose
from chalicelib.store.dynamo import absent, equals, of_person, put_action, read_keys, transact
from chalicelib.store.items import Attributes, Call, plain
from chalicelib.store.rows import THE_END, Position
from chalicelib.tickets.model import Ticket

ALL, OPEN, OVERDUE = "all", "open", "overdue"
_SK = "-"


def of_queue(queue: str) -> str:
    """The list of a queue's open tickets."""
    return f"queue/{queue}"


def of_agent(agent_id: str) -> str:
    """The list of an agent's open tickets."""
    return f"agent/{agent_id}"


def lists_of(ticket: Ticket | None) -> frozenset[str]:
    """The lists that a ticket stands in."""
    if ticket is None:
        return frozenset()
    if not ticket.is_open:
        return frozenset({ALL})
    found = {ALL, OPEN, of_queue(ticket.queue)}
    found |= {of_agent(ticket.agent_id)} if ticket.agent_id else set()
    return frozenset(found | ({OVERDUE} if ticket.is_overdue else set()))


class TicketStore(Protocol):
    """Tickets. Reads are strongly consistent unless said."""

    def load(self, tenant: str, ticket_ids: Collection[str]) -> Mapping[str, Ticket]:
        """Ticket id → ticket, for those that exist."""

    def keep(self, tenant: str, was: Ticket | None, to: Ticket, due_at: Millis) -> bool:
        """Write a ticket over ``was`` (None: a new one) with its lists; False when it is another by now.

        ``due_at``: when somebody must look at it next; 0: never.
        """

    def listed(self, tenant: str, name: str, *, before: Position = THE_END, limit: int) -> Sequence[Position]:
        """The tickets of a list, opened before a place in it, the newest first."""

    def about(self, tenant: str, profile_id: str, *, limit: int) -> Sequence[str]:
        """A person's tickets, the newest first; an index that may lag."""

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete a person's tickets; how many were found."""

    def delete(self, tenant: str, ticket: Ticket) -> bool:
        """Delete a ticket and what lists it; False when it is another by now, or gone."""


class DynamoTickets:
    """``TicketStore`` on the table ``desk``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = table

    def load(self, tenant: str, ticket_ids: Collection[str]) -> Mapping[str, Ticket]:
        """Ticket id → ticket, for those that exist."""
        keys = [_key(_pk(tenant, one), _SK) for one in dict.fromkeys(ticket_ids)]
        items = map(plain, read_keys(self._call, self._table, keys, fresh=True))
        tickets = (decode(cast(bytes, item["content"]), Ticket) for item in items)
        return {ticket.ticket_id: ticket for ticket in tickets}

    def keep(self, tenant: str, was: Ticket | None, to: Ticket, due_at: Millis) -> bool:
        """Write a ticket over ``was`` with its lists; False when it is another by now."""
        item: Attributes = {
            "pk": _pk(tenant, to.ticket_id),
            "sk": _SK,
            "v": to.version,
            "content": encode(to),
            "state": to.status,
            "whose": whose(tenant, to.profile_id),
            "at": to.opened_at,
            "due_at": due_at or None,
            "due_shard": str(desk_shard(to.ticket_id)) if due_at else None,
            "expires_at": to.expires_at // 1000,
        }
        before, after = lists_of(was), lists_of(to)
        actions = [
            put_action(self._table, item, absent() if was is None else equals("v", was.version)),
            *(put_action(self._table, _row(tenant, one, to), {}) for one in sorted(after - before)),
            *(self._delete(_list_pk(tenant, one), _place(to)) for one in sorted(before - after)),
        ]
        return transact(self._call, actions, sha256(encode(actions)).hexdigest()[:36]) is None

    def delete(self, tenant: str, ticket: Ticket) -> bool:
        """Delete a ticket and what lists it; False when it is another by now, or gone."""
        whole = {**self._delete(_pk(tenant, ticket.ticket_id), _SK)["Delete"], **equals("v", ticket.version)}
        rows = [self._delete(_list_pk(tenant, one), _place(ticket)) for one in sorted(lists_of(ticket))]
        return transact(self._call, [{"Delete": whole}, *rows]) is None

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete a person's tickets; how many were found."""
        return forgotten(self, tenant, profile_id, at_most)

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": _key(pk, sk)}}

    def listed(self, tenant: str, name: str, *, before: Position = THE_END, limit: int) -> Sequence[Position]:
        """The tickets of a list, opened before a place in it, the newest first."""
        answer = self._call(
            "Query",
            {
                "TableName": self._table,
                "ConsistentRead": True,
                "KeyConditionExpression": "#pk = :pk AND #sk < :before",
                "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"},
                "ExpressionAttributeValues": {
                    ":pk": {"S": _list_pk(tenant, name)},
                    ":before": {"S": _written(before)},
                },
                "ScanIndexForward": False,
                "Limit": limit,
            },
        )
        return [_read(str(plain(item)["sk"])) for item in answer["Items"]]

    def about(self, tenant: str, profile_id: str, *, limit: int) -> Sequence[str]:
        """A person's tickets, the newest first."""
        theirs = whose(tenant, profile_id)
        return list(islice(of_person(self._call, self._table, theirs, _pk(tenant, ""), newest_first=True), limit))


class MemoryTickets:
    """``TicketStore`` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], tuple[Ticket, Millis]] = {}

    def load(self, tenant: str, ticket_ids: Collection[str]) -> Mapping[str, Ticket]:
        """Ticket id → ticket, for those that exist."""
        return {one: self.kept[tenant, one][0] for one in ticket_ids if (tenant, one) in self.kept}

    def keep(self, tenant: str, was: Ticket | None, to: Ticket, due_at: Millis) -> bool:
        """Write a ticket over ``was``; False when it is another by now."""
        if not self._is(tenant, was, to.ticket_id):
            return False
        self.kept[tenant, to.ticket_id] = (to, due_at)
        return True

    def listed(self, tenant: str, name: str, *, before: Position = THE_END, limit: int) -> Sequence[Position]:
        """The tickets of a list, opened before a place in it, the newest first."""
        places = [(one.opened_at, one.ticket_id) for one in self._of(tenant) if name in lists_of(one)]
        return [one for one in sorted(places, reverse=True) if one < before][:limit]

    def about(self, tenant: str, profile_id: str, *, limit: int) -> Sequence[str]:
        """A person's tickets, the newest first."""
        theirs = [one for one in self._of(tenant) if profile_id and one.profile_id == profile_id]
        return [one.ticket_id for one in sorted(theirs, key=lambda one: one.opened_at, reverse=True)][:limit]

    def delete(self, tenant: str, ticket: Ticket) -> bool:
        """Delete a ticket; False when it is another by now, or gone."""
        if not self._is(tenant, ticket, ticket.ticket_id):
            return False
        del self.kept[tenant, ticket.ticket_id]
        return True

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete a person's tickets; how many were found."""
        return forgotten(self, tenant, profile_id, at_most)

    def _of(self, tenant: str) -> Iterable[Ticket]:
        return [ticket for (of, _), (ticket, _) in self.kept.items() if of == tenant]

    def _is(self, tenant: str, was: Ticket | None, ticket_id: str) -> bool:
        kept = self.kept.get((tenant, ticket_id))
        return (None if kept is None else kept[0].version) == (None if was is None else was.version)


def forgotten(tickets: TicketStore, tenant: str, profile_id: str, at_most: int) -> int:
    """Delete a person's tickets: the whole of each, for nothing of one is anybody else's."""
    ids = tickets.about(tenant, profile_id, limit=at_most) if profile_id else ()
    # The index follows a moment later: it may name one that was deleted before.
    found = [one for one in tickets.load(tenant, ids).values() if one.profile_id == profile_id]
    for one in found:
        # What somebody else changed meanwhile counts, too: it is left, and is met again.
        tickets.delete(tenant, one)
    return len(found)


def _pk(tenant: str, ticket_id: str) -> str:
    return f"{tenant}#t#{ticket_id}"


def _list_pk(tenant: str, name: str) -> str:
    return f"{tenant}#l#{name}"


def _place(ticket: Ticket) -> str:
    return _written((ticket.opened_at, ticket.ticket_id))


def _written(position: Position) -> str:
    at, id_ = position
    return f"{min(at, 10**16 - 1):016d}#{id_}"


def _read(place: str) -> Position:
    at, _, id_ = place.partition("#")
    return int(at), id_


def _row(tenant: str, name: str, ticket: Ticket) -> Attributes:
    return {"pk": _list_pk(tenant, name), "sk": _place(ticket), "expires_at": ticket.expires_at // 1000}


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
