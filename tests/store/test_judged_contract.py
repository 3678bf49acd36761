"""What writing of what models say, and lists of members, promise in every store."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from chalicelib.store.judged import DynamoJudged, JudgedStore, MemoryJudged
from chalicelib.store.memory import MemoryProfiles
from tests.store import rows
from tests.store.backends import Stores

VALUE, ORDINARY = "customers.value", "customers.ordinary"


@pytest.fixture
def judged(stores: Stores) -> JudgedStore:
    if stores.api:
        return DynamoJudged(stores.api.call, stores.tables["TABLE_PROFILES"])
    assert isinstance(stores.profiles, MemoryProfiles)
    return MemoryJudged(stores.profiles)


def test_settle__as_it_was_read__writes_and_makes_no_version(stores: Stores, judged: JudgedStore, tenant: str) -> None:
    """What is judged is written, moved and emptied; of a row that was saved since nothing is."""
    row = rows.profile(tenant, due_at=7)
    stores.profiles.save(rows.change(tenant, (row, 0)))
    for said, segment in ((b"one", VALUE), (b"two", ORDINARY), (b"three", ""), (b"", "")):
        made = replace(row, judged=said, segment=segment)
        assert judged.settle(row, made)
        assert stores.profiles.load(tenant, ["p_1"], fresh=True)["p_1"] == made
    stores.profiles.save(rows.change(tenant, (replace(row, version=2), 1)))
    assert not judged.settle(row, replace(row, judged=b"late", segment=VALUE))
    assert stores.profiles.load(tenant, ["p_1"], fresh=True)["p_1"].judged == b""


def test_members__page_by_page__are_all_of_a_segment_once(stores: Stores, judged: JudgedStore, tenant: str) -> None:
    """A save puts people in, too; those of other segments and tenants are not listed."""
    for number in range(30):
        row = replace(rows.profile(tenant, f"p_{number}"), segment=VALUE if number % 3 else ORDINARY, judged=b"x")
        stores.profiles.save(rows.change(tenant, (row, 0)))
    wanted = {f"p_{number}" for number in range(30) if number % 3}
    found: list[str] = []
    for _ in range(50):
        found, after = [], ""
        while True:
            page = judged.members(tenant, VALUE, after, limit=7)
            found, after = [*found, *page.profile_ids], page.after
            if not after:
                break
        if set(found) == wanted:
            break
        # The index follows a moment later.
        time.sleep(0.05)
    assert sorted(found) == sorted(wanted)
    assert judged.members(tenant + "x", VALUE, "", limit=7).profile_ids == ()
