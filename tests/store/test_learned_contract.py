"""What a store of learned models promises, whichever it is."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from chalicelib.kernel.errors import TooLarge
from chalicelib.store.learned import (
    MOST_MODEL_BYTES,
    DynamoLearned,
    LearnedHead,
    LearnedStore,
    LearnedVersion,
    MemoryLearned,
    SegmentSizes,
)
from tests.store import rows
from tests.store.backends import Stores

LARGEST = random.Random(1).randbytes(MOST_MODEL_BYTES)


@pytest.fixture
def learned(stores: Stores) -> LearnedStore:
    return DynamoLearned(stores.api.call, stores.tables["TABLE_CATALOGUE"]) if stores.api else MemoryLearned()


def version(number: int, id_: str = "customers", model: bytes = b"model") -> LearnedVersion:
    return LearnedVersion("segment", id_, number, "trained", 1, f"run_{number}", rows.AT, "", model, b"{}")


def test_head__of_a_tenant_without_models__is_empty(learned: LearnedStore, tenant: str) -> None:
    """Most tenants have none: that is no error."""
    assert learned.head(tenant) == LearnedHead() and learned.versions(tenant, "customers", limit=5) == []
    assert learned.load(tenant, "customers", 1) is None and learned.sizes(tenant) is None


def test_publish__two_at_once__only_the_first_holds(learned: LearnedStore, tenant: str) -> None:
    """A head takes the place of the one it was made from, and of no other; the same again is the success it was."""
    first = learned.head(tenant).with_published(version(1), rows.AT, "job")
    assert learned.publish(tenant, first) and learned.publish(tenant, first)
    second, rival = (first.with_published(version(number), rows.AT, "job") for number in (2, 3))
    assert learned.publish(tenant, second) and not learned.publish(tenant, rival)
    assert learned.head(tenant) == second and learned.head(tenant + "x") == LearnedHead()
    assert (second.models["customers"].number, second.models["customers"].before) == (2, 1)


def test_keep__a_version__never_changes(learned: LearnedStore, tenant: str) -> None:
    """A number is given once; the same content again is the success it was. Lists leave the models out."""
    for number in (1, 2, 3):
        assert learned.keep(tenant, version(number))
    assert learned.keep(tenant, version(2)) and not learned.keep(tenant, version(2, model=b"another"))
    assert learned.keep(tenant, version(1, "stages"))
    assert learned.load(tenant, "customers", 2) == version(2)
    listed = learned.versions(tenant, "customers", limit=2)
    assert listed == [replace(version(number), model=b"") for number in (3, 2)]


def test_keep__the_largest__comes_back_and_one_byte_more_is_refused(learned: LearnedStore, tenant: str) -> None:
    """A model that an item cannot hold is refused by a code, before anything is written."""
    assert learned.keep(tenant, version(1, model=LARGEST))
    assert learned.load(tenant, "customers", 1) == version(1, model=LARGEST)
    with pytest.raises(TooLarge) as refused:
        learned.keep(tenant, version(2, model=LARGEST + b"x"))
    assert refused.value.code == "model_too_large" and learned.load(tenant, "customers", 2) is None


def test_versions__large_ones__are_all_listed(learned: LearnedStore, tenant: str) -> None:
    """A page of an answer holds one megabyte, which a few large models fill."""
    for number in range(1, 5):
        learned.keep(tenant, version(number, model=LARGEST))
    assert [one.number for one in learned.versions(tenant, "customers", limit=9)] == [4, 3, 2, 1]


def test_rolled_back__in_one_write__names_what_was_withdrawn(learned: LearnedStore, tenant: str) -> None:
    """The version before is in force again; published anew, it is withdrawn no more."""
    head = learned.head(tenant)
    for number in (1, 2):
        head = head.with_published(version(number), rows.AT, "job")
        learned.publish(tenant, head)
    back = head.rolled_back("customers", 1, rows.AT, "somebody")
    assert learned.publish(tenant, back)
    entry = learned.head(tenant).models["customers"]
    assert (entry.number, entry.before, entry.withdrawn, entry.by) == (1, 0, (2,), "somebody")
    again = back.with_published(version(2), rows.AT, "job").models["customers"]
    assert (again.number, again.before, again.withdrawn) == (2, 1, ())


def test_sizes__kept__replace_the_last(learned: LearnedStore, tenant: str) -> None:
    """Only what was counted last is of interest."""
    for people in (5, 7):
        learned.keep_sizes(tenant, SegmentSizes("run", rows.AT, people, {"customers.value": people}))
    found = learned.sizes(tenant)
    assert found is not None and (found.people, found.counts) == (7, {"customers.value": 7})
