"""What stores of past decisions in slices promise, whichever they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.kernel.errors import Unavailable
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.past import DecisionPage, DynamoPast, MemoryPast, PastStore
from chalicelib.store.people import Slice
from chalicelib.store.rows import DecisionRow
from tests.store import rows
from tests.store.backends import Stores

SLICES, TRIES = 3, 5


@pytest.fixture
def past(stores: Stores) -> PastStore:
    if stores.api:
        return DynamoPast(stores.api.call, stores.tables["TABLE_HISTORY"])
    assert isinstance(stores.history, MemoryHistory)
    return MemoryPast(stores.history.decisions)


@dataclass
class Read:
    """What a walk through all slices finds."""

    ids: list[str]
    pages: int


def page_of(past: PastStore, *named: Any, **window: Any) -> DecisionPage:
    """One page, asked for again as a job does: of thousands of calls that fail now and then one fails for good."""
    for _ in range(TRIES - 1):
        try:
            return past.page(*named, **window)
        except Unavailable:
            continue
    return past.page(*named, **window)


def walk(past: PastStore, tenant: str, begins: int = 0, ends: int = 1 << 60, limit: int = 4) -> Read:
    found = Read([], 0)
    for number in range(SLICES):
        after, is_first = "", True
        while is_first or after:
            page = page_of(past, tenant, Slice(number, SLICES), after, begins=begins, ends=ends, limit=limit)
            found.ids += [row.decision_id for row in page.rows]
            found.pages += 1
            after, is_first = page.after, False
    return found


def rows_between(past: PastStore, tenant: str, begins: int, ends: int) -> list[DecisionRow]:
    """Those of the only slice. The table is everybody's, so it may take pages to come to them."""
    page = page_of(past, tenant, Slice(0, 1), "", begins=begins, ends=ends, limit=100_000)
    found = list(page.rows)
    while page.after:
        page = page_of(past, tenant, Slice(0, 1), page.after, begins=begins, ends=ends, limit=100_000)
        found += page.rows
    return found


def test_page__all_slices__hold_each_decision_once(stores: Stores, past: PastStore, tenant: str) -> None:
    """Slices together hold every decision of the tenant once, about nobody known too, and no event or other row."""
    kept = [
        replace(rows.decision(tenant, f"d{number}"), profile_id="p_1" if number % 2 else "") for number in range(20)
    ]
    for one in (*kept, rows.decision(tenant + "x", "d_theirs")):
        assert stores.history.record(one)
    found = walk(past, tenant)
    assert sorted(found.ids) == sorted(one.decision_id for one in kept)
    assert found.pages > SLICES


def test_page__window__begins_with_its_first_instant_and_ends_before_its_last(
    stores: Stores, past: PastStore, tenant: str
) -> None:
    """Decisions are of a window from an instant up to and without another, whole with inputs and outcome."""
    kept = [replace(rows.decision(tenant, f"d{at}"), at=at, inputs=b"in") for at in (99, 100, 199, 200)]
    for one in kept:
        stores.history.record(one)
    assert sorted(walk(past, tenant, 100, 200).ids) == ["d100", "d199"]
    assert rows_between(past, tenant, 100, 101) == [kept[1]]
