"""Which profiles are due: what every store promises of it."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from chalicelib.store import timers
from chalicelib.store.rows import DUE_SHARDS, Due, ProfileRow, due_shard
from tests.store import rows
from tests.store.backends import Stores

LATER = rows.AT + 60_000


def save(stores: Stores, *people: tuple[ProfileRow, int]) -> None:
    for row, replaces in people:
        assert stores.profiles.save(rows.change(row.tenant, (row, replaces))).saved


def all_due(stores: Stores, tenant: str, until: int) -> list[Due]:
    """Of this test's tenant: the table is shared."""
    pages = (page for shard in range(DUE_SHARDS) for page in stores.timers.due(shard, until=until))
    return sorted((one for page in pages for one in page if one.tenant == tenant), key=lambda one: one.due_at)


def settled(stores: Stores, tenant: str, until: int, expected: Iterable[Due]) -> None:
    """The index follows a moment later."""
    wanted = sorted(expected, key=lambda one: one.due_at)
    for _ in range(50):
        if all_due(stores, tenant, until) == wanted:
            return
        time.sleep(0.02)
    assert all_due(stores, tenant, until) == wanted


def test_due__profiles_saved_with_an_instant__found_from_then_on(stores: Stores, tenant: str) -> None:
    """Who is due later, or never, is not found yet."""
    save(
        stores,
        (rows.profile(tenant, "p_now", due_at=rows.AT), 0),
        (rows.profile(tenant, "p_later", due_at=LATER), 0),
        (rows.profile(tenant, "p_never"), 0),
    )
    settled(stores, tenant, rows.AT - 1, [])
    settled(stores, tenant, rows.AT, [Due(tenant, "p_now", rows.AT)])
    settled(stores, tenant, LATER, [Due(tenant, "p_now", rows.AT), Due(tenant, "p_later", LATER)])


def test_due__is_read_back_with_the_profile__as_it_was_saved(stores: Stores, tenant: str) -> None:
    """A save keeps when the profile is due, and one without it takes it out of the index."""
    row = rows.profile(tenant, due_at=rows.AT)
    save(stores, (row, 0))
    assert stores.profiles.load(tenant, ["p_1"], fresh=True) == {"p_1": row}
    erased = replace(row, version=2, due_at=0, body=b"", state="erased")
    save(stores, (erased, 1))
    assert stores.profiles.load(tenant, ["p_1"], fresh=True) == {"p_1": erased}
    settled(stores, tenant, LATER, [])


@pytest.mark.parametrize("following", [0, LATER])
def test_settle__as_it_was_read__moves_the_instant_and_nothing_else(
    stores: Stores, tenant: str, following: int
) -> None:
    """Only when it is due changes: the version is that of the last save."""
    row = rows.profile(tenant, due_at=rows.AT)
    save(stores, (row, 0))
    assert stores.timers.settle(row, following)
    assert stores.profiles.load(tenant, ["p_1"], fresh=True) == {"p_1": replace(row, due_at=following)}
    settled(stores, tenant, rows.AT, [])
    settled(stores, tenant, LATER, [Due(tenant, "p_1", following)] if following else [])


def test_settle__never_due__can_be_armed(stores: Stores, tenant: str) -> None:
    """A profile that nothing waited for can be given an instant without a save."""
    row = rows.profile(tenant)
    save(stores, (row, 0))
    assert stores.timers.settle(row, LATER)
    settled(stores, tenant, LATER, [Due(tenant, "p_1", LATER)])


def test_settle__saved_or_settled_meanwhile__is_refused(stores: Stores, tenant: str) -> None:
    """Who decided by an older state may not say when it is due next."""
    row = rows.profile(tenant, due_at=rows.AT)
    save(stores, (row, 0), (replace(row, version=2), 1))
    assert not stores.timers.settle(row, 0)
    assert stores.timers.settle(replace(row, version=2), LATER)
    assert not stores.timers.settle(replace(row, version=2), 0)
    assert stores.profiles.load(tenant, ["p_1"], fresh=True)["p_1"].due_at == LATER


def test_due__more_than_a_page__each_once_and_in_order(
    stores: Stores, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard is read to its end."""
    monkeypatch.setattr(timers, "PAGE", 2)
    names = [name for name in (f"p_{number}" for number in range(200)) if due_shard(name) == 3][:7]
    save(stores, *((rows.profile(tenant, name, due_at=rows.AT + place), 0) for place, name in enumerate(names)))
    expected = [Due(tenant, name, rows.AT + place) for place, name in enumerate(names)]
    settled(stores, tenant, LATER, expected)
    found = [one for page in stores.timers.due(3, until=LATER) for one in page if one.tenant == tenant]
    assert found == expected
