"""How long the question after a breach takes: 100,000 sights on DynamoDB Local, 50,000 of one principal.

    python -m tests.bench.exposure [--rows 100000]

Prints figures; nothing here is asserted, because it measures a machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from chalicelib.aws.json_api import JsonApi
from chalicelib.flows.note_read import Seen, note_read
from chalicelib.flows.read_exposure import ExposureQuestion, ExposureView, read_exposure
from chalicelib.kernel.moments import DAY_MS
from chalicelib.privacy.fields import FIELDS
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import record_item
from chalicelib.store.items import typed
from chalicelib.store.memory import MemoryHistory
from infra import dynamodb_local
from tests.store.backends import on_dynamodb

TENANT, START = "t_bench", 1_760_000_000_000
PEOPLE = 20_000
PAGE = 25


def sights(rows: int) -> Iterator[tuple[Seen, int]]:
    """Half of them one principal's, the others' of nine; each shows a profile of forty fields."""
    traits = tuple(f"traits.{name}" for name in sorted(FIELDS)[:25])
    shown = (*traits, *(f"measures.m{n}" for n in range(10)), "identifiers.phone", "identifiers.user_id", "tags.vip")
    for number in range(rows):
        principal = "anna" if number % 2 else f"agent-{number % 9}"
        purpose = "service" if number % 7 else "security"
        clear = number % 50 == 1
        people = (f"p_{number * 7 % PEOPLE:05}",)
        classes = ("internal", "personal", "sensitive")
        yield Seen(principal, "agent", "profiles.read", people, purpose, classes, shown, clear), START + number * 500


def fill(history: DynamoHistory, api: JsonApi, table: str, rows: int) -> None:
    """As ``note_read`` writes them, in batches: writing is not what is measured."""
    kept = MemoryHistory()
    for seen, at in sights(rows):
        note_read(TENANT, seen, kept, at)
    waiting: list[dict[str, Any]] = [
        {"PutRequest": {"Item": typed(record_item(one))}}
        for one in kept.kept_records.values()
        if not one.kind.startswith("seenof.")
    ]
    for start in range(0, len(waiting), PAGE):
        api.call("BatchWriteItem", {"RequestItems": {table: waiting[start : start + PAGE]}})


def asked(history: DynamoHistory, question: ExposureQuestion) -> tuple[ExposureView, float]:
    """The answer, and the seconds that it took."""
    begun = time.perf_counter()
    view = read_exposure(TENANT, question, (20, ""), history, START + 10 * DAY_MS)
    return view, time.perf_counter() - begun


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with dynamodb_local.running() as running:
        stores = on_dynamodb("dynamodb_local", running.endpoint, dynamodb_local.create_tables(running))
        assert stores.api is not None and isinstance(stores.history, DynamoHistory)
        fill(stores.history, stores.api, stores.tables["TABLE_HISTORY"], rows)
        hour = ExposureQuestion("anna", "2025-10-09T12:00:00Z", "2025-10-09T13:00:00Z")
        for name, question in (("everything", ExposureQuestion("anna")), ("one hour", hour)):
            view, seconds = asked(stores.history, question)
            print(f"{name}: {view.reads} of {rows} sights, {view.people} people, {seconds:.1f} s")
            print(f"  classes {view.classes}")


if __name__ == "__main__":
    main()
