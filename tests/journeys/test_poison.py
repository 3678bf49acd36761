"""A poison message harms only itself."""

from __future__ import annotations

import json

import pytest

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
    counts = live.settle(2 * GOOD + 1)
    assert (counts.applied, counts.duplicate, counts.quarantined + counts.dead) == (GOOD, GOOD, 1)
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == GOOD


def test_batch__event_sent_twice_within_it__is_applied_once(live: Live) -> None:
    """A repeat inside one batch is a duplicate and counts as one."""
    user = unique("twice")
    one = sending("order.paid", user, channel="shop", data={"order_id": "o1", "amount": "10.00", "currency": "CNY"})
    live.send([one, again(one)])
    counts = live.counts()
    assert (counts.applied, counts.duplicate) == (1, 1)


def test_queue__unreadable_message_among_others__ends_dead_and_harms_none(live: Live) -> None:
    """A message that ingestion cannot open leaves the queue for the dead letters or the quarantine; others pass."""
    queues = live.aws("sqs")
    urls = queues.list_queues().get("QueueUrls", [])
    (events_url,) = [url for url in urls if _has_redrive(queues, url) and "vent" in url.rpartition("/")[2]]
    dead_url = _dead_letters_of(queues, events_url, urls)
    user = unique("poison")
    before = _waiting(queues, dead_url)
    queues.send_message(
        QueueUrl=events_url, MessageBody=json.dumps({"tenant": live.tenant.tenant_id, "sealed": "bm90IHNlYWxlZA=="})
    )
    live.send(
        [
            sending(
                "order.paid", user, channel="shop", data={"order_id": unique("o"), "amount": "10.00", "currency": "CNY"}
            )
            for _ in range(3)
        ]
    )
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == 3
    # Redelivery waits for the visibility timeout, so dead letters may take minutes.
    ended = wait_until_accounted(
        lambda: _with_dead(live, _waiting(queues, dead_url) - before), 4, stall_seconds=420.0, pause_seconds=3.0
    )
    assert ended.accounted >= 4, "the unreadable message is neither quarantined nor among the dead letters"


def _with_dead(live: Live, dead: int):  # noqa: ANN202 - a local shape
    counts = live.counts()
    return type(counts)(
        applied=counts.applied, duplicate=counts.duplicate, quarantined=counts.quarantined, dead=max(dead, counts.dead)
    )


def _has_redrive(queues: object, url: str) -> bool:
    return bool(_attributes(queues, url).get("RedrivePolicy"))


def _dead_letters_of(queues: object, url: str, urls: list[str]) -> str:
    name = json.loads(_attributes(queues, url)["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
    return next(each for each in urls if each.rpartition("/")[2] == name)


def _waiting(queues: object, url: str) -> int:
    found = _attributes(queues, url)
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def _attributes(queues, url: str) -> dict[str, str]:  # noqa: ANN001 - boto3's clients are untyped
    return queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
