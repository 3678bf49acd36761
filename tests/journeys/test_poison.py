"""A poison message harms only itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

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


@pytest.fixture
def impatient_queue(live: Live) -> Iterator[str]:
    """The events queue, trying a failed message again after seconds instead of minutes."""
    queues, url = live.aws("sqs"), live.cloud.outputs["EventsQueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "RedrivePolicy" in attributes, "the deployed queue has no dead letters: what fails would come back for ever"
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    yield url
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": attributes["VisibilityTimeout"]})


def test_queue__unreadable_message_among_others__ends_dead_and_harms_none(live: Live, impatient_queue: str) -> None:
    """A message that ingestion cannot open goes to the dead letters or the quarantine; all others pass."""
    before = live.counts()
    body = json.dumps({"tenant": live.tenant.tenant_id, "sealed": "bm90IHNlYWxlZA=="})
    live.aws("sqs").send_message(QueueUrl=impatient_queue, MessageBody=body)
    user = unique("poison")
    bought = {"amount": "10.00", "currency": "CNY"}
    with Doors(live.access) as doors:
        doors.send([sending("order.paid", user, data=bought | {"order_id": unique("o")}) for _ in range(3)])
    counts = wait_until_accounted(live.counts, 3 + 1, stall_seconds=120.0)
    assert counts.applied == 3
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == 3
    assert counts.quarantined + counts.dead_messages - before.dead_messages == 1
