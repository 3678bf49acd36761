"""The last judgement of a tenant's sources, whichever store keeps it."""

from __future__ import annotations

import pytest

from chalicelib.kernel.texts import Text
from chalicelib.store.health import BELIEVED_MS, DynamoHealth, HealthRecord, HealthStore, MemoryHealth
from chalicelib.tags.health import WELL, Health, MeasureHealth, SourceHealth
from tests.store import rows
from tests.store.backends import Stores

ILL = Health(
    sources={"s_web": SourceHealth("silent", 0.7, rows.AT, Text("静默", "silent"))},
    measures={"contacts": MeasureHealth(0.7, rows.AT, Text("缺", "lacking"))},
)


@pytest.fixture
def kept(stores: Stores) -> HealthStore:
    return DynamoHealth(stores.api.call, stores.tables["TABLE_CATALOGUE"]) if stores.api else MemoryHealth()


def test_health__nobody_judged__all_are_well(kept: HealthStore, tenant: str) -> None:
    """A tenant without a judgement, a new one say, is not doubted."""
    assert kept.health(tenant, rows.AT) == WELL
    assert kept.report(tenant) == b""


def test_health__kept__is_in_force_until_the_next(kept: HealthStore, tenant: str) -> None:
    """The latest judgement counts, and the report behind it is there; another tenant's is another."""
    kept.keep(tenant, HealthRecord(rows.AT, ILL), b"why")
    assert (kept.health(tenant, rows.AT + 1), kept.report(tenant)) == (ILL, b"why")
    assert kept.health(tenant + "x", rows.AT) == WELL
    kept.keep(tenant, HealthRecord(rows.AT + 2, WELL), b"well again")
    assert (kept.health(tenant, rows.AT + 3), kept.report(tenant)) == (WELL, b"well again")


def test_health__old_judgement__is_not_believed(kept: HealthStore, tenant: str) -> None:
    """Were the job to stop, sources would not be doubted for ever."""
    kept.keep(tenant, HealthRecord(rows.AT, ILL), b"why")
    assert kept.health(tenant, rows.AT + BELIEVED_MS) == ILL
    assert kept.health(tenant, rows.AT + BELIEVED_MS + 1) == WELL
