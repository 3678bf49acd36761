"""What a write costs, by DynamoDB's published rules."""

from __future__ import annotations

import pytest

from chalicelib.store.capacity import index_units, item_bytes, write_units


@pytest.mark.parametrize(
    ("size", "single", "within"), [(0, 1, 2), (1, 1, 2), (1024, 1, 2), (1025, 2, 4), (1536, 2, 4), (4096, 4, 8)]
)
def test_write_units__of_a_size__each_started_kib_and_double_in_a_transaction(
    size: int, single: int, within: int
) -> None:
    """A put of 1.5 KB costs 2, and 4 in a transaction."""
    assert write_units(size, transactional=False) == single
    assert write_units(size, transactional=True) == within


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1024, 1), (1025, 2)])
def test_index_units__of_an_entry__never_doubled(size: int, units: int) -> None:
    """An index entry is written outside the transaction."""
    assert index_units(size) == units


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({}, 0),
        ({"pk": "abc"}, 5),
        ({"键": "值"}, 6),
        ({"b": b"\x00" * 10}, 11),
        ({"n": 0}, 3),
        ({"n": 7}, 3),
        ({"n": 1_760_000_000_000}, 4),
        ({"n": 1_760_000_000_123}, 9),
        ({"none": None, "text": "", "bytes": b""}, 0),
    ],
)
def test_item_bytes__counts_names_and_values__as_the_service_does(item: dict[str, str], size: int) -> None:
    """UTF-8 of names and values; a number is half its significant digits and one; what is left out costs nothing."""
    assert item_bytes(item) == size
