"""What a count has come to: one contract on every store."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from chalicelib.kernel.errors import Unavailable
from chalicelib.store.counts import (
    PART_BYTES,
    CountStore,
    DynamoCounts,
    DynamoGroupTags,
    GroupTagStore,
    Kept,
    MemoryCounts,
)
from tests.store import rows
from tests.store.backends import Stores


@pytest.fixture
def counts(stores: Stores) -> CountStore:
    return DynamoCounts(stores.api.call, stores.tables["TABLE_HISTORY"]) if stores.api else MemoryCounts()


@pytest.fixture
def group_tags(stores: Stores) -> GroupTagStore:
    return DynamoGroupTags(stores.api.call, stores.tables["TABLE_CATALOGUE"]) if stores.api else MemoryCounts()


def kept(content: bytes = b"content", version: int = 1) -> Kept:
    return Kept("range/1.1/0", version, content, rows.EXPIRES)


def test_value__that_was_kept__is_read_as_it_was_written(counts: CountStore, tenant: str) -> None:
    """A value comes back whole; another tenant's does not come."""
    assert counts.load(tenant, "range/1.1/0") is None
    assert counts.keep(tenant, kept())
    assert counts.load(tenant, "range/1.1/0") == kept()
    assert counts.load("t_other", "range/1.1/0") is None


def test_value__of_another_version__is_not_overwritten(counts: CountStore, tenant: str) -> None:
    """Who read before somebody else wrote does not undo it; who repeats a lost answer is told that it is kept."""
    assert counts.keep(tenant, kept())
    assert counts.keep(tenant, kept())
    assert not counts.keep(tenant, kept(b"other"))
    assert counts.keep(tenant, kept(b"next", 2))
    assert not counts.keep(tenant, kept(b"late", 2))
    assert not counts.keep(tenant, kept(b"ahead", 9))
    assert counts.load(tenant, "range/1.1/0") == kept(b"next", 2)


def test_value__larger_than_an_item__comes_back_whole(counts: CountStore, tenant: str) -> None:
    """What one item cannot hold is kept in parts, and a loser's parts harm nobody."""
    drawn = random.Random(5)
    large, other = (drawn.randbytes(2 * PART_BYTES + 7) for _ in range(2))
    assert counts.keep(tenant, kept(large))
    assert not counts.keep(tenant, kept(other))
    assert counts.load(tenant, "range/1.1/0") == kept(large)
    assert counts.keep(tenant, kept(b"small", 2))
    assert counts.load(tenant, "range/1.1/0") == kept(b"small", 2)


def test_value__that_lost_a_part__is_not_read_as_less(dynamodb: Stores, tenant: str) -> None:
    """Half of a value is no value: the reader is told to try again."""
    assert dynamodb.api is not None
    table = dynamodb.tables["TABLE_HISTORY"]
    counts = DynamoCounts(dynamodb.api.call, table)
    counts.keep(tenant, kept(random.Random(6).randbytes(PART_BYTES + 1)))
    item = dynamodb.call("GetItem", TableName=table, Key={"pk": {"S": f"{tenant}#c#range/1.1/0"}})["Item"]
    part = f"{tenant}#c#range/1.1/0#{item['digest']['S']}.1"
    dynamodb.call("DeleteItem", TableName=table, Key={"pk": {"S": part}})
    with pytest.raises(Unavailable):
        counts.load(tenant, "range/1.1/0")


def test_group_tags__written__is_the_tenants_own(group_tags: GroupTagStore, tenant: str) -> None:
    """One small value per tenant, replaced as a whole."""
    assert group_tags.group_tags(tenant) is None
    group_tags.keep_group_tags(tenant, b"first")
    group_tags.keep_group_tags(tenant, b"second")
    assert group_tags.group_tags(tenant) == b"second" and group_tags.group_tags("t_other") is None


def test_kept__is_a_value() -> None:
    """Equal values are equal, whoever made them."""
    assert replace(kept(), version=2) != kept() == kept()
