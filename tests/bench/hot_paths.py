"""Routing and ingestion: CPU of whole handlers beside bare boto3 calls to the same DynamoDB Local."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chalicelib.store.capacity import index_units, item_bytes, write_units
from chalicelib.store.items import plain
from tests.bench.measure import Pair, Row, in_turns, row_of
from tests.bench.world import DAY_MS, World, route_event, wide_item

TABLE = "bench-profiles"
NEARLY_2_KB = 1_850
KEY = {"pk": {"S": "yardstick"}}
#: Short turns: what a wait for an answer does to the processor's caches then does the same to both.
ROUNDS, CALLS = 100, 3


def rows(world: World) -> Iterator[Row]:
    """Every row that needs the composed handlers."""
    world.dynamodb.put_item(TableName=TABLE, Item=wide_item("yardstick"))
    yield _route(world)
    yield _lone(world)
    yield from _coalesced(world)
    yield from _units(world)


def _get(world: World) -> None:
    world.dynamodb.get_item(TableName=TABLE, Key=KEY)


def _route(world: World) -> Row:
    event = route_event()

    def route() -> None:
        answer = world.app(event, None)
        assert answer["statusCode"] == 200, answer["body"]

    route()
    calls, size = _calls_of(world, route), len(world.app(event, None)["body"].encode())
    pair = in_turns(route, lambda: _get(world), rounds=ROUNDS, calls=CALLS)
    note = (
        f"Calls to DynamoDB: {calls}; 1 × PutEvents. Decision of {size:,} bytes, profile item of "
        f"{_profile_bytes(world, [[1]]):,} bytes. The handler waits four times for an answer and the yardstick once; "
        "after a wait the processor's caches are cold, which costs as much CPU as the work itself."
    )
    return row_of("route, whole handler ÷ boto3 get_item of 40 attributes", pair, 1.0, route, note=note)


def _get_and_put(world: World) -> None:
    world.dynamodb.get_item(TableName=TABLE, Key=KEY)
    world.dynamodb.put_item(TableName=TABLE, Item=wide_item("yardstick"))


def _ingesting(world: World, messages: list[list[int]], count: int) -> Any:
    """Ingest one prepared batch per call, because a batch counts only once."""
    ready = [world.batch([world.events(people) for people in messages]) for _ in range(count)]

    def ingest() -> None:
        if not ready:
            ready.extend(world.batch([world.events(people) for people in messages]) for _ in range(100))
        world.applied(ready.pop())

    return ingest


def _measured(world: World, messages: list[list[int]], rounds: int) -> tuple[Pair, Any]:
    ingest = _ingesting(world, messages, CALLS * (rounds + 1))
    return in_turns(ingest, lambda: _get_and_put(world), rounds=rounds, calls=CALLS), ingest


def _lone(world: World) -> Row:
    pair, ingest = _measured(world, [[1]], ROUNDS)
    note = (
        f"Calls to DynamoDB: {_calls_of_batch(world, [[1]])}. Profile item of {_profile_bytes(world, [[1]]):,} bytes."
    )
    return row_of("ingest, lone event ÷ boto3 get + put", pair, 1.0, ingest, note=note)


def _coalesced(world: World) -> Iterator[Row]:
    apart = [[1], [2]] * 5
    pair, ingest = _measured(world, apart, ROUNDS // 4)
    note = f"Calls to DynamoDB for all ten: {_calls_of_batch(world, apart)}."
    what = "ingest, each of ten events of two people in ten messages ÷ boto3 get + put"
    yield row_of(what, pair, 0.35, ingest, per=10, note=note)
    together = [[1, 2] * 5]
    pair, ingest = _measured(world, together, ROUNDS // 4)
    yield row_of("the same ten events in one message", pair, 0.35, ingest, per=10)


def _units(world: World) -> Iterator[Row]:
    """Of a third person, whom no other row has touched, brought up to just under 2 KB."""
    days = 200
    while _profile_bytes(world, [[3]]) < NEARLY_2_KB:
        days += 40
        world.applied(world.batch([world.events([3] * 3, at_ms=time.time_ns() // 1_000_000 - days * DAY_MS)]))
    for count, bound, what in ((1, 7.0, "one lone event"), (5, 4.0, "each of five"), (10, 3.5, "each of ten")):
        writes = [body for operation, body in _sent(world, [[3] * count]) if operation == "TransactWriteItems"]
        items = [(action["Put"]["TableName"], plain(action["Put"]["Item"])) for action in writes[0]["TransactItems"]]
        units = sum(_item_units(table, item) for table, item in items)
        sizes = ", ".join(f"{item_bytes(item):,}" for _, item in items)
        yield Row(
            what=f"write units, {what}",
            measured=f"{units} units",
            yardstick=f"{count} event{'s'[: count > 1]}",
            ratio=units / count,
            bound=bound,
            note=f"{len(writes)} transaction; its items in bytes: {sizes}.",
        )


def _item_units(table: str, item: Any) -> int:
    units = write_units(item_bytes(item), transactional=True)
    if "facet" in item:
        units += index_units(item_bytes({name: item[name] for name in ("pk", "facet", "at")}))
    return units


def _sent(world: World, messages: list[list[int]]) -> list[tuple[str, dict[str, Any]]]:
    """What one batch sends to DynamoDB."""
    batch = world.batch([world.events(people) for people in messages])
    return _listening(world, lambda: world.applied(batch))


def _listening(world: World, action: Any) -> list[tuple[str, dict[str, Any]]]:
    from chalicelib.entrypoints import compose

    hooks = compose.api("dynamodb").on_request
    heard: list[tuple[str, dict[str, Any]]] = []
    hooks.append(lambda operation, body: heard.append((operation, json.loads(body))))
    try:
        action()
    finally:
        hooks.clear()
    return heard


def _calls_of(world: World, action: Any) -> str:
    return _counted(_listening(world, action))


def _calls_of_batch(world: World, messages: list[list[int]]) -> str:
    return _counted(_sent(world, messages))


def _counted(sent: list[tuple[str, dict[str, Any]]]) -> str:
    counts = Counter(operation for operation, _ in sent)
    return ", ".join(f"{count} × {operation}" for operation, count in sorted(counts.items()))


def _profile_bytes(world: World, messages: list[list[int]]) -> int:
    written = next(body for operation, body in _sent(world, messages) if operation == "TransactWriteItems")
    return max(item_bytes(plain(action["Put"]["Item"])) for action in written["TransactItems"])
