"""Agents' records, and outcomes of decisions: both move in one transaction, so that no outcome counts twice.

A record is one item of the table ``desk`` (``<tenant>#o#<agent>``) with four counters for each intent, so that one
read of many keys has all there is of a desk, and outcomes of one agent add without reading.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import msgspec

from chalicelib.desk.model import Track
from chalicelib.kernel.errors import Unavailable
from chalicelib.routing.outcome import Moves
from chalicelib.store.decisions import decision_pk
from chalicelib.store.dynamo import FAILED, read_keys, transact
from chalicelib.store.items import Call, Item, plain, typed_value
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import DecisionRow

_ONLY = "-"
_COUNTERS: Mapping[str, str] = {"o": "outcomes", "r": "resolved", "s": "surveys", "c": "csat_sum"}
"""Before each intent: which number of it an attribute holds."""
_BETWEEN = "~"

type Tracks = dict[str, dict[str, Track]]
"""Agent → intent → how they did."""


class OutcomeStore(Protocol):
    """Outcomes of decisions, and the records that follow from them."""

    def settle(self, row: DecisionRow, outcome: bytes, moves: Moves) -> bool:
        """Write a decision's outcome and move the records, all or nothing; False when it is not what ``row`` was read to be,
        or is gone. Raises Unavailable when the outcome is not known.
        """

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Mapping[str, Track]]:
        """Agent → intent → how they did; eventually consistent. Intent ``""`` holds all."""


class DynamoTracks:
    """``OutcomeStore`` on the tables ``history`` and ``desk``."""

    def __init__(self, call: Call, desk_table: str, history_table: str) -> None:
        self._call = call
        self._desk = desk_table
        self._history = history_table

    def settle(self, row: DecisionRow, outcome: bytes, moves: Moves) -> bool:
        """Write a decision's outcome and move the records, all or nothing."""
        by_agent: dict[str, dict[str, int]] = {}
        for (agent_id, intent), track in sorted(moves.items()):
            by_agent.setdefault(agent_id, {}).update(_counters(intent, track))
        actions = [self._write(row, outcome)]
        actions += [self._add(row.tenant, agent_id, counters) for agent_id, counters in by_agent.items()]
        refused = transact(self._call, actions)
        if refused is not None and refused[0] != FAILED:
            raise Unavailable("store_conflict", "The store could not take this transaction now.")
        return refused is None

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Tracks:
        """Agent → intent → how they did."""
        prefix = f"{tenant}#o#"
        keys = [{"pk": {"S": prefix + one}, "sk": {"S": _ONLY}} for one in sorted(set(agent_ids))]
        return {
            str(item["pk"]).removeprefix(prefix): _tracks_in(item)
            for item in map(plain, read_keys(self._call, self._desk, keys, fresh=False))
        }

    def _write(self, row: DecisionRow, outcome: bytes) -> dict[str, Any]:
        unchanged = "#v = :was" if row.version else "attribute_not_exists(#v)"
        values = {":outcome": typed_value(outcome), ":v": typed_value(row.version + 1)}
        return {
            "Update": {
                "TableName": self._history,
                "Key": {"pk": {"S": decision_pk(row.tenant, row.decision_id)}},
                "UpdateExpression": "SET #outcome = :outcome, #v = :v",
                # Who was erased meanwhile stays erased: what is gone is not made again.
                "ConditionExpression": f"attribute_exists(#pk) AND {unchanged}",
                "ExpressionAttributeNames": {"#pk": "pk", "#outcome": "outcome", "#v": "v"},
                "ExpressionAttributeValues": values | ({":was": typed_value(row.version)} if row.version else {}),
            }
        }

    def _add(self, tenant: str, agent_id: str, counters: Mapping[str, int]) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._desk,
                "Key": {"pk": {"S": f"{tenant}#o#{agent_id}"}, "sk": {"S": _ONLY}},
                "UpdateExpression": "ADD " + ", ".join(f"#{place} :{place}" for place in range(len(counters))),
                "ExpressionAttributeNames": {f"#{place}": name for place, name in enumerate(counters)},
                "ExpressionAttributeValues": {
                    f":{place}": typed_value(amount) for place, amount in enumerate(counters.values())
                },
            }
        }


class MemoryTracks:
    """``OutcomeStore`` beside a history in memory. ``records`` are those of a desk in memory, or its own."""

    def __init__(
        self, history: MemoryHistory, records: dict[tuple[str, str], Mapping[str, Track]] | None = None
    ) -> None:
        self._history = history
        self.records = {} if records is None else records

    def settle(self, row: DecisionRow, outcome: bytes, moves: Moves) -> bool:
        """Write a decision's outcome and move the records, all or nothing."""
        key = (row.tenant, row.decision_id)
        kept = self._history.decisions.get(key)
        if kept is None or kept.version != row.version:
            return False
        self._history.decisions[key] = msgspec.structs.replace(kept, outcome=outcome, version=row.version + 1)
        for (agent_id, intent), track in moves.items():
            of_agent = self.records.get((row.tenant, agent_id), {})
            before, more = _counters(intent, of_agent.get(intent, Track())), _counters(intent, track)
            counters: Item = {name: before.get(name, 0) + more.get(name, 0) for name in {**before, **more}}
            self.records[row.tenant, agent_id] = {**of_agent, **_tracks_in(counters)}
        return True

    def tracks(self, tenant: str, agent_ids: Collection[str]) -> Mapping[str, Mapping[str, Track]]:
        """Agent → intent → how they did."""
        return {one: self.records[tenant, one] for one in agent_ids if (tenant, one) in self.records}


def _counters(intent: str, track: Track) -> dict[str, int]:
    """The attributes that a track is, without those that are 0."""
    numbers = {f"{short}{_BETWEEN}{intent}": round(getattr(track, name)) for short, name in _COUNTERS.items()}
    return {name: number for name, number in numbers.items() if number}


def _tracks_in(item: Item) -> dict[str, Track]:
    found: dict[str, dict[str, int]] = {}
    for name, number in item.items():
        short, between, intent = name.partition(_BETWEEN)
        if between and short in _COUNTERS:
            found.setdefault(intent, {})[_COUNTERS[short]] = int(number)
    return {intent: msgspec.convert(numbers, Track) for intent, numbers in found.items()}
