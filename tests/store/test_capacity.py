"""What a write costs, by DynamoDB's published rules; Amazon's own local edition says the same of what it can count."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chalicelib.store.capacity import BY_FACET, Counted, item_bytes, size_units, write_units
from tests.store.backends import Stores

CASES = json.loads((Path(__file__).parents[1] / "cases" / "capacity.json").read_text("utf-8"))
_numbers = count()


def item_of(written: Mapping[str, Any] | None) -> Counted | None:
    """An item as the tables of cases write it."""
    return None if written is None else {name: _value(one) for name, one in written.items()}


def _value(one: Any) -> Any:
    if not isinstance(one, dict):
        return one
    if "number" in one:
        return Decimal(one["number"])
    return bytes(one["zero_bytes"]) if "zero_bytes" in one else "x" * one["letters"]


@pytest.mark.parametrize("case", CASES["sizes"], ids=lambda case: case["why"])
def test_units__of_a_size__each_started_kib(case: dict[str, int]) -> None:
    """A unit is a KiB that was begun, and nothing is free."""
    assert size_units(case["bytes"]) == case["units"]


@pytest.mark.parametrize("case", CASES["items"], ids=lambda case: case["why"])
def test_item_bytes__counts_names_and_values__as_the_service_does(case: dict[str, Any]) -> None:
    """UTF-8 of names and values, raw bytes, and numbers by pairs of their significant digits."""
    item = item_of(case["item"])
    assert item is not None and item_bytes(item) == case["bytes"]


@pytest.mark.parametrize("case", CASES["writes"], ids=lambda case: case["why"])
def test_write_units__of_what_was_and_what_is__alone_and_in_a_transaction(case: dict[str, Any]) -> None:
    """The larger of the two, twice in a transaction, and the index's own writes."""
    before, after = item_of(case["before"]), item_of(case["after"])
    assert write_units(before, after, transactional=False, indexes=(BY_FACET,)) == case["alone"]
    assert write_units(before, after, transactional=True, indexes=(BY_FACET,)) == case["in_transaction"]


@pytest.mark.parametrize("case", [one for one in CASES["items"] if one["bytes"]], ids=lambda case: case["why"])
def test_item_bytes__beside_amazons_own_count__no_byte_more_or_less(on_local: Stores, case: dict[str, Any]) -> None:
    """Filled up to a full KiB an item costs one unit, and with one byte more two."""
    item = {name: value for name, value in (item_of(case["item"]) or {}).items() if value not in (None, "", b"")}
    for beyond, units in ((0, 1), (1, 2)):
        whole = {**item, "pk": f"capacity{next(_numbers):06}"}
        whole["filler"] = "x" * (1024 + beyond - item_bytes(whole) - len("filler"))
        assert _consumed(on_local, "PutItem", "keys", Item=_typed(whole)) == units


@pytest.mark.parametrize("case", CASES["writes"], ids=lambda case: case["why"])
def test_write_units__beside_amazons_own_count__the_same(on_local: Stores, case: dict[str, Any]) -> None:
    """Table and index together, for writes outside transactions, which the local edition counts rightly."""
    before, after = item_of(case["before"]), item_of(case["after"])
    if before and before == after:
        pytest.skip("a condition check exists in transactions only")
    long = len(str((after or before or {}).get("pk", "")))
    pk = f"{next(_numbers):06}" + "x" * (long - 6)
    if before:
        _consumed(on_local, "PutItem", "history", Item=_typed({**before, "pk": pk}))
    if after:
        consumed = _consumed(on_local, "PutItem", "history", Item=_typed({**after, "pk": pk}))
    else:
        consumed = _consumed(on_local, "DeleteItem", "history", Key={"pk": {"S": pk}})
    assert consumed == case["alone"]


def _consumed(stores: Stores, operation: str, table: str, **body: Any) -> float:
    name = stores.tables[f"TABLE_{table.upper()}"]
    answer = stores.call(operation, TableName=name, ReturnConsumedCapacity="TOTAL", **body)
    return float(answer["ConsumedCapacity"]["CapacityUnits"])


def _typed(item: Counted) -> dict[str, dict[str, str]]:
    kinds = {str: "S", bytes: "B"}
    return {
        name: {kinds.get(type(value), "N"): b64encode(value).decode() if isinstance(value, bytes) else str(value)}
        for name, value in item.items()
    }
