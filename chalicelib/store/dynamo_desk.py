"""The desk in DynamoDB: each move of a conversation is one transaction with the seats that it concerns."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from chalicelib.desk.model import Agent, Conversation, Presence, Seat, Track
from chalicelib.desk.moves import unnamed
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.store.decisions import decision_item
from chalicelib.store.desk import DueAtDesk, whose
from chalicelib.store.desk_items import (
    ONLY,
    agent_item,
    content_of,
    conversation_item,
    conversation_of,
    conversation_pk,
    due_of,
    holding_of,
    new_seat,
    presence_updates,
    redeclared,
    room_kept,
    seat_moves,
    seat_pk,
    settled,
    waiting_place,
)
from chalicelib.store.dynamo import FAILED, absent, answers, equals, fitted, of_person, put_action, transact
from chalicelib.store.items import TypedItem, typed
from chalicelib.store.rows import DecisionRow
from chalicelib.store.seat_rows import CallAs, SeatRows
from chalicelib.store.tracks import DynamoTracks

PAGE = 100
"""Items of a page of what is due."""


class DynamoDesk:
    """``DeskStore`` on the table ``desk``; decisions go to ``history``."""

    def __init__(self, call: CallAs, table: str, history_table: str) -> None:
        self._call = call
        self._table = table
        self._history = history_table
        self._rows = SeatRows(call, table)

    def agents(self, tenant: str) -> Sequence[Agent]:
        """Every agent as declared."""
        return [decode(content_of(item), Agent) for item in self._range(f"{tenant}#agents")]

    def agent(self, tenant: str, agent_id: str) -> Agent | None:
        """One agent as declared."""
        item = self._get(f"{tenant}#agents", agent_id)
        return None if item is None else decode(content_of(item), Agent)

    def put_agent(self, tenant: str, agent: Agent, look_at: Millis = 0) -> bool:
        """Declare an agent of the version before, and move the seat's units and free with it."""
        was = self.agent(tenant, agent.agent_id)
        if was == agent or (0 if was is None else was.version) != agent.version - 1:
            return was == agent
        if was is None:
            seat: dict[str, Any] = {"Put": {"TableName": self._table, "Item": new_seat(tenant, agent), **absent()}}
        else:
            update = redeclared(agent, agent.units - was.units, look_at)
            seat = {"Update": {"TableName": self._table, "Key": _key(seat_pk(tenant, agent.agent_id)), **update}}
        declared = put_action(
            self._table, agent_item(tenant, agent), absent() if was is None else equals("v", was.version)
        )
        return self._transact([declared, seat]) is None

    def seats(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Seat]:
        """Seats as they are now."""
        return self._rows.look(tenant, agent_ids)[0]

    def set_presence(self, tenant: str, agent_id: str, presence: Presence, lease_until: Millis, now: Millis) -> bool:
        """Say that an agent is there until an instant, and mark the seat."""
        body = {"TableName": self._table, "Key": _key(seat_pk(tenant, agent_id))}
        renewal, change = presence_updates(agent_id, presence, lease_until, now)
        return any(fitted(self._call, "UpdateItem", {**body, **one}) for one in (renewal, change))

    def delete_agent(self, tenant: str, agent: Agent) -> bool:
        """Declare an agent no more, and take the seat away, if it holds nothing. One who is gone already is no error."""
        keys = _key(f"{tenant}#agents", agent.agent_id), _key(seat_pk(tenant, agent.agent_id))
        conditions = equals("v", agent.version), equals("held", 0)
        deletes = [{"TableName": self._table, "Key": key, **one} for key, one in zip(keys, conditions, strict=True)]
        refused = self._transact([{"Delete": one} for one in deletes])
        # Somebody else may have removed them meanwhile.
        return refused is None or self.agent(tenant, agent.agent_id) is None

    def settle(self, tenant: str, seat: Seat, due_at: Millis, *, offline: bool = False) -> bool:
        """Note that a seat was acted upon as it was read, and when it is due next."""
        body = {"TableName": self._table, "Key": _key(seat_pk(tenant, seat.agent_id))}
        return fitted(self._call, "UpdateItem", {**body, **settled(seat, due_at, offline=offline)})

    def keep_room(self, tenant: str, seat: Seat, order: int, until: Millis) -> bool:
        """Give nothing of a seat to who is less pressing than an order, until an instant."""
        body = {"TableName": self._table, "Key": _key(seat_pk(tenant, seat.agent_id))}
        return fitted(self._call, "UpdateItem", {**body, **room_kept(seat, order, until)})

    def look(self, tenant: str, agent_ids: Collection[str], key: str) -> tuple[Mapping[str, Seat], Conversation | None]:
        """Seats and a conversation as they are now, in one call."""
        return self._rows.look(tenant, agent_ids, key)

    def conversation(self, tenant: str, key: str) -> Conversation | None:
        """A conversation as it is now."""
        item = self._get(conversation_pk(tenant, key), ONLY)
        return None if item is None else conversation_of(item)

    def assign(
        self,
        tenant: str,
        was: Conversation | None,
        offered: Conversation,
        now: Millis,
        decision: DecisionRow | None = None,
    ) -> bool:
        """Offer a conversation to an agent who is there and has room."""
        return self._move(tenant, was, offered, now, decision)

    def wait(
        self, tenant: str, was: Conversation | None, waiting: Conversation, decision: DecisionRow | None = None
    ) -> bool:
        """Put a conversation on its queue's waiting list."""
        return self._move(tenant, was, waiting, waiting.state_since, decision)

    def change(self, tenant: str, was: Conversation, to: Conversation) -> bool:
        """Accept, wrap up, or end."""
        return self._move(tenant, was, to, to.state_since, None)

    def waiting(self, tenant: str, queue: str, limit: int) -> Sequence[Conversation]:
        """The first of a queue, most pressing first."""
        return [conversation_of(item) for item in self._range(f"{tenant}#w#{queue}", limit)]

    def waits(self, tenant: str, queue: str) -> int:
        """How many wait in a queue."""
        return sum(answer["Count"] for answer in self._pages(f"{tenant}#w#{queue}", Select="COUNT"))

    def held_by(self, tenant: str, agent_id: str) -> Sequence[Conversation]:
        """The conversations that an agent holds."""
        seat = self._get(seat_pk(tenant, agent_id), ONLY)
        keys = () if seat is None else holding_of(seat)
        found = self._rows.conversations(tenant, keys)
        # Between the two reads one may have gone to somebody else.
        return sorted((one for one in found if one.holds and one.agent_id == agent_id), key=lambda one: one.order)

    def due(self, shard: int, *, until: Millis) -> Iterator[Sequence[DueAtDesk]]:
        """What is due up to an instant, in order of time, page by page."""
        asked: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "due",
            "KeyConditionExpression": "#shard = :shard AND #at <= :until",
            "ExpressionAttributeNames": {"#shard": "due_shard", "#at": "due_at"},
            "ExpressionAttributeValues": {":shard": {"S": str(shard)}, ":until": {"N": str(until)}},
            "Limit": PAGE,
        }
        for answer in answers(self._call, asked):
            if answer["Items"]:
                yield [due_of(item) for item in answer["Items"]]

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Delete the conversations of a person that are over, and take their name off those that go on."""
        found = 0
        for key in of_person(self._call, self._table, whose(tenant, profile_id), conversation_pk(tenant, "")):
            one = self.conversation(tenant, key)
            # The index follows a moment later: it may name one that was forgotten before.
            if one is None or one.need.profile_id != profile_id:
                continue
            # What somebody else changed meanwhile counts, too: it is left, and is met again.
            found += 1
            if one.state == "ended":
                body = {"TableName": self._table, "Key": _key(conversation_pk(tenant, key)), **equals("v", one.version)}
                fitted(self._call, "DeleteItem", body)
            else:
                self.change(tenant, one, unnamed(one))
            if found >= at_most:
                break
        return found

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Mapping[str, Track]]:
        """Agent → intent → how they did."""
        return DynamoTracks(self._call, self._table, self._history).tracks(tenant, agent_ids)

    def _move(
        self, tenant: str, was: Conversation | None, to: Conversation, now: Millis, decision: DecisionRow | None
    ) -> bool:
        """Everything that one move of a conversation does, or nothing."""
        item = conversation_item(tenant, to)
        actions = [put_action(self._table, item, absent() if was is None else equals("v", was.version))]
        actions += self._list_actions(tenant, was, to, cast(bytes, item["content"]))
        actions += [
            {"Update": {"TableName": self._table, "Key": _key(pk), **update}}
            for pk, update in seat_moves(tenant, was, to, now)
        ]
        if decision is not None:
            actions.append(put_action(self._history, decision_item(decision), absent()))
        refused = self._transact(actions)
        if refused is None:
            return True
        # The first is the conversation. Its version may be what we made it, in a call that was not answered.
        return refused[0] == FAILED and self.conversation(tenant, to.key) == to

    def _list_actions(
        self, tenant: str, was: Conversation | None, to: Conversation, content: bytes
    ) -> list[dict[str, Any]]:
        before, after = waiting_place(tenant, was), waiting_place(tenant, to)
        actions: list[dict[str, Any]] = []
        if before is not None and before != after:
            actions.append({"Delete": {"TableName": self._table, "Key": _key(*before)}})
        if after is not None:
            row = typed({"pk": after[0], "sk": after[1], "content": content})
            actions.append({"Put": {"TableName": self._table, "Item": row}})
        return actions

    def _transact(self, actions: Sequence[dict[str, Any]]) -> tuple[str, ...] | None:
        """None when all was written, else why nothing was. Raises Unavailable where it may be tried again."""
        # Drawn, and sent again with each repeat of this call alone: an agent who is removed and declared anew within
        # minutes does the same thing twice, and is no repeat.
        return transact(self._call, actions, os.urandom(18).hex())

    def _get(self, pk: str, sk: str) -> TypedItem | None:
        answer = self._call("GetItem", {"TableName": self._table, "Key": _key(pk, sk), "ConsistentRead": True})
        return cast(TypedItem | None, answer.get("Item"))

    def _range(self, pk: str, limit: int = 1 << 30) -> Iterator[TypedItem]:
        asked = {} if limit >= 1 << 30 else {"Limit": limit}
        left = limit
        for answer in self._pages(pk, **asked):
            yield from answer["Items"][:left]
            left -= len(answer["Items"])
            if left <= 0:
                return

    def _pages(self, pk: str, **more: Any) -> Iterator[dict[str, Any]]:
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
            **more,
        }
        return answers(self._call, query)


def _key(pk: str, sk: str = ONLY) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
