"""What counters with a limit promise, in memory and on DynamoDB."""

from __future__ import annotations

from threading import Thread

import pytest

from chalicelib.kernel.moments import HOUR_MS
from chalicelib.store.quotas import DynamoQuotas, MemoryQuotas, QuotaStore
from tests.flows.world import NOW
from tests.store.backends import Stores


@pytest.fixture
def quotas(stores: Stores) -> QuotaStore:
    return DynamoQuotas(stores.api.call, stores.tables["TABLE_HISTORY"]) if stores.api else MemoryQuotas()


def test_quota__taken__up_to_its_limit_and_no_more(quotas: QuotaStore, tenant: str) -> None:
    """So many of an hour, of a principal, of a tenant; a refusal counts nothing."""
    assert [quotas.take(tenant, "p", most=3, now=NOW) for _ in range(5)] == [True, True, True, False, False]
    assert quotas.take(tenant, "p", most=4, now=NOW), "refusals were not counted"
    assert quotas.take(tenant, "q", most=1, now=NOW)
    assert quotas.take(f"{tenant}x", "p", most=1, now=NOW)
    assert quotas.take(tenant, "p", most=1, now=NOW + HOUR_MS)


def test_quota__taken_by_many_at_once__none_too_many(stores: Stores, quotas: QuotaStore, tenant: str) -> None:
    """Racing calls share one counter: the store decides, not what each has read."""
    if stores.name == "moto":
        pytest.skip("moto is not atomic")
    taken: list[bool] = []

    def take() -> None:
        taken.extend(quotas.take(tenant, "p", most=10, now=NOW) for _ in range(5))

    threads = [Thread(target=take) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert taken.count(True) == 10
