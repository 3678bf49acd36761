"""What the store of queues' settings promises, in memory and on DynamoDB."""

from __future__ import annotations

import pytest

from chalicelib.desk.declaration import Relaxing
from chalicelib.desk.model import Shift
from chalicelib.desk.queues import AS_DECLARED, QueueSettings
from chalicelib.store.queue_settings import DynamoQueues, MemoryQueues, QueueStore, SetQueue, settings_of
from tests.flows.world import NOW
from tests.store.backends import Stores


@pytest.fixture
def queues(stores: Stores) -> QueueStore:
    return DynamoQueues(stores.api.call, stores.tables["TABLE_DESK"]) if stores.api else MemoryQueues()


def test_settings__put__are_read_back_whole_and_by_their_tenant_alone(queues: QueueStore, tenant: str) -> None:
    """Every field; the later of two wins; another tenant has none."""
    whole = QueueSettings(True, (Shift((0, 6), 0, 1440),), ("general",), 5, 50, Relaxing(1, None, 3))
    queues.put_queue(tenant, "vip", SetQueue(whole, NOW, "lead-1"))
    queues.put_queue(tenant, "general", SetQueue(QueueSettings(closed=True), NOW, "lead-1"))
    queues.put_queue(tenant, "general", SetQueue(AS_DECLARED, NOW + 1, "lead-2"))
    kept = queues.queues(tenant)
    assert kept == {"vip": SetQueue(whole, NOW, "lead-1"), "general": SetQueue(AS_DECLARED, NOW + 1, "lead-2")}
    assert settings_of(kept) == {"vip": whole}
    assert queues.queues(f"{tenant}x") == {}
