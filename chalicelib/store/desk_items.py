"""Agents, seats and conversations as items of the table ``desk``, and what a move of a conversation does to seats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.desk.capacity import taken
from chalicelib.desk.model import Agent, Conversation, Presence, Seat
from chalicelib.desk.moves import FIRST_LOOK_MS
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis
from chalicelib.store.desk import KEPT_MS, DueAtDesk, desk_shard, shard_of, whose
from chalicelib.store.items import Attributes, TypedItem, binary, typed

ONLY = "-"
"""The range key of what has a partition of its own."""
_ORDER_DIGITS = 16
_KINDS = {"s": "seat", "c": "conversation", "t": "ticket"}


def seat_pk(tenant: str, agent_id: str) -> str:
    """The key of a seat."""
    return f"{tenant}#s#{agent_id}"


def conversation_pk(tenant: str, key: str) -> str:
    """The key of a conversation."""
    return f"{tenant}#c#{key}"


def agent_item(tenant: str, agent: Agent) -> Attributes:
    """An agent as declared."""
    return {"pk": f"{tenant}#agents", "sk": agent.agent_id, "v": agent.version, "content": encode(agent)}


def new_seat(tenant: str, agent: Agent) -> TypedItem:
    """The seat of an agent who was never there."""
    item: Attributes = {
        "pk": seat_pk(tenant, agent.agent_id),
        "sk": ONLY,
        "presence": "offline",
        "lease_until": 0,
        "units": agent.units,
        "free": agent.units,
        "held": 0,
        "idle_since": 0,
        "v": 0,
    }
    return typed(item)


def holding_of(item: TypedItem) -> tuple[str, ...]:
    """The keys of the conversations that take capacity of a seat: a set of texts, as nothing else here is."""
    return tuple(sorted(item.get("holding", {}).get("SS", ())))


def conversation_item(tenant: str, one: Conversation) -> Attributes:
    """A conversation: what must be found by an index stands beside its content."""
    return {
        "pk": conversation_pk(tenant, one.key),
        "sk": ONLY,
        "v": one.version,
        "state": one.state,
        "content": encode(one),
        "whose": whose(tenant, one.need.profile_id),
        "at": one.waits_since if one.need.profile_id else None,
        "due_at": one.look_at or None,
        "due_shard": str(shard_of(one)) if one.look_at else None,
        "expires_at": (one.state_since + KEPT_MS) // 1000 if one.state == "ended" else None,
    }


def conversation_of(item: TypedItem) -> Conversation:
    """A conversation as it is stored, or as it stands on a list."""
    return decode(content_of(item), Conversation)


def content_of(item: TypedItem) -> bytes:
    """The coded content of an item."""
    return binary(item["content"])


def waiting_place(tenant: str, one: Conversation | None) -> tuple[str, str] | None:
    """The keys of its row on a waiting list; None while it does not wait."""
    if one is None or one.state != "waiting":
        return None
    return f"{tenant}#w#{one.need.queue}", f"{one.order:0{_ORDER_DIGITS}}#{one.key}"


def due_of(item: TypedItem) -> DueAtDesk:
    """What an entry of the index ``due`` leads to."""
    tenant, kind, id_ = item["pk"]["S"].split("#", 2)
    return DueAtDesk(tenant, _KINDS[kind], id_, int(item["due_at"]["N"]))


def seat_moves(
    tenant: str, was: Conversation | None, to: Conversation, now: Millis
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The updates of seats that keep ``free`` exact: what ``was`` took is given back, what ``to`` takes is taken."""
    (gives, given), (takes, cost) = taken(was), taken(to)
    offered = to.state == "reserved" and (was is None or was.attempt != to.attempt)
    if gives and gives != takes:
        yield seat_pk(tenant, gives), _give(gives, given, to.key, now)
    if takes and (offered or gives != takes):
        again = gives == takes
        yield seat_pk(tenant, takes), _take(cost - (given if again else 0), to, now, again=again)


def _give(agent_id: str, cost: int, key: str, now: Millis) -> dict[str, Any]:
    """Capacity came free: the seat is marked, so that somebody gives it to those who wait."""
    return {
        "UpdateExpression": "SET #free = #free + :cost, #held = #held - :one, #at = :at, #shard = :shard "
        "ADD #v :one DELETE #holding :key",
        "ExpressionAttributeNames": {
            "#free": "free",
            "#held": "held",
            "#at": "due_at",
            "#shard": "due_shard",
            "#v": "v",
            "#holding": "holding",
        },
        "ExpressionAttributeValues": {
            ":cost": {"N": str(cost)},
            ":one": {"N": "1"},
            ":at": {"N": str(now + FIRST_LOOK_MS)},
            ":shard": {"S": str(desk_shard(agent_id))},
            ":key": {"SS": [key]},
        },
    }


def _take(cost: int, to: Conversation, now: Millis, *, again: bool) -> dict[str, Any]:
    """Take capacity of an agent who is there and has it. ``again``: the seat holds the conversation already, and may get
    room back (a cost below 0).
    """
    names = {
        "#free": "free",
        "#idle": "idle_since",
        "#presence": "presence",
        "#lease": "lease_until",
        "#for": "kept_for",
        "#until": "kept_until",
    }
    told: dict[str, Any] = {
        ":cost": {"N": str(cost)},
        ":now": {"N": str(now)},
        ":available": {"S": "available"},
        ":order": {"N": str(to.order)},
    }
    update = "SET #free = #free - :cost, #idle = :now"
    if not again:
        update += ", #held = #held + :one ADD #holding :key"
        names |= {"#held": "held", "#holding": "holding"}
        told |= {":one": {"N": "1"}, ":key": {"SS": [to.key]}}
    elif cost < 0:
        # Room came free, as where something is given back: the seat is marked.
        update += ", #at = :at, #shard = :shard ADD #v :one"
        names |= {"#at": "due_at", "#shard": "due_shard", "#v": "v"}
        shard, at = {"S": str(desk_shard(to.agent_id))}, {"N": str(now + FIRST_LOOK_MS)}
        told |= {":at": at, ":shard": shard, ":one": {"N": "1"}}
    return {
        "UpdateExpression": update,
        "ConditionExpression": "#presence = :available AND #lease > :now AND #free >= :cost "
        "AND (attribute_not_exists(#until) OR #until <= :now OR #for >= :order)",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": told,
    }


def presence_updates(
    agent_id: str, presence: Presence, lease_until: Millis, now: Millis
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The update of a seat whose presence is renewed, and that for when it is another one."""
    sets = "SET #presence = :presence, #lease = :lease, #at = :at, #shard = :shard"
    names = {"#presence": "presence", "#lease": "lease_until", "#v": "v", "#at": "due_at", "#shard": "due_shard"}
    renewal = {
        "UpdateExpression": f"{sets} ADD #v :one",
        # A lease that ran out is no renewal: who comes back has not been idle since the work before.
        "ConditionExpression": "#presence = :presence AND #lease > :now",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {
            ":presence": {"S": presence},
            ":lease": {"N": str(lease_until)},
            ":at": {"N": str(now + FIRST_LOOK_MS)},
            ":shard": {"S": str(desk_shard(agent_id))},
            ":one": {"N": "1"},
            ":now": {"N": str(now)},
        },
    }
    change = {
        **renewal,
        "UpdateExpression": f"{sets}, #idle = :now ADD #v :one",
        "ConditionExpression": "attribute_exists(#free)",
        "ExpressionAttributeNames": {**names, "#idle": "idle_since", "#free": "free"},
    }
    return renewal, change


def redeclared(agent: Agent, more: int, look_at: Millis) -> dict[str, Any]:
    """The update of the seat of an agent who is declared anew with so many units more, and marked to be looked at."""
    sets, names = "SET #units = :units, #free = #free + :more", {"#units": "units", "#free": "free"}
    told: dict[str, Any] = {":units": {"N": str(agent.units)}, ":more": {"N": str(more)}}
    if look_at:
        sets += ", #at = :at, #shard = :shard ADD #v :one"
        names |= {"#at": "due_at", "#shard": "due_shard", "#v": "v"}
        shard = {"S": str(desk_shard(agent.agent_id))}
        told |= {":at": {"N": str(look_at)}, ":shard": shard, ":one": {"N": "1"}}
    return {"UpdateExpression": sets, "ExpressionAttributeNames": names, "ExpressionAttributeValues": told}


def settled(seat: Seat, due_at: Millis, *, offline: bool) -> dict[str, Any]:
    """The update of a seat that was acted upon as it was read."""
    sets, removes = [], []
    names = {"#v": "v", "#at": "due_at", "#shard": "due_shard"}
    told: dict[str, Any] = {":v": {"N": str(seat.version)}}
    if due_at:
        sets.append("#at = :at, #shard = :shard")
        told |= {":at": {"N": str(due_at)}, ":shard": {"S": str(desk_shard(seat.agent_id))}}
    else:
        removes.append("#at, #shard")
    if offline:
        sets.append("#presence = :offline")
        names["#presence"] = "presence"
        told[":offline"] = {"S": "offline"}
    return {
        "UpdateExpression": " ".join(
            f"{verb} {', '.join(parts)}" for verb, parts in (("SET", sets), ("REMOVE", removes)) if parts
        ),
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": told,
    }


def room_kept(seat: Seat, order: int, until: Millis) -> dict[str, Any]:
    """The update of a seat that keeps its room for those whose order is up to one."""
    return {
        "UpdateExpression": "SET #for = :for, #until = :until",
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#for": "kept_for", "#until": "kept_until", "#v": "v"},
        "ExpressionAttributeValues": {
            ":for": {"N": str(order)},
            ":until": {"N": str(until)},
            ":v": {"N": str(seat.version)},
        },
    }
