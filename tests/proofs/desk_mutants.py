"""The desk with one of its promises broken: what the proof must notice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chalicelib.flows import look_after_desk, place
from chalicelib.store.dynamo_desk import DynamoDesk

SLOW_SECONDS = 0.7
_OF_A_CONDITION = ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")


class WithoutRoom(DynamoDesk):
    """Gives to a seat whether it has room and is there or not."""

    def _transact(self, actions):
        return super()._transact([_taken_anyway(one) for one in actions])


class WithoutVersion(DynamoDesk):
    """Writes over whatever became of the conversation."""

    def _transact(self, actions):
        return super()._transact([_put_anyway(one) for one in actions])


class SlowToAct(DynamoDesk):
    """As it ships, and what it has read of the desk is old before anybody acts upon it: much happens in between."""

    def look(self, tenant, agent_ids, key):
        found = super().look(tenant, agent_ids, key)
        time.sleep(SLOW_SECONDS)
        return found


def _taken_anyway(action: dict[str, Any]) -> dict[str, Any]:
    update = action.get("Update", {})
    if "#lease > :now" not in update.get("ConditionExpression", ""):
        return action
    names = {
        name: one for name, one in update["ExpressionAttributeNames"].items() if name in update["UpdateExpression"]
    }
    told = {
        name: one for name, one in update["ExpressionAttributeValues"].items() if name in update["UpdateExpression"]
    }
    kept = {name: one for name, one in update.items() if name not in _OF_A_CONDITION}
    return {"Update": {**kept, "ExpressionAttributeNames": names, "ExpressionAttributeValues": told}}


def _put_anyway(action: dict[str, Any]) -> dict[str, Any]:
    put = action.get("Put", {})
    if "#c#" not in put.get("Item", {}).get("pk", {}).get("S", ""):
        return action
    return {"Put": {name: one for name, one in put.items() if name not in _OF_A_CONDITION}}


class Mutant(msgspec.Struct, frozen=True):
    """A store to take the place of ours, and what to break beside it in the process that serves."""

    store: type[DynamoDesk] = DynamoDesk
    broken: Callable[[], None] = lambda: None


def _nobody_looks_again() -> None:
    """Who was put on a list relies on those who free capacity, and they on the list that they read before."""
    place.look_again = look_after_desk.look_again = lambda *_: 0


MUTANTS: Mapping[str, Mutant] = {
    "no room": Mutant(WithoutRoom),
    "no version": Mutant(WithoutVersion),
    "no second look": Mutant(SlowToAct, _nobody_looks_again),
    "slow to act": Mutant(SlowToAct),
}
"""``slow to act`` is none: it is what ``no second look`` is held against."""
AS_IT_SHIPS = Mutant()
