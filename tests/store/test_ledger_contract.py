"""The ledger of erasures, and pages of an erasure: one contract, every store."""

from __future__ import annotations

from chalicelib.store.ledger import DynamoLedger, ErasureLedger, LedgerRow, MemoryLedger
from chalicelib.store.rows import DecisionRow, FacetSecret
from tests.store.backends import Stores


def ledger_of(stores: Stores) -> ErasureLedger:
    return MemoryLedger() if stores.api is None else DynamoLedger(stores.api.call, stores.tables["TABLE_KEYS"])


def test_ledger__entry_kept_twice__is_one_and_the_first(stores: Stores, tenant: str) -> None:
    """An erasure that is gone on with writes its entry again, and changes nothing."""
    ledger = ledger_of(stores)
    first = LedgerRow(tenant, "era_1", 5, b"one")
    ledger.keep(first)
    ledger.keep(LedgerRow(tenant, "era_1", 9, b"other"))
    ledger.keep(LedgerRow(tenant, "era_2", 7, b"two"))
    mine = sorted((one for one in ledger.entries() if one.tenant == tenant), key=lambda one: one.erasure_id)
    assert mine == [first, LedgerRow(tenant, "era_2", 7, b"two")]


def test_ledger__beside_secrets__neither_is_taken_for_the_other(stores: Stores, tenant: str) -> None:
    """Both stand in one table: the ledger lists no secret, and no entry is a facet's secret."""
    ledger = ledger_of(stores)
    ledger.keep(LedgerRow(tenant, "era_1", 5, b"one"))
    secret = FacetSecret(b"s" * 32, b"c" * 16, 1, 1)
    stores.secrets.create(tenant, "user_id:a", secret)
    assert [one.erasure_id for one in ledger.entries() if one.tenant == tenant] == ["era_1"]
    assert stores.secrets.secrets(tenant, ["user_id:a"]) == {"user_id:a": secret}


def test_forget_decisions__page_by_page__counts_each_once(stores: Stores, tenant: str) -> None:
    """A page is as large as asked; the last look finds none; another profile's stay."""
    for number in range(5):
        stores.history.record(DecisionRow(tenant, f"d{number}", "p_1", number, b"{}", 1 << 50))
    stores.history.record(DecisionRow(tenant, "other", "p_2", 1, b"{}", 1 << 50))
    assert [stores.history.forget_decisions(tenant, "p_1", at_most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert stores.history.decision(tenant, "other") is not None
