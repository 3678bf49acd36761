"""Routing and ingestion: CPU of whole handlers beside bare boto3 calls to the same DynamoDB Local."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chalicelib.aws.connection import Pool
from chalicelib.aws.services import SERVICES
from chalicelib.store.capacity import BY_DUE, BY_FACET, BY_SEGMENT, item_bytes, write_units
from chalicelib.store.items import Item, plain
from tests.bench.measure import Action, Pair, Row, in_turns, row_of
from tests.bench.world import AGENTS, DAY_MS, KINDS, PEOPLE, World, open_desk, reserving_event, route_event, wide_item

TABLE = "bench-profiles"
NEARLY_2_KB = 1_850
KEY = {"pk": {"S": "yardstick"}}
#: Short turns, so that what disturbs the machine disturbs both; long ones are told beside the figures.
ROUNDS, CALLS = 100, 3
LONG_TURN = 30
TYPICAL_BYTES = 2_500


def rows(world: World) -> Iterator[Row]:
    """Every row that needs the composed handlers."""
    world.dynamodb.put_item(TableName=TABLE, Item=wide_item("yardstick"))
    for person in (1, 2, *PEOPLE):
        _grow_to(world, person, TYPICAL_BYTES)
    yield from _route(world)
    yield _reserving(world)
    yield _lone(world)
    yield from _coalesced(world)
    yield from _units(world)


def _get(world: World) -> None:
    world.dynamodb.get_item(TableName=TABLE, Key=KEY)


def _route(world: World) -> Iterator[Row]:
    """As it is deployed, and with ``decision.made`` published, which the budget was first set for.

    Twenty people in turn: nobody is asked about twice in a row.
    """
    from chalicelib.entrypoints import compose
    from chalicelib.flows.services import Change

    people = itertools.cycle([route_event(person) for person in PEOPLE])
    about = {"tenant": "t_bench", "decision_id": "d_" + "x" * 20, "profile_id": "p_" + "x" * 20, "queue": "vip"}

    def route() -> None:
        answer = world.app(next(people), None)
        assert answer["statusCode"] == 200, answer["body"]

    def first() -> None:
        compose.met_lately.cache_clear()
        # What answers are made from was put together with the former.
        compose._reading.cache_clear()
        route()

    policy = compose.read_services("t_bench").policy
    # What a set of rules comes to is kept by the latest sets. A few people in turn meet the same sets always; of a shop's
    # people, each asked about for the first time, a third to a half do.
    kept = [policy.effects.outcome, policy.effects.standing, policy.reasons._heaviest, policy.talk._plan]

    def unlike_anybody() -> None:
        for one in kept:
            one.cache_clear()
        route()

    def route_and_publish() -> None:
        route()
        compose.publish([Change("decision.made", {**about, "mode": "human"})])

    size = len(world.app(next(people), None)["body"].encode())
    facts = f"Decision of {size:,} bytes, profile item of {_profile_bytes(world, PEOPLE[0]):,} bytes."
    for what, subject in (
        ("route, whole handler, somebody met before", route),
        ("route, whole handler, somebody never met", first),
        ("route, whole handler, no set of rules met before", unlike_anybody),
        ("route and then decision.made published by one call", route_and_publish),
    ):
        for _ in PEOPLE:
            route()
        pair = in_turns(subject, lambda: _get(world), rounds=ROUNDS, calls=CALLS)
        note = f"Calls: {_calls_of(subject)}. {facts} {_long_turns(subject, lambda: _get(world))} {_without_waits(subject)}"
        yield row_of(f"{what} ÷ boto3 get_item of 40 attributes", pair, 1.0, subject, note=note)


def _reserving(world: World) -> Row:
    """A route that reserves one of sixty agents who are all there, all of whom could take it."""
    open_desk()

    def reserve() -> None:
        answer = world.app(reserving_event(next(world.numbers)), None)
        assert answer["statusCode"] == 200, answer["body"]

    # Whoever is offered more has less room and is idle for less long: the best is another one each time.
    told = json.loads(world.app(reserving_event(next(world.numbers)), None)["body"])
    assert told["agent"], told
    pair = in_turns(reserve, lambda: _get(world), rounds=ROUNDS, calls=CALLS)
    note = f"Calls: {_calls_of(reserve)}. {AGENTS} agents are scored. {_long_turns(reserve, lambda: _get(world))}"
    return row_of("route with reservation ÷ boto3 get_item of 40 attributes", pair, 2.0, reserve, note=note)


def _long_turns(subject: Action, yardstick: Action, *, rounds: int = 10) -> str:
    """The ratio when each has many calls in a row: how the turns are cut must not hide anything."""
    pair = in_turns(subject, yardstick, rounds=rounds, calls=LONG_TURN)
    return f"In turns of {LONG_TURN} calls instead of {CALLS} the ratio is {pair.subject_ms / pair.yardstick_ms:.2f}."


def _without_waits(subject: Action) -> str:
    """The subject's own work: its CPU when every answer is at hand, so that it never waits for one."""
    kept: dict[bytes, Any] = {}
    real = Pool.exchange_on_kept

    def at_hand(pool: Pool, request: bytes, timeout_seconds: float) -> Any:
        target = request.partition(b"X-Amz-Target: ")[2].partition(b"\r\n")[0]
        # What is read is somebody's; a write is answered alike whatever is written.
        asked = request.partition(b"\r\n\r\n")[2] if b"Get" in target else target
        if asked not in kept:
            kept[asked] = real(pool, request, timeout_seconds)
        return kept[asked]

    Pool.exchange_on_kept = at_hand  # type: ignore[method-assign]
    try:
        for _ in PEOPLE:
            subject()
        pair = in_turns(subject, lambda: None, rounds=10, calls=LONG_TURN)
    finally:
        Pool.exchange_on_kept = real  # type: ignore[method-assign]
    return f"With every answer at hand, so that it waits for none, it takes {pair.subject_ms:.3f} ms."


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
    before = _profile_bytes(world, 1)
    pair, ingest = _measured(world, [[1]], ROUNDS)
    calls = _calls_of_batch(world, [[1]])
    ready = _ingesting(world, [[1]], LONG_TURN * 11)
    note = f"Calls: {calls}. Profile item of {before:,} to {_profile_bytes(world, 1):,} bytes. "
    note += _long_turns(ready, lambda: _get_and_put(world))
    return row_of("ingest, lone event ÷ boto3 get + put", pair, 1.0, ingest, note=note)


def _coalesced(world: World) -> Iterator[Row]:
    apart = [[1], [2]] * 5
    pair, ingest = _measured(world, apart, ROUNDS // 4)
    note = f"Calls for all ten: {_calls_of_batch(world, apart)}."
    what = "ingest, each of ten events of two people in ten messages ÷ boto3 get + put"
    yield row_of(what, pair, 0.35, ingest, per=10, note=note)
    together = [[1, 2] * 5]
    pair, ingest = _measured(world, together, ROUNDS // 4)
    yield row_of("the same ten events in one message", pair, 0.35, ingest, per=10)


def _units(world: World) -> Iterator[Row]:
    """Of a third person, whom no other row has touched, brought up to just under 2 KB, and seen today already."""
    _sent(world, [[3] * len(KINDS)])
    _grow_to(world, 3, NEARLY_2_KB)
    stood = _put(_sent(world, [[3]]))
    for count, bound, what in ((1, 7.0, "one lone event"), (5, 4.0, "each of five"), (10, 3.5, "each of ten")):
        sent = _sent(world, [[3] * count])
        writes, before = [body for operation, body in sent if operation == "TransactWriteItems"], stood
        items = list((stood := _put(sent)).values())
        units = sum(
            write_units(before.get(pk), item, transactional=True, indexes=(BY_FACET, BY_DUE, BY_SEGMENT))
            for pk, item in stood.items()
        )
        sizes = ", ".join(f"{item_bytes(item):,}" for item in items)
        yield Row(
            what=f"write units, {what}",
            measured=f"{units} units",
            yardstick=f"{count} event{'s'[: count > 1]}",
            ratio=units / count,
            bound=bound,
            note=f"{len(writes)} transaction; its items in bytes: {sizes}.",
        )


def _put(sent: list[tuple[str, dict[str, Any]]]) -> dict[str, Item]:
    """What one batch put, by key."""
    (write,) = (body for operation, body in sent if operation == "TransactWriteItems")
    items = [plain(action["Put"]["Item"]) for action in write["TransactItems"]]
    return {str(item["pk"]): item for item in items}


def _grow_to(world: World, person: int, size_bytes: int) -> None:
    """Give a person more of a past until the profile has that size."""
    days = 3
    while _profile_bytes(world, person) < size_bytes:
        days = days + 7 if days < 600 else 5
        world.applied(world.batch([world.events([person] * 2, at_ms=time.time_ns() // 1_000_000 - days * DAY_MS)]))


def _sent(world: World, messages: list[list[int]]) -> list[tuple[str, dict[str, Any]]]:
    """What one batch sends, to whichever service."""
    batch = world.batch([world.events(people) for people in messages])
    return _listening(lambda: world.applied(batch))


def _listening(action: Action) -> list[tuple[str, dict[str, Any]]]:
    from chalicelib.entrypoints import compose

    apis = [compose.api(service) for service in SERVICES]
    heard: list[tuple[str, dict[str, Any]]] = []
    for api in apis:
        api.on_request.append(lambda operation, body: heard.append((operation, json.loads(body))))
    try:
        action()
    finally:
        for api in apis:
            api.on_request.clear()
    return heard


def _calls_of(action: Action) -> str:
    return _counted(_listening(action))


def _calls_of_batch(world: World, messages: list[list[int]]) -> str:
    return _counted(_sent(world, messages))


def _counted(sent: list[tuple[str, dict[str, Any]]]) -> str:
    counts = Counter(operation for operation, _ in sent)
    return ", ".join(f"{count} × {operation}" for operation, count in sorted(counts.items()))


def _profile_bytes(world: World, person: int) -> int:
    """The size of the profile item that one more event of a person writes."""
    written = next(body for operation, body in _sent(world, [[person]]) if operation == "TransactWriteItems")
    return max(item_bytes(plain(action["Put"]["Item"])) for action in written["TransactItems"])
