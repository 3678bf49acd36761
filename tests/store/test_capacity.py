"""What a write costs, by DynamoDB's published rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.store.capacity import index_units, item_bytes, write_units

CASES = json.loads((Path(__file__).parents[1] / "cases" / "capacity.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["writes"], ids=lambda case: case["why"])
def test_units__of_a_size__each_started_kib_and_double_in_a_transaction(case: dict[str, int]) -> None:
    """An index entry is written outside the transaction, so that it is never doubled."""
    size = case["bytes"]
    assert write_units(size, transactional=False) == case["alone"]
    assert write_units(size, transactional=True) == case["in_transaction"]
    assert index_units(size) == case["index_entry"]


@pytest.mark.parametrize("case", CASES["items"], ids=lambda case: case["why"])
def test_item_bytes__counts_names_and_values__as_the_service_does(case: dict[str, Any]) -> None:
    """UTF-8 of names and values; a number is half its significant digits and one; what is left out costs nothing."""
    item = {name: bytes(one["zero_bytes"]) if isinstance(one, dict) else one for name, one in case["item"].items()}
    assert item_bytes(item) == case["bytes"]
