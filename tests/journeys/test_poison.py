"""A poison message harms only itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.demo.doors import Doors
from infra.demo.waiting import wait_until_accounted
from tests.journeys.live import Live, again, segment_items, sending, unique

pytestmark = pytest.mark.deployed

GOOD = 19


def _orders(user_id: str, count: int, **changes: object) -> list[dict[str, object]]:
    data = {"amount": "10.00", "currency": "CNY"}
    made = [
        sending("order.paid", user_id, channel="shop", data=data | {"order_id": unique("o")}, **changes)
        for _ in range(count)
    ]
    return segment_items(made)


def test_batch__one_poison_event__others_are_applied_once(live: Live) -> None:
    """Of a batch with one unacceptable event the rest is applied once, and a second sending adds nothing."""
    user = unique("poison")
    good = _orders(user, GOOD)
    (poison,) = _orders(user, 1)
    poison["timestamp"] = "2099-01-01T00:00:00.000Z"
    for batch in ([*good[:7], poison, *good[7:]], good):
        answer = live.session.post(
            f"{live.cloud.url}/v1/batch", json={"batch": batch}, auth=(live.access.write_key, ""), timeout=30
        )
        assert answer.status_code == 200, answer.text
    counts = live.settle(GOOD + 1)
    assert (counts.applied, counts.quarantined) == (GOOD, 1)
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == GOOD


def test_batch__event_sent_twice_within_it__is_applied_once(live: Live) -> None:
    """A repeat inside one batch is a duplicate and counts as one."""
    user = unique("twice")
    one = sending("order.paid", user, channel="shop", data={"order_id": "o1", "amount": "10.00", "currency": "CNY"})
    assert live.send([one, again(one)]).accepted == {one.id: 2}
    assert live.counts().applied == 1
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == 1


def test_queue__unreadable_message_among_others__ends_dead_and_harms_none(live: Live) -> None:
    """A message that ingestion cannot open goes to the dead letters or the quarantine; all others pass."""
    queues = live.aws("sqs")
    urls = queues.list_queues()["QueueUrls"]
    (events_url,) = [url for url in urls if "RedrivePolicy" in _attributes(queues, url)]
    before = live.counts()
    body = json.dumps({"tenant": live.tenant.tenant_id, "sealed": "bm90IHNlYWxlZA=="})
    queues.send_message(QueueUrl=events_url, MessageBody=body)
    user = unique("poison")
    bought = {"amount": "10.00", "currency": "CNY"}
    with Doors(live.access) as doors:
        doors.send([sending("order.paid", user, data=bought | {"order_id": unique("o")}) for _ in range(3)])
    # The unreadable one is hidden after each try, so its end may take minutes; the others do not wait for it.
    counts = wait_until_accounted(live.counts, 3 + 1, stall_seconds=600.0)
    assert counts.applied == 3
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == 3
    assert counts.quarantined + counts.dead_messages - before.dead_messages == 1


def _attributes(queues: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found
