"""Pairs under review, and whole tables: one contract on every store."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.privacy.tenants import Tenant
from chalicelib.store.memory import MemoryProfiles
from chalicelib.store.proposals import DynamoProposals, MemoryProposals, ProposalRow, ProposalStore
from chalicelib.store.scan import DynamoScan, MemoryScan, ProfileScan, tenant_ids
from tests.store import rows
from tests.store.backends import Stores


@pytest.fixture
def proposals(stores: Stores) -> ProposalStore:
    return DynamoProposals(stores.api.call, stores.tables["TABLE_HISTORY"]) if stores.api else MemoryProposals()


def pair(tenant: str, pair_id: str = "pm_1", *, at: int = rows.AT, content: bytes = b"content") -> ProposalRow:
    return ProposalRow(tenant, pair_id, "p_1", "p_2", at, "open", content, rows.EXPIRES)


def test_proposal__kept__is_read_as_it_was_written(proposals: ProposalStore, tenant: str) -> None:
    """A pair comes back whole; one that was never kept does not come."""
    assert proposals.keep(pair(tenant), None)
    assert proposals.load(tenant, ["pm_1", "pm_none"]) == {"pm_1": pair(tenant)}


def test_proposal__of_another_state__is_not_overwritten(proposals: ProposalStore, tenant: str) -> None:
    """A run that read before somebody decided does not undo the decision."""
    proposals.keep(pair(tenant), None)
    rejected = replace(pair(tenant), state="rejected", content=b"no")
    assert proposals.keep(rejected, "open")
    assert not proposals.keep(pair(tenant, content=b"newer"), "open")
    assert not proposals.keep(pair(tenant, content=b"newer"), None)
    assert proposals.load(tenant, ["pm_1"]) == {"pm_1": rejected}


def test_proposals__newest__are_open_ones_of_the_tenant_in_order(proposals: ProposalStore, tenant: str) -> None:
    """The list has open pairs only, newest first; an instant comes whole."""
    kept = [pair(tenant, f"pm_{number}", at=rows.AT + number // 2) for number in range(6)]
    for row in kept:
        proposals.keep(row, None)
    proposals.keep(pair("t_other", "pm_9"), None)
    proposals.keep(replace(kept[5], state="withdrawn"), "open")
    newest = proposals.newest(tenant, before=rows.AT + 100, limit=10)
    assert [row.pair_id for row in newest] == ["pm_4", "pm_3", "pm_2", "pm_1", "pm_0"]
    assert [row.pair_id for row in proposals.newest(tenant, before=rows.AT + 2, limit=1)] == ["pm_3", "pm_2"]


def test_scan__of_a_tenant__has_its_active_profiles(stores: Stores, tenant: str) -> None:
    """Every active profile comes once; redirects, identifiers and other tenants' people do not."""
    for number in range(3):
        stores.profiles.save(rows.change(tenant, (rows.profile(tenant, f"p_{number}"), 0)))
    merged = replace(rows.profile(tenant, "p_merged"), state="merged", merged_into="p_1", body=b"")
    stores.profiles.save(rows.change(tenant, (merged, 0)))
    stores.profiles.save(rows.change("t_other", (rows.profile("t_other", tenant), 0)))
    found = [one for page in scan_of(stores).pages(tenant) for one in page]
    assert sorted(found) == ["p_0", "p_1", "p_2"]


def test_scan__of_several_pages__goes_on(dynamodb: Stores, tenant: str) -> None:
    """A table of more than one page is read to its end."""
    for number in range(4):
        large = rows.profile(tenant, f"p_{number}", body=b"x" * 350_000)
        dynamodb.profiles.save(rows.change(tenant, (large, 0)))
    assert sorted(one for page in scan_of(dynamodb).pages(tenant) for one in page) == ["p_0", "p_1", "p_2", "p_3"]


def test_tenants__all_of_them__are_listed(dynamodb: Stores, tenant: str) -> None:
    """The nightly job finds every tenant, and nothing else of the catalogue."""
    assert dynamodb.api is not None
    dynamodb.catalogue.keep(Tenant(tenant, "n", "UTC", b"i", {1: b"b"}, b"p", b"q", merge_above=0.99))
    found = tenant_ids(dynamodb.api.call, dynamodb.tables["TABLE_CATALOGUE"])
    assert tenant in found and found == sorted(set(found))
    assert not [one for one in found if "#" in one]


def scan_of(stores: Stores) -> ProfileScan:
    if stores.api is not None:
        return DynamoScan(stores.api.call, stores.tables["TABLE_PROFILES"])
    assert isinstance(stores.profiles, MemoryProfiles)
    return MemoryScan(stores.profiles.rows)
